"""What dashboards ask of the published views, one query for each, and how long it takes.

`python -m tests.benchmarks.dashboards` asks the newest snapshot of a data folder, in one process
and one connection as a dashboard does, and prints one line of JSON: `seconds` of each view, the
median of 3 after one that is not counted, and `rows` of each relation that is published.
"""

import sys
import time
from statistics import median

import orjson

from pipelines.publish.pointer import opened
from pipelines.warehouse import Warehouse

from .questions import Place

RUNS = 3
QUERIES = {
    "activities": """
select date_trunc('month', work_date) as month, timekeeper, sum(hours), sum(billable_amount)
from bi.activities
where work_date >= (select max(work_date) from bi.activities) - interval 12 month
    and practice_area is not null and is_time
group by month, timekeeper order by month, timekeeper""",
    "bills": """
select date_trunc('month', issued_date) as month, state, count(*), sum(total), sum(balance)
from bi.bills where is_revenue group by month, state order by month, state""",
    "collections": """
select date_trunc('month', paid_date) as month, originating_attorney, sum(net_amount)
from bi.collections where is_cash group by month, originating_attorney order by month""",
    "contact_with_custom_fields": """
select country, is_client, count(*), count(columns('cf_.*'))
from bi.contact_with_custom_fields where not is_deleted
group by country, is_client order by 3 desc limit 20""",
    "deadlines": """
select responsible_attorney, rung, count(*), count(flags)
from bi.deadlines where status <> 'done' group by responsible_attorney, rung order by 1, 2""",
    "firm_month": """
select month_start, utilization, realization, collection, wip, ar, total_lockup_days
from bi.firm_month order by month_start desc limit 24""",
    "intake": """
select lead_month, source, count(*), count(*) filter (is_hired), sum(collected)
from bi.intake group by lead_month, source order by lead_month, source""",
    "matter_with_custom_fields": """
select practice_area, status, count(*), count(columns('cf_.*'))
from bi.matter_with_custom_fields where not is_deleted
group by practice_area, status order by 1, 2""",
    "matters": """
select display_number, client_name, responsible_attorney, billed, collected, margin_pct, wip, ar
from bi.matters where status = 'Open' order by wip + ar desc limit 50""",
    "receivables": """
select responsible_attorney, bucket, count(*), sum(balance)
from bi.receivables where month_end = (select max(month_end) from bi.receivables)
group by responsible_attorney, bucket order by 1, 2""",
    "restatement": """
select figure, month_end, cause, amount from bi.restatement order by month_end, figure, cause""",
    "timekeeper_month": """
select timekeeper, sum(billable_hours) / sum(available_hours), sum(billed_event),
    sum(collected_event)
from bi.timekeeper_month
where month_start >= (select max(month_start) from bi.timekeeper_month) - interval 12 month
group by timekeeper order by timekeeper""",
    "trust_reconciliation": """
select account_name, month_end, book, ledgers, status, exceptions
from bi.trust_reconciliation order by month_end desc, account_name limit 50""",
    "work_in_progress": """
select month_end, practice_area, sum(wip_amount), sum(age_91_plus)
from bi.work_in_progress
where month_end >= (select max(month_end) from bi.work_in_progress) - interval 12 month
group by month_end, practice_area order by month_end, practice_area""",
}
"""View of `bi` → what a chart or a list of it asks: a filter, a group, an order."""


class UnaskedViewError(Exception):
    """A view is published for which no query stands here, or the other way round."""


def main() -> None:
    """Ask each view, and print the seconds."""
    with opened(Place.from_environment().folder) as (current, snapshot):
        views = {name.removeprefix("bi.") for name in current.models if name.startswith("bi.")}
        if different := views ^ QUERIES.keys():
            raise UnaskedViewError(", ".join(sorted(different)))
        seconds = {name: _seconds(snapshot, query) for name, query in QUERIES.items()}
    told = {"seconds": seconds, "rows": current.models}
    sys.stdout.write(orjson.dumps(told).decode() + "\n")


def _seconds(snapshot: Warehouse, query: str) -> float:
    """Return the time until the last row is there."""
    taken = []
    for _ in range(1 + RUNS):
        began = time.perf_counter()
        snapshot.rows(query)
        taken.append(time.perf_counter() - began)
    return median(taken[1:])


if __name__ == "__main__":
    main()

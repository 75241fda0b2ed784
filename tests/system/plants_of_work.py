"""Differences of unbilled work, and of the matters that it was done for."""

from decimal import Decimal

from sources.clio_simulator.changes import Change
from sources.clio_simulator.store import Row
from sources.clio_simulator.views import cents
from tests.system.plants import Gap, Ground, Kind, Plant, Sql, md5, money

HERE, GONE, DRAFT = "missing in the warehouse", "deleted", "draft state"
TOLERANCE = "within tolerance"
TENTH = Decimal("0.1")


def work_here(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another worth of work that is on no bill, in the warehouse."""
    activity = ground.unbilled[pick % len(ground.unbilled)]
    matter = activity["matter"]
    query = (
        "update core.fct_activity set billable_amount = billable_amount + ? where activity_id = ?"
    )
    plant = Plant({("matters", matter)}, steps=[Sql(query, (money(amount), activity["id"]))])
    plant.money("billable_matter_amounts", f"matter:{matter}", -amount)
    plant.money("report_work_in_progress", f"matter:{matter}", -amount)
    plant.money("report_matter_balances", f"matter:{matter} work in progress", -amount)
    return plant


def hours_here(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant other hours of work that is on no bill, in the warehouse."""
    timed = [row for row in ground.unbilled if row["type"] == "TimeEntry"]
    activity = timed[pick % len(timed)]
    matter, more = activity["matter"], money(amount) + TENTH
    query = "update core.fct_activity set rounded_hours = rounded_hours + ? where activity_id = ?"
    plant = Plant({("matters", matter)}, steps=[Sql(query, (more, activity["id"]))])
    plant.lines["billable_matter_hours", f"matter:{matter}"] = Gap(amount=-more)
    plant.lines["report_work_hours", f"matter:{matter}"] = Gap(amount=-more)
    return plant


def amount_of_matter(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another unbilled amount of a matter, as it was loaded from Clio."""
    matter = _billable(ground, pick)
    query = (
        "update raw_clio_manage.billable_matters set unbilled_amount = unbilled_amount + ?"
        " where id = ?"
    )
    plant = Plant({("matters", matter)}, steps=[Sql(query, (money(amount), matter))])
    plant.money("billable_matter_amounts", f"matter:{matter}", amount)
    return plant


def rounded_hours(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant unbilled hours that are off by no more than Clio's rounding."""
    matter, step = _billable(ground, pick), Decimal("0.01")
    query = (
        "update raw_clio_manage.billable_matters set unbilled_hours = unbilled_hours + ?"
        " where id = ?"
    )
    plant = Plant({("matters", matter)}, steps=[Sql(query, (step, matter))])
    plant.lines["billable_matter_hours", f"matter:{matter}"] = Gap("", step, TOLERANCE)
    return plant


def drafts_left_out(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant work on a draft that Clio's report of unbilled work does not count."""
    drafts = [row for row in ground.rows("activities") if row["on_bill"] and not row["billed"]]
    matters = sorted({row["matter"] for row in drafts})
    matter = matters[pick % len(matters)]
    mine = [row for row in drafts if row["matter"] == matter]
    plant = Plant({("matters", matter)})
    plant.steps = [
        Change("update", "activities", row["id"], {"billed": True}, silent=True, keep_etag=True)
        for row in mine
    ]
    worth = sum(cents(row["total"]) for row in mine)
    plant.money("report_work_in_progress", f"matter:{matter}", -worth, DRAFT)
    plant.money("report_matter_balances", f"matter:{matter} work in progress", -worth)
    if _hours(mine):
        plant.lines["report_work_hours", f"matter:{matter}"] = Gap(DRAFT, -_hours(mine))
    return plant


def matter_deleted_here(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a matter that is marked as deleted in the warehouse, and its work with it."""
    matters = sorted({row["matter"] for row in ground.unbilled})
    matter = matters[pick % len(matters)]
    plant = _with_bills(ground, matter)
    buried = (
        "insert into meta.tombstones values"
        " ('clio_manage', 'matters', ?, '2000-01-01', 'not found by its id', null)"
    )
    plant.steps = [
        Sql(buried, (str(matter),)),
        Sql("delete from core.fct_activity where matter_id = ?", (matter,)),
    ]
    _unlinked(plant, ground, matter, GONE)
    plant.text("ids", f"matters:{matter}", HERE)
    unbilled = [row for row in ground.unbilled if row["matter"] == matter]
    worth = sum(cents(row["total"]) for row in unbilled)
    plant.money("billable_matter_amounts", f"matter:{matter}", worth, GONE)
    if _hours(unbilled):
        plant.lines["billable_matter_hours", f"matter:{matter}"] = Gap(GONE, _hours(unbilled))
    return _work_lacks(plant, ground, matter, GONE)


def matter_missing_here(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a matter that never arrived, although its work did."""
    busy = {row.get("matter") for row in ground.rows("bank_transactions") if ground.is_trust(row)}
    matters = sorted({row["matter"] for row in ground.unbilled} - busy)
    matter = matters[pick % len(matters)]
    plant = _with_bills(ground, matter)
    plant.steps = [Sql("delete from raw_clio_manage.matters where id = ?", (matter,))]
    plant.text("ids", f"matters:{matter}", HERE)
    _unlinked(plant, ground, matter, "missing in Manage")
    owed = sum(cents(b["balance"]) for b in ground.open_bills if b["matters"][0] == matter)
    named = md5(ground.number(matter))
    plant.money("report_matter_balances", f"matter:{named} outstanding", owed, HERE)
    return _work_lacks(plant, ground, matter, HERE)


def _with_bills(ground: Ground, matter: int) -> Plant:
    bills = [bill["id"] for bill in ground.rows("bills") if bill["matters"][0] == matter]
    return Plant({("matters", matter), *(("bills", key) for key in bills)})


def _work_lacks(plant: Plant, ground: Ground, matter: int, cause: str) -> Plant:
    """Expect that Clio's reports have the work of a matter and the warehouse has none."""
    mine = [row for row in ground.in_progress if row["matter"] == matter]
    worth = sum(cents(row["total"]) for row in mine)
    named = md5(ground.number(matter)) if cause == HERE else matter
    plant.money("report_work_in_progress", f"matter:{named}", worth, cause)
    plant.money("report_matter_balances", f"matter:{named} work in progress", worth, cause)
    if _hours(mine):
        plant.lines["report_work_hours", f"matter:{named}"] = Gap(cause, _hours(mine))
    return plant


def _unlinked(plant: Plant, ground: Ground, matter: int, cause: str) -> None:
    """Expect that a record of Grow is linked to a matter that is not there."""
    query = "select id from raw_clio_grow.matters where clio_id = ?"
    for (grow,) in ground.asked(query, matter):
        plant.text("grow_links", f"grow matter:{grow}", cause)


def _billable(ground: Ground, pick: int) -> int:
    found = ground.asked("select id from raw_clio_manage.billable_matters order by id")
    return int(found[pick % len(found)][0])


def _hours(rows: list[Row]) -> Decimal:
    """Sum the hours as they are billed, of time entries alone."""
    timed = [row for row in rows if row["type"] == "TimeEntry"]
    return sum((Decimal(str(row["rounded_quantity_in_hours"])) for row in timed), Decimal(0))


KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        work_here,
        hours_here,
        amount_of_matter,
        rounded_hours,
        drafts_left_out,
        matter_deleted_here,
        matter_missing_here,
    )
}

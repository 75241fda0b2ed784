"""What the two loads of the demo brought."""

from pathlib import Path

from pipelines.outcome import Outcome, table
from pipelines.warehouse import Warehouse

from .firm import label

WORK = """
select coalesce(m.display_number, '(no matter)') as matter, count(*) as entries,
    round(sum(a.quantity) / 3600, 1) as hours, sum(a.total)::decimal(18, 2) as total
from raw_clio_manage.activities a left join raw_clio_manage.matters m on m.id = a.matter__id
group by all order by total desc nulls last limit 5
"""
LINKED = """
select 'contacts' as record, count(*) as in_grow, count(g.clio_id) as linked, count(m.id) as found
from raw_clio_grow.contacts g left join raw_clio_manage.contacts m on m.id = g.clio_id
union all
select 'matters', count(*), count(g.clio_id), count(m.id)
from raw_clio_grow.matters g left join raw_clio_manage.matters m on m.id = g.clio_id
"""
SAMPLES = """
(select 'contact' as record, g.id as grow, m.id as manage, g.status as in_grow, m.type as in_manage
from raw_clio_grow.contacts g join raw_clio_manage.contacts m on m.id = g.clio_id
order by g.id limit 2)
union all
(select 'matter', g.id, m.id, g.status, m.display_number || ', ' || m.status
from raw_clio_grow.matters g join raw_clio_manage.matters m on m.id = g.clio_id
order by g.id limit 3)
"""
HISTORY = """
select display_number, status, _replaced_at from raw_clio_manage.matters__versions
union all by name select display_number, status from raw_clio_manage.matters
where id in (select id from raw_clio_manage.matters__versions)
order by display_number, _replaced_at nulls last limit 6
"""


def text(folder: Path, first: Outcome, second: Outcome) -> str:
    """Write what both loads brought, and some queries on it."""
    rows = {label(row): row for row in first.results}
    again = {label(row): row for row in second.results}
    names = [name for name, row in rows.items() if row["inserted"]]
    none = {"requests": 0, "inserted": 0, "updated": 0}
    cells = [
        (
            name,
            rows[name]["inserted"],
            rows[name]["requests"],
            again.get(name, none)["inserted"],
            again.get(name, none)["updated"],
            again.get(name, none)["requests"],
        )
        for name in sorted(names)
    ]
    header = ("collection", "rows", "requests", "then new", "then changed", "then requests")
    with Warehouse(folder, read_only=True) as warehouse:
        work = table(("matter", "entries", "hours", "total"), warehouse.rows(WORK))
        history = table(("matter", "status", "replaced at"), warehouse.rows(HISTORY))
        linked = table(("record", "in Grow", "linked", "found"), warehouse.rows(LINKED))
        columns = ("record", "id in Grow", "id in Manage", "in Grow", "in Manage")
        samples = table(columns, [[str(cell) for cell in row] for row in warehouse.rows(SAMPLES)])
    total = [sum(int(cell[at]) for cell in cells) for at in range(1, 6)]
    return "\n".join(
        [
            table(header, [*cells, ("all", *total)]),
            "",
            "Grow's contacts and matters, and how many were found in Manage by their clio_id:",
            linked,
            "",
            samples,
            "",
            "The five matters with the most recorded work:",
            work,
            "",
            "Matters that changed between the loads, before and after:",
            history,
            "",
        ],
    )

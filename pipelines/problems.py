"""Everything that is not known of the data, since when and why, and what mends it.

One list for all that tell of it: `status --problems`, `doctor`, what is published.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pendulum

from .meta import moment
from .state import withheld
from .state.inputs import COMPLETE, NOT_ASKED, OFF
from .warehouse import Warehouse

INPUTS = """
select resource, state, reason, complete_up_to from meta.inputs where source = $1
order by resource
"""
REFUSED = """
select resource, field, status, since from meta.fields
where source = $1 and status in ('refused', 'refused_parameter') order by resource, field
"""
KEPT_OUT = """
select resource, coalesce(field, ''), count(*), min(since) from meta.quarantine where source = $1
group by all order by resource, coalesce(field, '')
"""
CERTIFICATES = """
select resource, status, walked_at from meta.certificates where source = $1
qualify row_number() over (partition by resource order by walked_at desc) = 1
order by resource
"""
PERMISSIONS = {"custom_field_values": "Custom fields", "account_balances": "Accounting"}
"""Columns that need a permission of their own in Clio, by its name there."""


@dataclass(frozen=True)
class Problem:
    """One thing that is not known: of what, which kind, since when, why, and what to do."""

    source: str
    resource: str
    field: str
    kind: str
    since: pendulum.DateTime | None
    message: str
    fix: str

    @property
    def name(self) -> str:
        """Name what is not known: a collection, or a column of one."""
        return f"{self.resource}.{self.field}" if self.field else self.resource

    @property
    def when(self) -> str:
        """Say since when, where that is known."""
        return f" (since {self.since:YYYY-MM-DD HH:mm} UTC)" if self.since else ""


def problems(warehouse: Warehouse, source: str) -> list[Problem]:
    """Give all that is not known of a product's data."""
    there = warehouse.layout("meta")
    if not {"inputs", "withheld", "quarantine", "certificates", "fields"} <= set(there):
        return []
    return [
        *_inputs(warehouse, source),
        *_withheld(warehouse, source),
        *_kept_out(warehouse, source),
        *_refused(warehouse, source),
        *_unproved(warehouse, source),
    ]


def _inputs(warehouse: Warehouse, source: str) -> Iterator[Problem]:
    """Tell of collections that are not complete; what is withheld of them has its own lines."""
    for resource, state, reason, up_to in warehouse.rows(INPUTS, [source]):
        if state in {COMPLETE, OFF, "withheld"} or reason == NOT_ASKED:
            continue
        again = f"clio-sync load --resource {resource}"
        fix = f"{again}; or switch it off: sources.{source}.off" if state == "never" else again
        yield Problem(source, resource, "", state, moment(up_to), str(reason), fix)


def _withheld(warehouse: Warehouse, source: str) -> Iterator[Problem]:
    for one in withheld.listed(warehouse, source):
        if one.evidence in withheld.NOT_READ:
            continue
        what = "the whole column" if one.records is None else f"{one.records:,} values"
        state = "accepted" if one.accepted else "kept as known before" if one.held else "not known"
        permission = PERMISSIONS.get(one.field, f"to see {one.resource}")
        fix = f"give the token's user the permission {permission} in Clio, then clio-sync load"
        message = f"{what} withheld from this token ({one.evidence}): {state}"
        yield Problem(
            *(source, one.resource, one.field, "withheld", moment(one.since), message, fix)
        )


def _kept_out(warehouse: Warehouse, source: str) -> Iterator[Problem]:
    for resource, field, count, since in warehouse.rows(KEPT_OUT, [source]):
        message = f"{count:,} {'values' if field else 'rows'} kept out: not as they should be"
        fix = "clio-sync quarantine list"
        yield Problem(source, resource, field, "kept_out", moment(since), message, fix)


def _refused(warehouse: Warehouse, source: str) -> Iterator[Problem]:
    for resource, field, status, since in warehouse.rows(REFUSED, [source]):
        what = "a field that" if status == "refused" else "a parameter that"
        message = f"{what} Clio refuses to be asked for"
        yield Problem(source, resource, field, status, moment(since), message, "clio-sync doctor")


def _unproved(warehouse: Warehouse, source: str) -> Iterator[Problem]:
    for resource, status, walked_at in warehouse.rows(CERTIFICATES, [source]):
        if status not in {"ok", "withheld"}:
            message = f"the last certificate is {status}"
            fix = f"clio-sync sweep --resource {resource}"
            yield Problem(source, resource, "", "unproved", moment(walked_at), message, fix)

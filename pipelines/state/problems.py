"""Everything that is not known of the data, since when and why, and what mends it.

One list for all that tell of it: `status --problems`, `doctor`, what is published.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pendulum

from pipelines.errors.remedies import KEPT_OUT, command, parted, remedy
from pipelines.outcome import counted
from pipelines.warehouse import Warehouse, moment
from sources.clio_http.catalog import read_catalog
from sources.clio_http.salvage import NOT_HAD

from . import withheld
from .certificates import GUARD, LATE, OK, UNEQUAL, WITHHELD
from .inputs import BEHIND, COMPLETE, NEVER, NOT_ASKED, OFF

INPUTS = """
select i.resource, i.state, coalesce(i.reason, ''), i.complete_up_to, coalesce({frozen}, '') <> '',
    exists (from meta.quarantine q where (q.source, q.resource) = (i.source, i.resource))
from meta.inputs i left join meta.watermarks w using (source, resource) where i.source = $1
order by i.resource
"""
REFUSED = """
select resource, field, status, since from meta.fields
where source = $1 and status in ('refused', 'refused_parameter') order by resource, field
"""
OUT = """
select resource, coalesce(field, ''), starts_with(coalesce(reason, ''), $2), count(*), min(since)
from meta.quarantine where source = $1 group by 1, 2, 3 order by 1, 2, 3
"""
PROOFS = """
select resource, status, walked_at from meta.certificates where source = $1
qualify row_number() over (partition by resource order by walked_at desc) = 1
order by resource
"""
PERMISSIONS = {"custom_field_values": "Custom fields", "account_balances": "Accounting"}
"""Columns that need a permission of their own in Clio, by its name there."""
ACCEPTED = withheld.ACCEPTED
MISFITS, LISTS = "do not fit", "lists could not be read"
"""How reasons end that are not the error of a run."""
ABSENT = re.compile(r"([\d,]+) of [\d,]+ rows are absent")
CERTIFICATES = {
    GUARD: "the last sweep saw far fewer rows than are known, and marked none as deleted",
    LATE: "the last sweep found changes that became visible later than loads allow for",
    UNEQUAL: "after the last sweep the rows here still differed from those in Clio",
    WITHHELD: "the last sweep proved the rows, and not every value in them",
}
"""What a certificate says that is not simply good."""


@dataclass(frozen=True)
class Problem:
    """One thing that is not known: of what, which kind, since when, why, and what to do.

    `complete_up_to` is the moment up to which a collection that is not complete is. `alarm` says
    that values known before are kept back, which nobody has accepted yet.
    """

    source: str
    resource: str
    field: str
    kind: str
    since: pendulum.DateTime | None
    message: str
    fix: str
    complete_up_to: pendulum.DateTime | None = None
    alarm: bool = False

    @property
    def name(self) -> str:
        """Name what is not known: a collection, or a column of one."""
        return f"{self.resource}.{self.field}" if self.field else self.resource

    @property
    def when(self) -> str:
        """Say since when, or up to when all is known, where that is known."""
        said, at = "since", self.since
        if at is None:
            said, at = "complete up to", self.complete_up_to
        return f" ({said} {at:YYYY-MM-DD HH:mm} UTC)" if at else ""


def problems(warehouse: Warehouse, source: str) -> list[Problem]:
    """Return all that is not known of a product's data."""
    there = warehouse.layout("meta")
    if not {"inputs", "withheld", "quarantine", "certificates", "fields"} <= set(there):
        return []
    inputs = list(_inputs(warehouse, source))
    return [
        *inputs,
        *_withheld(warehouse, source),
        *_kept_out(warehouse, source),
        *_refused(warehouse, source),
        *_unproved(warehouse, source, {one.resource for one in inputs}),
    ]


def _inputs(warehouse: Warehouse, source: str) -> Iterator[Problem]:
    """Tell of collections that are not complete.

    What is withheld of them, or does not fit, has its own lines.
    """
    query = INPUTS.format(frozen=warehouse.either("watermarks", "frozen"))
    for resource, state, reason, up_to, frozen, kept_out in warehouse.rows(query, [source]):
        if state in {COMPLETE, OFF, "withheld"} or reason == NOT_ASKED:
            continue
        if kept_out and reason.endswith(MISFITS):
            continue
        code, words = parted(reason)
        if frozen:
            code = "frozen"
        elif not code and reason.endswith(LISTS):
            code = "unread"
        if state == BEHIND:
            words = f"what was read of it once contradicts newer lists, so it is not used: {words}"
        swept = _is_swept(source, resource)
        fix = remedy(code, source, resource, swept=swept)
        if absent := ABSENT.match(words):
            allow = f"--allow-absent {absent[1].replace(',', '')}"
            again = command("sweep" if swept else "load", source, resource, allow)
            fix += f". If the records were really deleted: {again}"
        off = f"sources.{source}.off"
        if state == NEVER and off not in fix:
            fix = f"{fix}; or name it in {off}"
        yield Problem(source, resource, "", state, None, words, fix, moment(up_to))


def _is_swept(source: str, resource: str) -> bool:
    collection = read_catalog(source).loaded.get(resource)
    return collection is not None and collection.mode in {"incremental", "full"}


def _withheld(warehouse: Warehouse, source: str) -> Iterator[Problem]:
    for one in withheld.listed(warehouse, source):
        if one.evidence in withheld.NOT_READ:
            continue
        kind = ACCEPTED if one.accepted else "withheld"
        what = "the whole column" if one.records is None else counted(one.records, "value")
        kept = "kept as known before" if one.held else "not known"
        message = f"{what} withheld from this token ({one.evidence}): {kept}"
        fix = _shown_again(one, source)
        if one.accepted:
            message = "the empty values of this column are taken as they come: a person accepted it"
            full = command("load", source, one.resource, "--full")
            fix = f"nothing; when Clio shows its values again, {full} takes them"
        since = moment(one.since)
        name = (source, one.resource, one.field)
        yield Problem(*name, kind, since, message, fix, alarm=one.is_alarm)


def _shown_again(one: withheld.Withheld, source: str) -> str:
    """Name the permission that shows a column again; where values are kept back, the other way."""
    permission = PERMISSIONS.get(one.field, f"to see {one.resource}")
    load = command("load", source)
    fix = f"give the token's user the permission {permission} in Clio, then {load}"
    if one.is_alarm:
        product = source.removeprefix("clio_")  # both have collections of some names
        accept = f"clio-sync load {product} --accept-empty {one.resource}.{one.field}"
        fix += f"; or accept it: {accept}"
    return fix


def _kept_out(warehouse: Warehouse, source: str) -> Iterator[Problem]:
    for resource, field, not_had, count, since in warehouse.rows(OUT, [source, NOT_HAD]):
        message = f"{counted(count, 'value' if field else 'row')} kept out, since"
        message += " it does not fit" if count == 1 else " they do not fit"
        fix = KEPT_OUT
        if not_had:
            message = f"{counted(count, 'row')} could not be read whole: the pages break there"
            fix = remedy("unread", source, resource)
        yield Problem(source, resource, field, "kept_out", moment(since), message, fix)


def _refused(warehouse: Warehouse, source: str) -> Iterator[Problem]:
    for resource, field, status, since in warehouse.rows(REFUSED, [source]):
        what = "a field that" if status == "refused" else "a parameter that"
        message = f"{what} Clio refuses to be asked for"
        yield Problem(source, resource, field, status, moment(since), message, "clio-sync doctor")


def _unproved(warehouse: Warehouse, source: str, told: set[str]) -> Iterator[Problem]:
    """Tell of certificates that prove too little; not again of what the guard stopped."""
    for resource, status, walked_at in warehouse.rows(PROOFS, [source]):
        if status in {OK, WITHHELD} or (status == GUARD and resource in told):
            continue
        fix = remedy("frozen" if status == GUARD else "unequal", source, resource)
        if status == LATE:
            fix = "clio-sync sweep, every night"
        message = CERTIFICATES.get(status, f"its certificate says {status}")
        yield Problem(source, resource, "", "unproved", moment(walked_at), message, fix)

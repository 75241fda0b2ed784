"""What a plan may be, before anyone is asked to approve it. Each override is a flag of `plan`.

Decisions only. What is overridden is part of the plan, and so of the hash that is approved.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from pipelines.edits.values import JsonScalar
from pipelines.ledger.canonical import canonical, digest
from pipelines.ledger.errors import GuardError

from .plan_file import PlannedRecord

MAX_RECORDS = 500
MAX_SHARE = 5
"""Percent of a collection's rows."""
FEW = 20
"""So many records of a collection are never too large a share of it."""
MAX_SAME = 50
HOURS = 24


@dataclass(frozen=True)
class Limits:
    """The limits of one plan. `max_share` is in percent, `expires_in` in hours."""

    max_records: int = MAX_RECORDS
    max_share: int = MAX_SHARE
    allow_bulk_value: bool = False
    allow_blank: bool = False
    expires_in: int = HOURS

    def shown(self) -> dict[str, JsonScalar]:
        """Return them as the plan keeps them."""
        return asdict(self)

    def overridden(self) -> list[str]:
        """Return the flags with which a limit differs from the default."""
        usual = Limits()
        return [
            "--" + name.replace("_", "-")
            for name, value in asdict(self).items()
            if value != getattr(usual, name)
        ]


def policy(writable: Sequence[str], hidden: Sequence[str] = ()) -> str:
    """Return a digest of the rules: what may be written and seen, and this version's limits."""
    rules = {"writable": sorted(writable), "limits": Limits().shown(), "same": MAX_SAME}
    return digest({**rules, "hidden": sorted(hidden)} if hidden else rules)


def check(records: Sequence[PlannedRecord], rows: Mapping[str, int], limits: Limits) -> None:
    """Refuse a plan that goes past a limit.

    `rows` are how many rows each collection has.

    Raises:
        GuardError: it does; the message names the flag that a person may use.

    """
    for message, flag in _problems(records, rows, limits):
        raise GuardError(message, flag)


def _problems(
    records: Sequence[PlannedRecord], rows: Mapping[str, int], limits: Limits
) -> Iterator[tuple[str, str]]:
    if len(records) > limits.max_records:
        message = f"{len(records):,} records are more than {limits.max_records:,} in one plan"
        yield message, f"--max-records {len(records)}"
    for resource, count in sorted(Counter(one.resource for one in records).items()):
        known = rows.get(resource, 0)
        if count > max(FEW, known * limits.max_share / 100):
            share = -(-count * 100 // max(known, 1))
            message = f"{count:,} of {known:,} {resource} are more than {limits.max_share} %"
            yield message, f"--max-share {share}"
    if not limits.allow_bulk_value:
        yield from _bulk(records)
    if not limits.allow_blank:
        blanked = [edit for one in records for edit in one.edits if edit.new_value is None]
        if blanked:
            message = f"{len(blanked):,} edits empty a filled field, such as {blanked[0].field}"
            yield message, "--allow-blank"


def _bulk(records: Sequence[PlannedRecord]) -> Iterator[tuple[str, str]]:
    same = Counter(
        (one.resource, edit.field, canonical(edit.new_value))
        for one in records
        for edit in one.edits
    )
    for (resource, field, _), count in same.most_common(1):
        if count > MAX_SAME:
            message = f"{count:,} {resource} would get one and the same {field}"
            yield message, "--allow-bulk-value"

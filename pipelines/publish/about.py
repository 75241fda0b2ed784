"""What a snapshot says of itself: what is not known, since when and why; what is wrong with data.

Two tables go into each snapshot, also when nothing is wrong. They hold ids and no names.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.errors.remedies import parted
from pipelines.outcome import jsonable
from pipelines.release import release
from pipelines.state import builds, check_results, quarantine, withheld
from pipelines.state.inputs import BEHIND, NEVER, OFF, WITHHELD, incomplete, unknown
from pipelines.transform.knowing import WITHOUT_FIGURES
from pipelines.warehouse import Warehouse

ABOUT, PROBLEMS = "bi.about", "bi.data_problems"
COLUMNS = {
    ABOUT: {"key": "varchar", "value": "varchar"},
    PROBLEMS: {
        "kind": "varchar",
        "relation": "varchar",
        "record_id": "varchar",
        "since": "timestamp",
        "message": "varchar",
    },
}
COMMENTS = {
    ABOUT: "What this snapshot rests on: when it was made, and what is not known, since when, why.",
    PROBLEMS: "What is wrong with the data: rows of checks, what was kept out, what is withheld.",
}
MONEY = ("core", "finance", "trust")
"""Schemas of the models that tell money."""
PRODUCT = "clio_manage."
"""Where money comes from: what Clio Grow holds never keeps it from being published."""


@dataclass(frozen=True)
class PublishedProblem:
    """One row of `bi.data_problems`."""

    kind: str
    relation: str
    record_id: str | None
    since: Any
    message: str


def lacking(warehouse: Warehouse) -> list[str]:
    """Name the collections that are not known though figures of money need them."""
    return builds.lacking(warehouse, [NEVER, OFF, BEHIND], MONEY, PRODUCT)


def about(warehouse: Warehouse, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say what a snapshot rests on; `facts` are those of the pointer."""
    rows = [(name, str(value)) for name, value in facts.items()]
    rows.append(("clio_sync_version", release()))
    known = builds.unknown_by_source(warehouse, sorted(WITHOUT_FIGURES))
    listed = {source for source, *_ in known}
    rows += [
        (f"not_known {source}", _reason(state, since, reason, columns))
        for source, state, since, reason, columns in known
    ]
    rows += [
        (f"not_known {one.name}", _reason(one.state, one.since, one.reason, None))
        for one in unknown(warehouse)
        # not what is switched off, nor products that are not used: nothing rests on them
        if one.name not in listed and one.state in {NEVER, BEHIND, WITHHELD}
    ]
    rows += [
        (
            f"incomplete {source}.{name}",
            f"complete up to {jsonable(at) if at else 'no moment'}; {parted(reason or '')[1]}",
        )
        for source, name, reason, at in incomplete(warehouse)
    ]
    return rows


def _reason(state: str, since: object, reason: str, columns: str | None) -> str:
    when = f" since {jsonable(since)}" if since is not None else ""
    empty = f"; empty for it: {columns}" if columns else ""
    # the code of an error is for programs
    return f"{state}{when}: {parted(reason)[1] or 'no reason is known'}{empty}"


def problems(warehouse: Warehouse) -> Iterator[PublishedProblem]:
    """Yield what is wrong with the data that was published."""
    for check, relation, row, since, said in check_results.standing_failures(warehouse):
        ids = record_ids(json.loads(row))
        told = ", ".join(f"{name} {value}" for name, value in ids.items())
        message = ": ".join(part for part in (check, said, told) if part)
        yield PublishedProblem("check", relation, next(iter(ids.values()), None), since, message)
    for relation, key, at, field in quarantine.kept_out(warehouse):
        what = f"the value of {field}" if field else "the record"
        message = f"{what} does not fit its table and is kept in meta.quarantine"
        yield PublishedProblem("quarantine", relation, key, at, message)
    for relation, key, at, field, evidence in withheld.marks(warehouse):
        message = f"{field} is not known: {evidence}"
        yield PublishedProblem("withheld", relation, key, at, message)


def record_ids(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids that a row of a check holds, by column, and the line of a seed."""
    return {
        name: str(value)
        for name, value in row.items()
        if (name in {"id", "line"} or name.endswith("_id")) and value is not None
    }

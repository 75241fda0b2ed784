"""The comment before a query: what a relation is, and what must be true of its rows."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .errors import ModelProblem, unknown

ERROR, WARN = SEVERITIES = ("error", "warn")
VIEW, TABLE, APPEND = KINDS = ("view", "table", "append")
BASES = ("cohort", "event", "as_of")
UNIQUE, NOT_NULL, RELATIONSHIPS = "unique", "not_null", "relationships"
ACCEPTED, ONE_ROW, MATCHES, GRAIN = "accepted", "one_row", "matches", "grain"
KEYS = (
    *("accepted", "append_by", "basis", "column", "grain", "heals", "matches", "materialized"),
    *("needs", "not_null", "relationships", "severity", "unique"),
)

_IDENTIFIER = r"[a-z_][a-z0-9_]*"
_KEY = re.compile(r"([a-z_]+):(?:\s+(.*))?$")
_COLUMNS = re.compile(rf"{_IDENTIFIER}(\s*,\s*{_IDENTIFIER})*")
_GRAIN = re.compile(r"(.*?)\s*\(([^()]*)\)\.?")
_LEADS = re.compile(
    rf"(lower\()?({_IDENTIFIER})(?(1)\))\s*->\s*({_IDENTIFIER}\.{_IDENTIFIER})\.({_IDENTIFIER})"
)
_ACCEPTED = re.compile(rf"({_IDENTIFIER})\s+in\s*\((.*)\)")
_VALUE = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^,']*))\s*(?:,|$)")
_SEVERITY = re.compile(r"\s*\[(\w+)\]$")
_INPUT = rf"{_IDENTIFIER}\.{_IDENTIFIER}(\.{_IDENTIFIER})?"
_NEEDS = re.compile(rf"({_INPUT}(?:\s*,\s*{_INPUT})*)(?:\s+for\s+(.+))?")
_HEALS = re.compile(rf"({_IDENTIFIER})\s+by\s+({_IDENTIFIER})(?:\s+from\s+({_IDENTIFIER}))?")
NOTHING = "nothing"


@dataclass(frozen=True)
class HeaderEntry:
    """One line of a header, with those that go on with it; the description has no key."""

    key: str
    text: str
    line: int


@dataclass(frozen=True)
class RowTest:
    """One test of a relation's rows.

    `target` and `target_column` are where a relationship leads, `values` what is accepted. With
    `folded` upper and lower case are one.
    """

    kind: str
    columns: tuple[str, ...]
    severity: str = ERROR
    line: int = 1
    target: str = ""
    target_column: str = ""
    values: tuple[str, ...] = ()
    folded: bool = False


@dataclass(frozen=True)
class Needs:
    """What must be known for some columns; without columns, for the rows and every figure.

    An input is a relation, or one of its columns: `core.fct_bill`, `core.fct_bill.balance`.
    """

    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Heals:
    """Which records of Clio may mend what a check found: those of a list, by `id` or by a filter.

    `column` is the one of the failing rows that holds the ids; by default it is called as `by`.
    """

    resource: str
    by: str
    column: str


@dataclass(frozen=True)
class RelationHeader:
    """What a file says of its relation; `comments` has the text and the line of a column.

    `append_by` is the column that tells which rows of an `append` are new, with its line. `needs`
    says what its figures rest on, where that is not everything that it reads.
    """

    description: str = ""
    grain: str = ""
    basis: str = ""
    materialized: str = ""
    append_by: tuple[str, int] = ("", 1)
    severity: str = ERROR
    rules: tuple[RowTest, ...] = ()
    comments: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    needs: tuple[Needs, ...] = ()
    heals: tuple[Heals, ...] = ()


def entries(text: str) -> Iterator[HeaderEntry]:
    """Read the comment at the top of a file."""
    held: HeaderEntry | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("--"):
            if line.strip():
                break
            continue
        said = line[2:]
        match = _KEY.fullmatch(said.strip())
        goes_on = said.startswith("   ") or (match is None and held is not None and not held.key)
        if held is not None and goes_on:
            held = HeaderEntry(held.key, f"{held.text} {said.strip()}".strip(), held.line)
            continue
        if held is not None:
            yield held
        key, text_said = (match[1], match[2] or "") if match else ("", said.strip())
        held = HeaderEntry(key, text_said, number)
    if held is not None:
        yield held


def read_header(
    file: str, found: Iterable[HeaderEntry], problems: list[ModelProblem]
) -> RelationHeader:
    """Make a header of its entries; what cannot be understood is added to the problems."""
    listed = list(found)

    def tell(line: int, text: str) -> None:
        problems.append(ModelProblem(file, line, text))

    for entry in listed:
        if entry.key and entry.key not in KEYS:
            tell(entry.line, unknown("header", entry.key, KEYS) + f"; valid are {', '.join(KEYS)}")
    severity = _choice(listed, "severity", SEVERITIES, tell) or ERROR
    grain = _one(listed, "grain", tell)
    materialized = _choice(listed, "materialized", KINDS, tell)
    append_by = _one(listed, "append_by", tell)
    if (materialized == APPEND) != (append_by is not None):
        line = append_by.line if append_by else 1
        tell(line, "materialized: append and append_by, a column, come together")
    return RelationHeader(
        description=" ".join(entry.text for entry in listed if not entry.key).strip(),
        grain=grain.text if grain else "",
        basis=_choice(listed, "basis", BASES, tell),
        materialized=materialized,
        append_by=(append_by.text, append_by.line) if append_by else ("", 1),
        severity=severity,
        rules=tuple(_rules(listed, severity, tell)),
        comments=_comments(listed, tell),
        needs=tuple(_needs(listed, tell)),
        heals=tuple(_heals(listed, tell)),
    )


Tell = Callable[[int, str], None]


def _one(listed: list[HeaderEntry], key: str, tell: Tell) -> HeaderEntry | None:
    found = [entry for entry in listed if entry.key == key]
    for entry in found[1:]:
        tell(entry.line, f"a second header {key}")
    return found[0] if found else None


def _choice(listed: list[HeaderEntry], key: str, valid: tuple[str, ...], tell: Tell) -> str:
    entry = _one(listed, key, tell)
    if entry is None or entry.text in valid:
        return entry.text if entry else ""
    tell(entry.line, f"{key} is not one of {', '.join(valid)}")
    return ""


def _comments(listed: list[HeaderEntry], tell: Tell) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for entry in listed:
        if entry.key != "column":
            continue
        name, colon, text = (part.strip() for part in entry.text.partition(":"))
        if not colon or not text or not re.fullmatch(_IDENTIFIER, name) or name in found:
            tell(entry.line, "a column is described once, as column: name: text")
        found[name] = (text, entry.line)
    return found


def _needs(listed: list[HeaderEntry], tell: Tell) -> Iterator[Needs]:
    """Read what figures rest on, such as `staging.x, core.y.z for total, balance`; or nothing."""
    for entry in listed:
        if entry.key != "needs":
            continue
        match = _NEEDS.fullmatch(entry.text)
        columns = match[4] if match else None
        if entry.text == NOTHING:
            yield Needs((), (), entry.line)
        elif match is None or (columns and not _COLUMNS.fullmatch(columns)):
            tell(
                entry.line, "needs are relations or columns of them, as needs: a.b, c.d.e for x, y"
            )
        else:
            yield Needs(_split(match[1]), _split(columns) if columns else (), entry.line)


def _heals(listed: list[HeaderEntry], tell: Tell) -> Iterator[Heals]:
    """Read which records mend a check's rows, such as `bills by id from bill_id`."""
    for entry in listed:
        for part in entry.text.split(",") if entry.key == "heals" else ():
            match = _HEALS.fullmatch(part.strip())
            if match is None:
                tell(entry.line, "a check is healed as heals: bills by id from bill_id")
            else:
                yield Heals(match[1], match[2], match[3] or match[2])


def _rules(listed: list[HeaderEntry], severity: str, tell: Tell) -> Iterator[RowTest]:
    for entry in listed:
        if entry.key not in {GRAIN, UNIQUE, NOT_NULL, RELATIONSHIPS, ACCEPTED, MATCHES}:
            continue
        own = _SEVERITY.search(entry.text)
        if own and own[1] not in SEVERITIES:
            tell(entry.line, f"[{own[1]}] is not one of [error], [warn]")
        found = _tests(entry.key, _SEVERITY.sub("", entry.text).strip())
        if found is None:
            tell(entry.line, f"this {entry.key} cannot be understood; see docs/models.md")
        for test in found or ():
            yield replace(test, severity=own[1] if own else severity, line=entry.line)


def _split(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _tests(key: str, text: str) -> list[RowTest] | None:
    """Read what one header tests; None if it cannot be understood."""
    if key == GRAIN:
        return _grain(text)
    if key in {UNIQUE, NOT_NULL}:
        return [RowTest(key, _split(text))] if _COLUMNS.fullmatch(text) else None
    if key == ACCEPTED:
        match = _ACCEPTED.fullmatch(text)
        values = _values(match[2]) if match else ()
        return [RowTest(key, (match[1],), values=values)] if match and values else None
    # one cell stands for one row elsewhere: lower(email) -> core.dim_user.email
    parts = [text] if key == MATCHES else re.split(r"[;,]", text)
    found = []
    for part in parts:
        match = _LEADS.fullmatch(part.strip())
        if match is None or (match[1] and key != MATCHES):
            return None
        test = RowTest(key, (match[2],), target=match[3], target_column=match[4])
        found.append(replace(test, folded=bool(match[1])))
    return found


def _grain(text: str) -> list[RowTest] | None:
    """Test the columns of a grain, such as `one row per bill (bill_id)`; or that it is one row."""
    if not text:
        return None
    if text.rstrip(".") == "one row":
        return [RowTest(ONE_ROW, ())]
    match = _GRAIN.fullmatch(text)
    names = match[2] if match else ""
    return [RowTest(UNIQUE, _split(names))] if _COLUMNS.fullmatch(names) else []


def _values(text: str) -> tuple[str, ...]:
    """Read a list of values, of which those in quotes may hold commas; empty if it is none."""
    found, at = [], 0
    while at < len(text):
        match = _VALUE.match(text, at)
        if match is None:
            return ()
        found.append(match[1].replace("''", "'") if match[1] is not None else match[2].strip())
        at = match.end()
    return tuple(found) if all(found) else ()

"""An edit: one field of one record, with the value that it has and the one that it shall have."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.config.files import login
from pipelines.errors import EditRefusedError
from pipelines.ledger.canonical import read
from pipelines.ledger.ledger import Entry

from .fields import FieldRef
from .values import JsonScalar

COLUMNS = RESOURCE, ID, FIELD, VALUE, REASON = "resource", "id", "field", "new_value", "reason"
"""The columns that every file and query needs."""
OLD, LABEL = "old_value", "label"
"""The columns that a file may have besides: the value it was made from, and the record's name."""

ROW = "row "
"""What the rows of files and queries are named by, before their number."""
TEXT, NUMBER, DATE, TIME, BOOLEAN = "text", "number", "date", "time", "boolean"
"""The kinds of a spreadsheet's cell."""

KEPT = "edit_id, resource, record_id, field, base, new_value, reason, author, label"
"""The columns of the ledger's view `edits` of which `kept_edit` makes an edit."""


@dataclass(frozen=True)
class WantedChange:
    """A row of a file, a query or the command line: everything in it is text, not checked yet.

    `where` is how messages name the row. `old_value` is the value that the file showed, where it
    did. `cell` is the kind of the spreadsheet's cell, which may have damaged the text; empty where
    there is none. `is_literal` says that the new value was marked as a text that is meant as it is.
    """

    resource: str
    record_id: str
    field: str
    new_value: str
    reason: str
    where: str = ""
    old_value: str | None = None
    cell: str = ""
    origin: str = ""
    is_literal: bool = False


@dataclass(frozen=True)
class Edit:
    """One edit whose field is known: proposed, planned, or on its way to Clio.

    `base` is the value that `new_value` replaces: the warehouse's when the edit was proposed,
    Clio's once it was planned.
    """

    edit_id: str
    ref: FieldRef
    base: JsonScalar
    new_value: JsonScalar
    record_id: str = ""
    reason: str = ""
    author: str = ""
    label: str = ""
    origin: str = ""
    base_etag: str = ""

    @property
    def resource(self) -> str:
        """Return the name of the record's collection."""
        return self.ref.resource

    @property
    def field(self) -> str:
        """Return the field as files, plans and the ledger spell it."""
        return self.ref.text

    @property
    def key(self) -> tuple[str, str]:
        """Return the collection and the id of the record."""
        return self.resource, self.record_id

    @property
    def field_key(self) -> tuple[str, str, str]:
        """Return the collection, the id of the record and the field."""
        return self.resource, self.record_id, self.field

    @property
    def change(self) -> tuple[FieldRef, JsonScalar]:
        """Return what a PATCH is made of: the field and its new value."""
        return self.ref, self.new_value

    @property
    def proposal(self) -> Entry:
        """Return the ledger's event of its proposal."""
        body = {
            "resource": self.resource,
            "record_id": self.record_id,
            "field": self.field,
            "base": self.base,
            "base_etag": self.base_etag,
            "new_value": self.new_value,
            "reason": self.reason,
            "author": self.author,
            "login": login(),
            "origin": self.origin,
            "label": self.label,
        }
        return Entry("edit_proposed", body, self.edit_id)


def kept_edit(ref: FieldRef, row: Sequence[str]) -> Edit:
    """Return the edit of a row of the ledger that was selected by `KEPT`; values are JSON there."""
    edit_id, _, record_id, _, base, new_value, reason, author, label = row
    return Edit(edit_id, ref, read(base), read(new_value), record_id, reason, author, label)


class EditProblem(ValueError):  # noqa: N818 - a finding about one column of a row, listed with others
    """What keeps a change from being proposed: the column that is wrong, and why."""

    def __init__(
        self, column: str, message: str, kind: type[EditRefusedError] = EditRefusedError
    ) -> None:
        """Keep the column, the message, and the error that reports it."""
        super().__init__(message)
        self.column = column
        self.kind = kind


@dataclass(frozen=True)
class Gathered:
    """The changes that a file or query wants, and the rows that cannot be read.

    `problems` are pairs of a row and what is wrong with it; `blank` counts the rows without a
    new value or with the old one, which change nothing.
    """

    wanted: Sequence[WantedChange]
    problems: Sequence[tuple[str, EditProblem]] = ()
    blank: int = 0

"""The one record that a person names by a field of it instead of its id.

Only fields that a firm keeps unique, and only where one record has the value: it is never guessed
which of several is meant. `plan` reads the record anew in any case.
"""

import unicodedata
from collections.abc import Iterator, Mapping

from pipelines.errors import EditRefusedError
from sources.clio_http.casts import quoted

from .allowed import UNSEEN, Record
from .validate import EditContext
from .warehouse_records import RAW

KEYS: Mapping[str, Mapping[str, str]] = {
    "contacts": {"email": "email_addresses", "name": "name"},
    "matters": {"display_number": "display_number"},
}
"""By collection, what a record may be named by beside `id`, and the column in which that stands."""
MOST_NAMED = 10


def found(at: EditContext, resource: str, named: str) -> str:
    """Return the id of the record that `FIELD=VALUE` names; an id stays what it is.

    Raises:
        EditRefusedError: no record of the warehouse has the value, or several have.

    """
    name, equals, value = (part.strip() for part in named.partition("="))
    if not equals:
        return named
    if name == "id":
        return value
    column = KEYS.get(resource, {}).get(name)
    if column is None:
        valid = ", ".join(["id", *KEYS.get(resource, ())])
        message = f"a record of {resource} is named by its id or FIELD=VALUE; valid are {valid}"
        raise EditRefusedError(message)
    if not at.visibility.shows(resource, (column,)):
        raise EditRefusedError(UNSEEN.format(resource, name))
    wanted = _plain(name, value)
    stored = at.records(resource, _candidates(at, resource, column, wanted))
    ids = [
        key
        for key, one in stored.items()
        if not one.gone and wanted in (_plain(name, text) for text in _texts(column, one.record))
    ]
    if wanted and len(ids) == 1:
        return ids[0]
    shown = ", ".join(sorted(ids, key=int)[:MOST_NAMED])
    message = f"several records of {resource} have this {name}: {shown}; name one by its id"
    if not ids or not wanted:
        message = f"no record of {resource} in the warehouse has this {name}; name it by its id"
    raise EditRefusedError(message)


def _candidates(at: EditContext, resource: str, column: str, wanted: str) -> list[str]:
    """Return the ids of the records whose column has the value somewhere in it."""
    if column not in at.warehouse.columns(RAW, resource):
        return []
    rows = at.warehouse.rows(
        f"select t.id::varchar from {RAW}.{quoted(resource)} t"  # noqa: S608 - names and constants
        f" where $2 or contains(lower(nfc_normalize(t.{quoted(column)}::varchar)), lower($1))",
        [wanted, not wanted.isascii()],  # JSON may hold other letters as escapes
    )
    return [key for (key,) in rows]


def _texts(column: str, record: Record) -> Iterator[str]:
    value = record.get(column)
    if isinstance(value, list):
        yield from (str(one.get("address") or "") for one in value)
    elif value is not None:
        yield str(value)


def _plain(name: str, text: str) -> str:
    """Return a text as it is compared: e-mail addresses in any case."""
    plain = unicodedata.normalize("NFC", text).strip()
    return plain.casefold() if name == "email" else plain

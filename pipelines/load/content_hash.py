"""The content hash of a row: what tells a row that changed from one that did not."""

from sources.clio_http.casts import quoted
from sources.clio_http.catalog import WRITTEN_AS_JSON, Collection


def text_for_hash(name: str, kind: str) -> str:
    """Return the SQL of a column's text in the content hash: the same on every machine."""
    column = quoted(name)
    text = f"{column}::varchar"
    if kind == "TIMESTAMPTZ":
        text = f"epoch_us({column})::varchar"
    elif kind in {"VARCHAR", *WRITTEN_AS_JSON}:
        # with its length before it, a text that holds the separators cannot pass for two
        text = f"strlen({column})::varchar || ':' || {column}"
    return f"coalesce({text}, chr(30))"


def row_hash(collection: Collection) -> str:
    """Return the SQL of the content hash of a row: MD5 of every column of Clio's, in order."""
    texts = ", ".join(text_for_hash(column.name, column.type) for column in collection.columns)
    return f"md5(concat_ws(chr(31), {texts}))"

"""Names and texts as SQL writes them."""

from sources.clio_http.casts import quoted


def sql_name(relation: str) -> str:
    """Quote a relation's name with its schema."""
    schema, _, name = relation.partition(".")
    return f"{quoted(schema)}.{quoted(name)}"


def sql_text(value: str) -> str:
    """Write a text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"

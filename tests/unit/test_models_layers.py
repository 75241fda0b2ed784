"""Which folder of `sql` reads which: only staging knows Clio, and views for BI stand alone."""

import pytest

from pipelines.sql_folder import sql_folder
from pipelines.transform.custom_fields import custom_field_models
from pipelines.transform.queries import parse, reads
from pipelines.transform.staging import staging_models

MADE = custom_field_models(None) | staging_models(sql_folder())
FILES = {
    f"{path.parent.name}/{path.name}": path.read_text("utf-8")
    for path in sorted(sql_folder().glob("*/*.sql"))
    if path.parent.name not in {"checks", "meta", "proposals", "reconciliation"}
} | dict(MADE)


def _schemas(text: str) -> set[str]:
    return {name.partition(".")[0] for name in reads(parse(text))}


@pytest.mark.parametrize("file", FILES)
def test_a_folder_reads_what_lies_below(file: str) -> None:
    """Only staging reads raw tables; views for BI read marts alone, which are what is published."""
    schema, found = file.partition("/")[0], _schemas(FILES[file])
    raw = {"raw_clio_manage", "raw_clio_grow", "meta"}
    if schema == "staging":
        assert found <= raw | {"staging"}
    elif schema == "bi":
        assert found <= {"core", "finance", "trust", "ops", "intake"}
    elif file == "intermediate/int_calendar__today.sql":
        assert found == {"meta", "staging"}
    else:
        assert not found & (raw | {"bi"})

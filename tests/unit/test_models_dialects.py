"""The core and finance marts stay within what other databases can be asked too."""

from pathlib import Path

import pytest
import sqlglot
from sqlglot import ErrorLevel, exp

from pipelines.sql_folder import sql_folder

MARTS = sorted(path for name in ("core", "finance") for path in (sql_folder() / name).glob("*.sql"))


@pytest.mark.parametrize("dialect", ["postgres", "spark"])
@pytest.mark.parametrize("mart", MARTS, ids=lambda path: path.stem)
def test_a_mart_can_be_said_in_another_dialect(mart: Path, dialect: str) -> None:
    """Sqlglot finds nothing in it that the dialect does not have, and the result is SQL there."""
    text = mart.read_text("utf-8")
    (said,) = sqlglot.transpile(
        text, read="duckdb", write=dialect, unsupported_level=ErrorLevel.RAISE
    )
    assert isinstance(sqlglot.parse_one(said, read=dialect), exp.Query)

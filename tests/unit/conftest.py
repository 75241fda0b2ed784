"""The firm that was worked out by hand, built once for all that look at it."""

from pathlib import Path

import pytest

from tests.unit.mini_firm import empty_firm
from tests.unit.mini_records import fill


@pytest.fixture(scope="session")
def mini_firm_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the firm, built without any check that fails or warns."""
    folder = tmp_path_factory.mktemp("mini")
    with empty_firm(folder) as firm:
        fill(firm)
        built = firm.build()
        assert [(one.check, one.rows) for one in built.verdicts if one.failures] == []
    return folder

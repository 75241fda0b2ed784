"""The firms of tests/system, for the tests of commands."""

from tests.system.conftest import desk, loaded_for_edits, loaded_for_writes, new_firm, unedited

__all__ = ["desk", "loaded_for_edits", "loaded_for_writes", "new_firm", "unedited"]

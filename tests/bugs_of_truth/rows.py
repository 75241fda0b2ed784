"""Bugs, as patches, against the rule that unknown is never a value: rows."""

from tests.bugs import Mutant

ROWS: tuple[Mutant, ...] = ()

"""Bugs, as patches, against the rule that unknown is never a value: withheld."""

from tests.bugs import Mutant

WITHHELD: tuple[Mutant, ...] = ()

"""Bugs, as patches, against the rule that unknown is never a value: clock."""

from tests.bugs import Mutant

CLOCK: tuple[Mutant, ...] = ()

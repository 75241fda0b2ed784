"""Bugs, as patches, against the rule that unknown is never a value: hidden."""

from tests.bugs import Mutant

HIDDEN: tuple[Mutant, ...] = ()

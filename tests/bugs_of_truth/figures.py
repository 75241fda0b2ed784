"""Bugs, as patches, against the rule that unknown is never a value: figures."""

from tests.bugs import Mutant

FIGURES: tuple[Mutant, ...] = ()

"""Bugs, as patches, against the rule that unknown is never a value: edge."""

from tests.bugs import Mutant

EDGE: tuple[Mutant, ...] = ()

"""Bugs, as patches, against the rule that unknown is never a value: pages."""

from tests.bugs import Mutant

PAGES: tuple[Mutant, ...] = ()

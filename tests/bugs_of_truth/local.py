"""Bugs, as patches, against the rule that unknown is never a value: local."""

from tests.bugs import Mutant

LOCAL: tuple[Mutant, ...] = ()

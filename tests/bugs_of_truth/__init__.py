"""Bugs against the rule that unknown is never a value, from 400 on."""

from .clock import CLOCK
from .edge import EDGE
from .figures import FIGURES
from .hidden import HIDDEN
from .inputs import INPUTS
from .local import LOCAL
from .pages import PAGES
from .rows import ROWS
from .withheld import WITHHELD

TRUTH = (
    *EDGE,
    *PAGES,
    *ROWS,
    *LOCAL,
    *FIGURES,
    *CLOCK,
    *HIDDEN,
    *WITHHELD,
    *INPUTS,
)

"""What is wrong here, and the command that mends it: every check once, nothing changed."""

from .examine import examine, run_doctor
from .line import Line
from .probe import run_probe
from .session import Work

__all__ = ["Line", "Work", "examine", "run_doctor", "run_probe"]

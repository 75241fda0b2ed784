"""What is wrong here, and the command that mends it: every check once, nothing changed."""

from .examine import examine, run_doctor
from .line import DoctorLine
from .probe import run_probe
from .session import Work

__all__ = ["DoctorLine", "Work", "examine", "run_doctor", "run_probe"]

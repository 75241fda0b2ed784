"""What is wrong here, and the command that mends it: every check once, nothing changed."""

from .examine import examine, run_doctor
from .line import DoctorLine
from .probe import run_probe

__all__ = ["DoctorLine", "examine", "run_doctor", "run_probe"]

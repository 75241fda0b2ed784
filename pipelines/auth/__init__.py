"""The commands of sign-in: login, status, logout."""

from .login import run_login
from .logout import run_logout
from .status import run_status
from .work import PRODUCTS, Work

__all__ = ["PRODUCTS", "Work", "run_login", "run_logout", "run_status"]

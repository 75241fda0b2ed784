"""The commands of sign-in: login, status, logout."""

from .login import Way, open_page, run_login
from .logout import run_logout
from .status import run_status
from .work import PRODUCTS, Work

__all__ = ["PRODUCTS", "Way", "Work", "open_page", "run_login", "run_logout", "run_status"]

"""The commands of sign-in: login, status, logout, and the connections of the gateway."""

from .connections import asked, run_create, run_delete, run_list, run_show
from .login import Way, open_page, run_login
from .logout import run_logout
from .status import run_status
from .work import PRODUCTS, Work

__all__ = [
    "PRODUCTS",
    "Way",
    "Work",
    "asked",
    "open_page",
    "run_create",
    "run_delete",
    "run_list",
    "run_login",
    "run_logout",
    "run_show",
    "run_status",
]

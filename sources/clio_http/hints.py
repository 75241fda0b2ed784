"""What to do next, for the product that it is about: its command to sign in, its settings."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from sources.errors import ClioError

E = TypeVar("E", bound=ClioError)

_SIGNS = re.compile(r"\bauth (login|logout)(?: (?:manage|grow))?\b")


def login(product: str) -> str:
    """Return the command that signs in to a product."""
    return f"clio-sync auth login {_short(product)}"


def of_product(error: E, product: str) -> E:
    """Let the hint of an error, which is written for Manage, be that of a product."""
    hint = error.hint.replace("sources.clio_manage.", f"sources.{product}.")
    hint = hint.replace("SOURCES__CLIO_MANAGE__", f"SOURCES__{product.upper()}__")
    error.hint = _SIGNS.sub(rf"auth \1 {_short(product)}", hint)
    return error


@contextmanager
def hints_for(product: str) -> Iterator[None]:
    """Let the hint of whatever is raised be that of a product."""
    try:
        yield
    except ClioError as error:
        of_product(error, product)
        raise


def _short(product: str) -> str:
    return product.removeprefix("clio_")

"""Clio Manage: its catalogue, what is decided about it, and the dlt source."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .source import clio_manage

__all__ = ["clio_manage"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the one attribute that is a source
    """Import the source when it is asked for: what is decided is read without dlt."""
    if name == "clio_manage":
        from .source import clio_manage  # noqa: PLC0415 - dlt takes half a second

        return clio_manage
    raise AttributeError(name)

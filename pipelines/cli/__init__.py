"""The command line: parse, call one function, print."""

from . import (
    auth,
    backup,
    editing,
    looking,
    modelling,
    publishing,
    quarantine,
    reading,
    reconciling,
    writing,
)
from .base import entry, main

__all__ = [
    "auth",
    "backup",
    "editing",
    "entry",
    "looking",
    "main",
    "modelling",
    "publishing",
    "quarantine",
    "reading",
    "reconciling",
    "writing",
]

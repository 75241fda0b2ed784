"""The command line: parse, call one function, print."""

from . import auth, backup, looking, reading
from .base import entry, main

__all__ = ["auth", "backup", "entry", "looking", "main", "reading"]

"""The command line: parse, call one function, print."""

from . import backup, looking, reading
from .base import entry, main

__all__ = ["backup", "entry", "looking", "main", "reading"]

"""The command line: parse, call one function, print."""

from . import approvers, auth, edits, load, push, status, transform
from .base import entry, main

__all__ = ["approvers", "auth", "edits", "entry", "load", "main", "push", "status", "transform"]

"""Run the command line as `python -m pipelines`."""

from .cli import entry

entry()

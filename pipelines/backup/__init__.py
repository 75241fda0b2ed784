"""Backups of a data folder, and the proof that they can be restored.

A backup is a folder with copies of the files that matter and a manifest: their SHA-256 sums, and
how many rows each table held with a digest of them. Verifying restores the copy into a scratch
folder and looks at it again, as deep as that.
"""

from .create import run_create
from .verify import run_verify

__all__ = ["run_create", "run_verify"]

"""SSH keys for tests, made by ssh-keygen itself."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import INSTALLED

SSH_KEYGEN = Path("/usr/bin/ssh-keygen")


def made(folder: Path, name: str, kind: str = "ed25519") -> Path:
    """Make a key without a passphrase; gives the private half, beside which NAME.pub lies."""
    if not SSH_KEYGEN.is_file():
        pytest.skip(f"there is no ssh-keygen, {INSTALLED}")
    folder.mkdir(exist_ok=True)
    path = folder / name
    words = [str(SSH_KEYGEN), "-q", "-t", kind, "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(words, check=True, timeout=60)
    return path


def public(key: Path) -> Path:
    """Return the file of the public half."""
    return key.with_name(key.name + ".pub")


def signed(path: Path, key: Path, purpose: str = "clio-sync-plan") -> Path:
    """Sign a file as an approver does by hand on another machine; gives the signature's file."""
    words = [str(SSH_KEYGEN), "-q", "-Y", "sign", "-n", purpose, "-f", str(key), str(path)]
    subprocess.run(words, check=True, timeout=60)
    return path.with_name(path.name + ".sig")

"""Signatures by SSH keys, made and checked by OpenSSH's own `ssh-keygen -Y`.

Nothing here is cryptography of our own: a text goes in, and OpenSSH says who signed it.
"""

import base64
import binascii
import fcntl
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipelines.ledger.errors import SignatureError

PLACES = (
    "/usr/bin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/run/current-system/sw/bin",
)
"""Where ssh-keygen is looked for. PATH is not asked: it is the caller's, who may not be trusted."""
TO_SIGN = ("HOME", "SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "TERM")
SECONDS = 120.0
"""So long a person has to type a passphrase or to touch a hardware key."""
SHORTEST = 32
PLAN, APPROVERS = "clio-sync-plan", "clio-sync-approvers"
"""What a signature is for: it counts for nothing else."""
_KEY = re.compile(r"(?P<kind>(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+) (?P<blob>[A-Za-z0-9+/]+={0,2})")
_SIGNED = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]+-----END SSH SIGNATURE-----\n"
)


@dataclass(frozen=True)
class PublicKey:
    """An SSH public key: `ssh-ed25519 AAAA…`, without its comment."""

    text: str

    @property
    def fingerprint(self) -> str:
        """Return its fingerprint as `ssh-keygen -l` prints it."""
        blob = base64.b64decode(self.text.split()[1])
        return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def public_key(text: str) -> PublicKey:
    """Read a public key, with or without a comment, or as a line of `allowed_signers`.

    Raises:
        SignatureError: it is none.

    """
    found = _KEY.search(text)
    try:
        if found:
            kind, blob = found["kind"].encode(), base64.b64decode(found["blob"], validate=True)
            begins = len(kind).to_bytes(4, "big") + kind
            # what follows the kind is the key itself, of 32 bytes at least
            if blob.startswith(begins) and len(blob) >= len(begins) + SHORTEST:
                return PublicKey(f"{found['kind']} {found['blob']}")
    except binascii.Error:
        pass
    message = "this is no SSH public key, such as the content of id_ed25519.pub"
    raise SignatureError(message)


def read_public_key(path: Path) -> PublicKey:
    """Read the public key of a file.

    Raises:
        SignatureError: it holds none, or cannot be read.

    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        message = f"the key {path.name} cannot be read"
        raise SignatureError(message) from None
    if "PRIVATE KEY" in text:
        message = f"{path.name} is a private key, which stays with its owner: give the .pub file"
        raise SignatureError(message)
    return public_key(text)


def signed(text: str, key: Path, purpose: str) -> str:
    """Sign a text, and return the armoured signature.

    `key` is a private key, or a public one whose private half an agent holds.

    Raises:
        SignatureError: ssh-keygen is not there, or did not sign.

    """
    if not key.is_file():
        message = f"there is no key {key.name}"
        raise SignatureError(message)
    env = {name: os.environ[name] for name in TO_SIGN if name in os.environ}
    words = ["-Y", "sign", "-n", purpose, "-f", str(key)]
    done = _run(words, text, env)
    if done.returncode or not _SIGNED.fullmatch(done.stdout.decode("ascii", "replace")):
        message = f"ssh-keygen did not sign with {key.name}; try ssh-keygen -y -f on the same key"
        raise SignatureError(message)
    return done.stdout.decode("ascii")


def signer(text: str, signature: str, keys: Iterable[PublicKey], purpose: str) -> PublicKey | None:
    """Return which of some keys signed a text for a purpose; None where none of them did.

    Raises:
        SignatureError: ssh-keygen is not there.

    """
    return _signer(text, signature, tuple(keys), purpose)


@lru_cache(maxsize=1_000)
def _signer(
    text: str, signature: str, keys: tuple[PublicKey, ...], purpose: str
) -> PublicKey | None:
    known = {key.fingerprint: key for key in keys}
    if not known or not _SIGNED.fullmatch(signature):
        return None
    lines = (f'{mark} namespaces="{purpose}" {key.text}\n' for mark, key in known.items())
    with _sealed("".join(lines)) as allowed, _sealed(signature) as sig:
        files, kept = ["-f", f"/dev/fd/{allowed}", "-s", f"/dev/fd/{sig}"], (allowed, sig)
        named = _run(["-Y", "find-principals", *files], "", {}, kept)
        mark = named.stdout.decode("utf-8", "replace").strip()
        if named.returncode or mark not in known:
            return None
        checked = _run(["-Y", "verify", "-n", purpose, "-I", mark, *files], text, {}, kept)
        return None if checked.returncode else known[mark]


@contextmanager
def _sealed(text: str) -> Iterator[int]:
    """Return a file without a name that holds a text, which nobody can change any more.

    What lies in a folder could be put in its place while ssh-keygen looks. Where the system has no
    such files, a file that was unlinked has to do.
    """
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("clio-sync", os.MFD_ALLOW_SEALING)
        os.write(handle, text.encode())
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(handle, fcntl.F_ADD_SEALS, seals)
    else:
        handle, name = tempfile.mkstemp(prefix="clio-sync-")
        Path(name).unlink()
        os.write(handle, text.encode())
    try:
        yield handle
    finally:
        os.close(handle)


def _run(
    words: list[str], text: str, env: Mapping[str, str], kept: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[bytes]:
    found = next((p for place in PLACES if (p := Path(place) / "ssh-keygen").is_file()), None)
    if found is None:
        message = "ssh-keygen is not installed (the package openssh-client)"
        raise SignatureError(message)
    for handle in kept:
        os.lseek(handle, 0, os.SEEK_SET)
    try:
        return subprocess.run(  # noqa: S603 - ssh-keygen by its own path; the key is the user's
            [str(found), *words],
            input=text.encode(),
            env=dict(env),
            pass_fds=kept,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        message = "ssh-keygen did not end"
        raise SignatureError(message) from None

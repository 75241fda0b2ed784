"""Whose certificates are believed: the public authorities', and a firm's own beside them."""

import os
import ssl
from functools import cache
from pathlib import Path

import httpx

from sources.errors import ConfigurationError

BY_ENVIRONMENT = "SSL_CERT_FILE"
_OWN: dict[str, Path] = {}


def believe(file: Path | None, setting: str) -> None:
    """Believe the authorities in a file, too, in this process; None takes that back.

    Raises:
        ConfigurationError: it is not there, or holds no certificates.

    """
    _OWN.pop(setting, None)
    if file is not None:
        _certificates(((setting, file),))
        _OWN[setting] = file


def certificates() -> ssl.SSLContext:
    """Return what every connection checks a server's certificate with.

    Raises:
        ConfigurationError: the file that `SSL_CERT_FILE` names cannot be used.

    """
    named = dict(_OWN)
    if given := os.environ.get(BY_ENVIRONMENT):
        named[BY_ENVIRONMENT] = Path(given)
    return _certificates(tuple(sorted(named.items())))


@cache
def _certificates(files: tuple[tuple[str, Path], ...]) -> ssl.SSLContext:
    """Read certificates, once for all clients of the process."""
    context = httpx.create_ssl_context(trust_env=False)
    for setting, file in files:
        try:
            context.load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError):
            message = f"{setting} names a file that cannot be read as certificates in PEM form"
            raise ConfigurationError(message) from None
    return context

"""Sending one small JSON document to an address that a firm chose."""

import httpx

from sources.errors import NotTakenError

from .exchange import certificates
from .hosts import host_of, webhook_origin
from .secret import Secret

SECONDS = 10.0
"""For each of: connecting, sending, and each piece of the answer."""


def post_document(address: Secret, document: bytes) -> None:
    """Send a JSON document by POST, once; the answer's body is not read.

    Redirects are not followed and proxies of the environment not used: the address is a secret.

    Raises:
        NotTakenError: it did not arrive, or was not taken; the message names the host alone.
        ConfigurationError: the address may not be used.
    """
    webhook_origin(address.reveal())
    host = host_of(address.reveal())
    headers = {"Content-Type": "application/json", "User-Agent": "clio-sync"}
    failure = ""
    try:
        with (
            httpx.Client(verify=certificates(), trust_env=False, timeout=SECONDS) as client,
            client.stream("POST", address.reveal(), content=document, headers=headers) as answer,
        ):
            if not answer.is_success:
                failure = f"{host} answered the notification with {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        failure = f"the notification did not reach {host} ({type(error).__name__})"
    # raised only here: httpx's exceptions carry the address
    if failure:
        raise NotTakenError(failure)

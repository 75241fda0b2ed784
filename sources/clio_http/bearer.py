"""The access token of one client: renewed once for all threads when Clio refuses it."""

import threading
from collections.abc import Callable, Mapping

from sources.errors import ClioError, SignInNeededError

from .redaction import register_secret
from .secret import Secret

Renew = Callable[[Secret], Secret]
"""Give a newer access token than the one that was refused; where it is kept is not known here.

Raises:
    ClioError: there is none.

"""


class Bearer:
    """Return the token to send, and asks for a newer one at most once for each that was good."""

    def __init__(self, token: Secret, renew: Renew | None = None) -> None:
        """Begin with a token; without `renew` it is the only one."""
        self._token = token
        self._renew = renew
        self._lock = threading.Lock()
        self._untried = False  # the token is a new one that Clio has not taken yet
        self._failure: ClioError | None = None
        register_secret(token)

    @property
    def token(self) -> Secret:
        """Return the token to send."""
        return self._token

    def headers(self, token: Secret) -> Mapping[str, str]:
        """Return the header of a request with a token."""
        # It goes into each request and not into the pool's defaults: nothing that is ever sent to
        # another address can inherit it.
        return {"Authorization": f"Bearer {token.reveal()}"}

    def accepted(self, token: Secret) -> None:
        """Note that Clio took this token."""
        if self._untried and token == self._token:
            self._untried = False

    def newer(self, refused: Secret, refusal: SignInNeededError) -> Secret:
        """Return a newer token than a refused one; threads that ask together get the same.

        Raises:
            ClioError: `refusal` if there is no other token, or why there is none.

        """
        if self._renew is None:
            raise refusal
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if refused == self._token:
                self._replace(self._renew, refusal)
            return self._token

    def _replace(self, renew: Renew, refusal: SignInNeededError) -> None:
        # A new token that is refused before it was ever good would be renewed for ever.
        self._failure = refusal
        if self._untried:
            raise refusal
        try:
            token = renew(self._token)
        except ClioError as error:
            self._failure = error
            raise
        register_secret(token)
        self._token, self._untried, self._failure = token, True, None

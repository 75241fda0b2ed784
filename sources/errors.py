"""What can go wrong at Clio's edge, grouped by what the caller should do.

* ClioError
  x fix the configuration and run again
    + ConfigurationError
    + VersionRetiredError
    + WriteRefusedError
  x sign in, then run again
    + SignInNeededError
      - GrantRefusedError
      - GatewayKeyError
      - GatewayConnectionError
  x let this collection fail and go on with the others
    + MissingScopeError
    + CollectionGoneError
    + RedirectRefusedError
      - MovedError               first ask again at `path`
    + ForeignHostError
    + RequestRefusedError
      - NotPassedOnError
      - ParameterRefusedError    first ask again without `parameters`, where that is harmless
  x change the request and go on
    + FieldsRefusedError         ask again without `fields`
    + PageTokenRefusedError      start this walk again from its first page
  x keep what is stored, end this walk, run again later
    + UnavailableError
      - UnreachableError
      - HangError
      - SilentError
      - AnswerLostError
      - RateLimitedError
      - UntrustedServerError
    + UnreadableAnswerError
    + BrokenWalkError
    + UnforeseenError
  x go on, and tell
    + UnreadError
    + NotTakenError
  x read the record again and show it to a person
    + RecordChangedError
  x stop at once
    + Interrupted
    + BudgetSpent

A message may hold path templates, status numbers, host names, field names and record ids. It
never holds query values, tokens, bodies or what is in a record: messages reach logs, traces and
reports.
"""

from typing import ClassVar


class ClioError(Exception):
    """Something went wrong while talking to Clio."""

    code: ClassVar[str] = "clio_error"
    hint: str = "Nothing was changed. Run the same command with --debug to see more."
    exit_code: ClassVar[int] = 1
    count: int = 1
    """How many findings it tells of."""

    def __init__(self, message: str = "") -> None:
        """Take the message, or else the first line of the class's docstring."""
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])


class ConfigurationError(ClioError):
    """The configuration cannot be used."""

    code = "configuration"
    hint = "Nothing was sent. Correct the setting that is named, then run the same command."
    exit_code = 2


class VersionRetiredError(ClioError):
    """Clio no longer offers the API version that was asked for."""

    code = "version_retired"
    hint = "Nothing was changed. Install a newer clio-sync, then run the same command."
    exit_code = 2


class WriteRefusedError(ClioError):
    """This is never written to Clio."""

    code = "write_refused"
    hint = "Nothing was sent. Only fields that clio-sync edits template shows are ever written."
    exit_code = 5


class SignInNeededError(ClioError):
    """Clio refused the access token."""

    code = "sign_in_needed"
    hint = (
        "What is stored stays as it is. Run clio-sync auth login; or, where the token comes from"
        " the setting sources.clio_manage.access_token, set that to a valid one of this region."
        " Then run the same command again."
    )
    exit_code = 3


class GrantRefusedError(SignInNeededError):
    """Clio no longer takes the code or the refresh token."""

    code = "grant_refused"
    hint = (
        "What is stored stays as it is, and the refused token is not sent again. Run clio-sync"
        " auth login, then the same command again."
    )


class GatewayKeyError(SignInNeededError):
    """The Maton gateway did not take the API key."""

    code = "gateway_key"
    hint = (
        "What is stored stays as it is. Set MATON_API_KEY to a valid key, which maton.ai/settings"
        " shows; clio-sync auth connections list tells whether it is taken. Then run the same"
        " command again."
    )


class GatewayConnectionError(SignInNeededError):
    """The Maton gateway has no connection to Clio that can be used."""

    code = "gateway_connection"
    hint = (
        "What is stored stays as it is. See with clio-sync auth connections list which there are;"
        " clio-sync auth connections create makes a new one. Where there are several, set"
        " sources.clio_manage.maton_connection to the id of the right one. Then run the same"
        " command again."
    )


class MissingScopeError(ClioError):
    """Clio does not allow this application or user to read the collection."""

    code = "missing_scope"
    hint = (
        "The other collections are not affected. Add the permission to the application in Clio, "
        "or ask for a role that may see it; then get a new token and run clio-sync load again."
    )
    exit_code = 4

    def of(self, scope: str) -> "MissingScopeError":
        """Name the scope that the collection needs, where Clio named none."""
        if not scope or "is missing" in str(self):
            return self
        named = MissingScopeError(f"{self}; it needs the scope {scope}")
        named.hint = self.hint
        return named


class CollectionGoneError(ClioError):
    """Clio does not know this collection or record."""

    code = "collection_gone"
    hint = (
        "What is stored stays as it is. If this account does not offer the collection, name it in"
        " the setting off of its product, such as sources.clio_manage.off."
    )
    exit_code = 4


class RedirectRefusedError(ClioError):
    """Clio pointed to another address, which was not followed."""

    code = "redirect_refused"
    hint = (
        "Nothing was sent there. Open a page in a browser on this machine, in case the network asks"
        " for a sign-in; else check the region and the base URL in the settings."
    )
    exit_code = 4


class MovedError(RedirectRefusedError):
    """Clio pointed to another path of the same API, more than once."""

    code = "moved"

    def __init__(self, message: str = "", path: str = "") -> None:
        """Take the message and the path, as it is written after the path of the API."""
        super().__init__(message)
        self.path = path


class ForeignHostError(ClioError):
    """The link to the next page points to a host that is not this Clio."""

    code = "foreign_host"
    hint = "Nothing was sent there and the watermark stays. Check the base URL in the settings."
    exit_code = 4


class RequestRefusedError(ClioError):
    """Clio refused the request as it was asked."""

    code = "request_refused"
    hint = (
        "What is stored stays as it is, and the other collections are not affected. A newer"
        " clio-sync may be needed; until then the collection can be named in"
        " sources.clio_manage.off."
    )
    exit_code = 4


class NotPassedOnError(RequestRefusedError):
    """The Maton gateway does not pass this request on to Clio."""

    code = "not_passed_on"
    hint = (
        "What is stored stays as it is, and the other collections are not affected. Load it without"
        " the gateway, or name it in sources.clio_manage.off."
    )


class ParameterRefusedError(RequestRefusedError):
    """Clio refused parameters that were asked with."""

    code = "parameter_refused"

    def __init__(
        self, message: str = "", parameters: tuple[str, ...] = (), fields: tuple[str, ...] = ()
    ) -> None:
        """Take the message, the names it may be about, and the fields that it may mean instead."""
        super().__init__(message)
        self.parameters = parameters
        self.fields = fields


class FieldsRefusedError(ClioError):
    """Clio refused fields that were asked for."""

    code = "fields_refused"
    hint = "Fields that Clio no longer offers are left out by the next clio-sync load."
    exit_code = 4

    def __init__(self, message: str = "", fields: tuple[str, ...] = ()) -> None:
        """Take the message and the refused names, such as `note` or `client.name`."""
        super().__init__(message)
        self.fields = fields


class PageTokenRefusedError(ClioError):
    """Clio no longer accepts the page token that was saved."""

    code = "page_token_refused"
    hint = "Run clio-sync load again: the walk starts from its first page."
    exit_code = 4


class UnavailableError(ClioError):
    """Clio could not be reached, or answered with an error each time."""

    code = "unavailable"
    hint = "What is stored stays as it is. Run the same command again later."
    exit_code = 4


class UnreachableError(UnavailableError):
    """No connection to Clio could be made, so nothing was sent."""

    code = "unreachable"


class HangError(UnavailableError):
    """A request was sent, and no answer came in time."""

    code = "hang"


class SilentError(UnavailableError):
    """Several lists in a row got no answer, so this one was not asked for any further."""

    code = "silent"
    hint = (
        "Clio or the network does not answer. What is stored stays as it is. Run the same command"
        " again later."
    )


class AnswerLostError(UnavailableError):
    """A request that may have had its effect was sent, and no usable answer came."""

    code = "answer_lost"
    hint = (
        "What is stored stays as it is. Run the same command again: it finds out what came of it."
    )


class RateLimitedError(UnavailableError):
    """Clio kept answering that there were too many requests."""

    code = "rate_limited"
    hint = "Another integration may be using the same sign-in. Run the same command again later."


class UntrustedServerError(UnavailableError):
    """The server could not prove that it is Clio."""

    code = "untrusted_server"
    hint = "Nothing was sent. Check the network (a sign-in page, a proxy) and this machine's clock."


class UnreadableAnswerError(ClioError):
    """Clio's answer could not be read, each time it was asked for."""

    code = "unreadable_answer"
    hint = "Nothing of it was stored. Run the same command again later."
    exit_code = 4


class BrokenWalkError(ClioError):
    """The list could not be read to a proven end."""

    code = "broken_walk"
    hint = "The watermark stays, so nothing is skipped. Run clio-sync load again."
    exit_code = 4


class UnforeseenError(ClioError):
    """What Clio answered could not be worked on."""

    code = "unforeseen"
    hint = (
        "This is a fault of clio-sync; the other lists are stored, and the watermark of this one"
        " stays. Report the place that is named, and run a later version of clio-sync."
    )


class UnreadError(ClioError):
    """Something that is there in Clio could not be read; all else is stored."""

    code = "unread"
    hint = (
        "The rest is stored, and what is stored of it stays. It is asked for again after an hour,"
        " then ever more rarely; clio-sync load --full asks at once. Until then it is a warning."
    )
    exit_code = 4


class NotTakenError(ClioError):
    """The notification did not arrive."""

    code = "notification"
    hint = (
        "The run ended as it would have without it. See whether clio_sync.notify_url is right and"
        " can be reached from this machine."
    )
    exit_code = 4


class RecordChangedError(ClioError):
    """The record changed in Clio after it was read."""

    code = "record_changed"
    hint = "Nothing was written. Load again and look at the record before deciding."
    exit_code = 6


class Interrupted(ClioError):  # noqa: N818 - an order to stop, not a fault
    """The run was asked to stop."""

    code = "interrupted"
    hint = "What was loaded stays. Run the same command again to go on."
    exit_code = 130


class BudgetSpent(ClioError):  # noqa: N818 - a bound that was asked for, not a fault
    """The requests that this run was allowed are spent."""

    code = "budget_spent"
    hint = "What was read is stored. Run the same command again to go on."
    exit_code = 0

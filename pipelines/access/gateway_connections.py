"""The connections to Clio that the Maton gateway keeps: list, create, show, delete."""

from collections.abc import Callable, Sequence
from typing import Any, TextIO

from pipelines.context import Context
from pipelines.errors import NotConfirmedError
from pipelines.outcome import Outcome, table
from sources.clio_http.connections import Connection, Connections

from .prompt import line
from .signed_in import gateway

Sure = Callable[[Connection], bool]
"""Tells whether a connection may be deleted."""

_HEADINGS = ("connection", "status", "created", "updated")
_YES = frozenset({"y", "yes"})


def run_list(context: Context) -> Outcome:
    """Show all connections to Clio.

    Raises:
        ConfigurationError: no gateway is configured.
        ClioError: the gateway refused, or could not be reached.

    """
    return _outcome(context, "list", _connections(context).listed())


def run_show(context: Context, connection_id: str) -> Outcome:
    """Show one connection; raises as `run_list`, and GatewayConnectionError if there is none."""
    return _outcome(context, "show", [_connections(context).one(connection_id)])


def run_create(context: Context) -> Outcome:
    """Make a connection and show the page on which a person signs in; raises as `run_list`."""
    made = _connections(context).create()
    outcome = _outcome(context, "create", [made])
    outcome.results = [{**row, "url": made.url} for row in outcome.results]
    outcome.text += (
        f"\nOpen this page in a browser and sign in to Clio:\n\n  {made.url}\n\n"
        f"Then clio-sync auth connections show {made.id} tells ACTIVE. Where the key has several\n"
        "connections, set sources.clio_manage.maton_connection to the one that is meant.\n"
    )
    return outcome


def run_delete(context: Context, connection_id: str, sure: Sure) -> Outcome:
    """Make the gateway forget a connection, if `sure` says so.

    Raises:
        NotConfirmedError: it did not; nothing was changed.
        ClioError: as `run_show`.

    """
    connections = _connections(context)
    found = connections.one(connection_id)
    if not sure(found):
        message = f"connection {found.id} was not deleted: nobody said yes"
        raise NotConfirmedError(message)
    connections.delete(found.id)
    outcome = _outcome(context, "delete", [found])
    outcome.results = [{**row, "status": "DELETED"} for row in outcome.results]
    outcome.text = f"Connection {found.id} is deleted at the gateway.\n"
    return outcome


def asked(context: Context, stream: TextIO) -> Sure:
    """Ask a person at a terminal; anything but yes, and anything but a terminal, means no."""

    def sure(found: Connection) -> bool:
        if not stream.isatty():
            return False
        context.reporter.note(
            f"Delete connection {found.id} ({found.status})? Whoever uses it loses the way to Clio"
            " through the gateway. [y/N]"
        )
        return line(context.stop, stream).strip().lower() in _YES

    return sure


def _connections(context: Context) -> Connections:
    return Connections(gateway(context), context.clock, context.stop)


def _outcome(context: Context, name: str, found: Sequence[Connection]) -> Outcome:
    outcome = Outcome(f"auth connections {name}", context.clock.now())
    outcome.results = [_shown(each) for each in found]
    cells = [(each.id, each.status, each.created_at, each.updated_at) for each in found]
    outcome.text = table(_HEADINGS, cells) + "\n"
    if not found:
        outcome.text = (
            "There is no connection to Clio. Make one: clio-sync auth connections create\n"
        )
    outcome.finished_at = context.clock.now()
    return outcome


def _shown(found: Connection) -> dict[str, Any]:
    """Describe a connection without the page that signs in by it."""
    return {
        "connection_id": found.id,
        "status": found.status,
        "app": found.app,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
    }

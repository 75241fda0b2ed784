"""The connections to Clio that the Maton gateway keeps: list, create, show, delete."""

from collections.abc import Sequence
from typing import TextIO

from pipelines.context import Context
from pipelines.errors import NotConfirmedError
from pipelines.outcome import Outcome, table
from sources.clio_http.connections import Connection, Connections
from sources.errors import ConfigurationError

from .auth import line

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


def run_delete(context: Context, connection_id: str, typed: TextIO | None = None) -> Outcome:
    """Make the gateway forget a connection, if what is typed says yes; without it nobody is asked.

    Raises:
        NotConfirmedError: it does not; nothing was changed.
        ClioError: as `run_show`.

    """
    connections = _connections(context)
    found = connections.one(connection_id)
    if typed is not None and not _says_yes(context, typed, found):
        message = f"connection {found.id} was not deleted: nobody said yes"
        raise NotConfirmedError(message)
    connections.delete(found.id)
    outcome = _outcome(context, "delete", [found])
    outcome.results = [{**row, "status": "DELETED"} for row in outcome.results]
    outcome.text = f"Connection {found.id} is deleted at the gateway.\n"
    return outcome


def _says_yes(context: Context, typed: TextIO, found: Connection) -> bool:
    """Ask a person at a terminal; anything but yes, and anything but a terminal, means no."""
    if not typed.isatty():
        return False
    context.reporter.note(
        f"Delete connection {found.id} ({found.status})? Whoever uses it loses the way to Clio"
        " through the gateway. [y/N]"
    )
    return line(context.stop, typed).strip().lower() in _YES


def _connections(context: Context) -> Connections:
    gateway = context.settings.sources["clio_manage"].gateway
    if gateway is None:
        message = 'sources.clio_manage.gateway must be set to "maton" for this command'
        raise ConfigurationError(message)
    return Connections(gateway, context.clock, context.stop)


def _outcome(context: Context, name: str, found: Sequence[Connection]) -> Outcome:
    outcome = Outcome(f"auth connections {name}", context.clock.now())
    # without the page that signs in by it
    named = ("status", "app", "created_at", "updated_at")
    outcome.results = [
        {"connection_id": each.id, **{name: getattr(each, name) for name in named}}
        for each in found
    ]
    cells = [(each.id, each.status, each.created_at, each.updated_at) for each in found]
    outcome.text = table(_HEADINGS, cells) + "\n"
    if not found:
        outcome.text = (
            "There is no connection to Clio. Make one: clio-sync auth connections create\n"
        )
    return outcome

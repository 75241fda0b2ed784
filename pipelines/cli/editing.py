"""The commands that propose corrections of records in Clio, and look at them."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import call, common, main

if TYPE_CHECKING:
    from pipelines.edits.propose import Work
    from pipelines.outcome import Outcome

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _work(stop: threading.Event) -> "Work":
    from pipelines.config import read_settings
    from pipelines.edits.propose import Work
    from sources.clio_http.clock import SystemClock

    return Work(read_settings(), SystemClock(stop))


@main.group()
def edits() -> None:
    """Propose corrections of records in Clio. Nothing is sent before it is planned and approved.

    \b
    Examples:
      clio-sync edits propose matters 1234567 status=closed --reason "settled in March"
      clio-sync edits template contacts --out contacts.csv
      clio-sync edits import contacts.csv
      clio-sync edits list
    """


@edits.command("propose")
@click.argument("resource")
@click.argument("record_id", metavar="ID")
@click.argument("assignments", metavar="FIELD=VALUE...", nargs=-1, required=True)
@click.option("--reason", required=True, metavar="R", help="Why; the approver reads it.")
@common
def edits_propose(  # noqa: PLR0913, PLR0917 - one parameter for each option
    resource: str,
    record_id: str,
    assignments: tuple[str, ...],
    reason: str,
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Propose new values for fields of one record; <clear> as a value empties the field.

    References are written responsible_attorney.id=ID, an element of a list
    phone_numbers[ID].number=TEXT, a custom field custom_field_values[NAME or ID]=VALUE. A record
    of Clio Grow is named grow.contacts or grow.matters.

    \b
    Examples:
      clio-sync edits propose matters 1234567 status=closed --reason "settled in March"
      clio-sync edits propose tasks 7654321 priority=High "due_at=<clear>" --reason "court moved"
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.edits.assignments import assigned
        from pipelines.edits.propose import run_proposal

        wanted = assigned(resource, record_id, assignments, reason)
        return run_proposal(_work(stop), "edits propose", lambda _: wanted)

    call("edits propose", body, as_json=as_json, debug=debug)


@edits.command("import")
@click.argument("path", metavar="FILE", type=FILE)
@click.option("--reason", default="", metavar="R", help="The reason of rows that give none.")
@common
def edits_import(path: Path, reason: str, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Propose what a CSV file or a workbook wants: resource,id,field,new_value,reason.

    All rows or none: what is wrong is told by row and column. A row without a new value changes
    nothing; <clear> empties the field.

    \b
    Examples:
      clio-sync edits import contacts.csv
      clio-sync edits import contacts.xlsx --reason "yearly clean-up" --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.edits.import_file import imported
        from pipelines.edits.propose import run_proposal

        found = imported(path, reason)
        return run_proposal(_work(stop), "edits import", lambda _: found)

    call("edits import", body, as_json=as_json, debug=debug)


@edits.command("template")
@click.argument("resource")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The .csv or .xlsx file to write; it must not be there yet.",
)
@click.option(
    "--fields",
    "names",
    multiple=True,
    metavar="FIELD",
    help="Only this field, such as status or phone_numbers[].number.",
)
@click.option(
    "--where", default="", metavar="SQL", help="Only records of which this is true, in SQL."
)
@common
def edits_template(  # noqa: PLR0913, PLR0917 - one parameter for each option
    resource: str,
    out: Path,
    names: tuple[str, ...],
    where: str,
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Write a file that shows what may be edited, a row for each field, to fill in and import.

    \b
    Examples:
      clio-sync edits template contacts --out contacts.csv
      clio-sync edits template matters --fields status --where "billable" --out matters.xlsx
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.edits.assignments import listed
        from pipelines.edits.template import TemplateChoice, run_template

        chosen = tuple(name for text in names for name in listed(text))
        return run_template(_work(stop), TemplateChoice(resource, chosen, where), out)

    call("edits template", body, as_json=as_json, debug=debug)


@edits.command("run")
@click.argument("name", metavar="QUERY")
@common
def edits_run(name: str, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Propose what a query over the warehouse wants: resource, id, field, new_value, reason.

    It is one that came with clio-sync (close_closable_matters, normalise_phone_numbers,
    set_responsible_attorney), or proposals/QUERY.sql in the data folder.

    \b
    Example:
      clio-sync edits run close_closable_matters
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.edits.import_query import queried
        from pipelines.edits.propose import run_proposal

        return run_proposal(_work(stop), "edits run", lambda desk: queried(desk, name))

    call("edits run", body, as_json=as_json, debug=debug)


@edits.command("list")
@click.option("--state", "states", multiple=True, metavar="STATE", help="Only edits in this state.")
@click.option("--all", "every", is_flag=True, help="Also edits that are settled.")
@common
def edits_list(
    states: tuple[str, ...],
    every: bool,  # noqa: FBT001 - click passes flags by name
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """List the edits that wait for something.

    \b
    Examples:
      clio-sync edits list
      clio-sync edits list --state conflicted --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.edits.listing import run_list
        from pipelines.errors import CommandLineError
        from pipelines.plan.outcomes import State

        unknown = [state for state in states if state not in set(State)]
        if unknown:
            message = f"there is no such state; valid are {', '.join(State)}"
            raise CommandLineError(message)
        return run_list(_work(stop), states, every=every)

    call("edits list", body, as_json=as_json, debug=debug)


@edits.command("show")
@click.argument("edit_id", metavar="ID")
@common
def edits_show(edit_id: str, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Show one edit, and everything that happened to it.

    \b
    Example:
      clio-sync edits show 3f0c9a41b7d2
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.edits.listing import run_show

        return run_show(_work(stop), edit_id)

    call("edits show", body, as_json=as_json, debug=debug)


@edits.command("withdraw")
@click.argument("edit_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", default="", metavar="R", help="Why it is taken back.")
@common
def edits_withdraw(
    edit_ids: tuple[str, ...],
    reason: str,
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Take edits back that were not sent yet.

    \b
    Example:
      clio-sync edits withdraw 3f0c9a41b7d2 --reason "the client called"
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.edits.listing import run_withdraw

        return run_withdraw(_work(stop), edit_ids, reason)

    call("edits withdraw", body, as_json=as_json, debug=debug)

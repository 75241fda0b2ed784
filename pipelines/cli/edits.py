"""`clio-sync edits`: propose corrections of records in Clio, and look at them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import FILE, command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.edits.edit import Gathered
    from pipelines.edits.validate import EditContext
    from pipelines.outcome import Outcome

SHEET = click.Path(exists=True, dir_okay=False, path_type=Path)


@main.group()
def edits() -> None:
    """Propose corrections of records in Clio.

    Nothing is sent before it is planned and approved.

    \b
    Examples:
      clio-sync edits propose matters 1234567 status=closed --reason "settled in March"
      clio-sync edits template contacts --out contacts.csv
      clio-sync edits import contacts.csv
      clio-sync edits list
    """


@command(edits, "propose")
@click.argument("resource")
@click.argument("record_id", metavar="ID|KEY=VALUE")
@click.argument("assignments", metavar="FIELD=VALUE...", nargs=-1, required=True)
@click.option("--reason", required=True, metavar="R", help="Why; the approver reads it.")
def edits_propose(
    context: "Context", *, resource: str, record_id: str, assignments: tuple[str, ...], reason: str
) -> "Outcome":
    """Propose new values for fields of one record.

    <clear> as a value empties the field. Hours are written 1.5h, 90m, 5400s or 1:30; references
    responsible_attorney.id=ID, an element of a list phone_numbers[ID].number=TEXT, a custom field
    custom_field_values[NAME or ID]=VALUE; text:Null is a text that would not be taken for one. The
    record is named by its id; of contacts also email=ADDRESS or name=NAME, of matters
    display_number=NUMBER, where one record alone has it. One of Clio Grow is of grow.contacts or
    grow.matters.

    \b
    Examples:
      clio-sync edits propose matters 1234567 status=closed --reason "settled in March"
      clio-sync edits propose tasks 7654321 priority=High "due_at=<clear>" --reason "court moved"
      clio-sync edits propose contacts email=jane@x.org title=Dr --reason "she told us"
    """
    from pipelines.edits.assignments import assigned
    from pipelines.edits.finding import found
    from pipelines.edits.propose import run_proposal

    assigned(resource, record_id, assignments, reason)

    def gather(at: "EditContext") -> "Gathered":
        return assigned(resource, found(at, resource, record_id), assignments, reason)

    return run_proposal(context, "edits propose", gather)


@command(edits, "import")
@click.argument("path", metavar="FILE", type=SHEET)
@click.option("--reason", default="", metavar="R", help="The reason of rows that give none.")
def edits_import(context: "Context", *, path: Path, reason: str) -> "Outcome":
    """Propose the changes of a CSV file or a workbook.

    Its columns are resource,id,field,new_value,reason, or those of a wide template. All rows or
    none: what is wrong is told by row and column. A row without a new value changes nothing;
    <clear> empties the field.

    \b
    Examples:
      clio-sync edits import contacts.csv
      clio-sync edits import contacts.xlsx --reason "yearly clean-up" --json
    """
    from pipelines.edits.propose import run_proposal
    from pipelines.edits.read_sheet import imported

    found = imported(path, reason)
    return run_proposal(context, "edits import", lambda _: found)


@command(edits, "template")
@click.argument("resource")
@click.option(
    "--out",
    required=True,
    type=FILE,
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
@click.option("--wide", is_flag=True, help="A row for each record, a column for each field.")
def edits_template(  # noqa: PLR0913 - one parameter for each option
    context: "Context",
    *,
    resource: str,
    out: Path,
    names: tuple[str, ...],
    where: str,
    wide: bool,
) -> "Outcome":
    """Write a file of what may be edited, to fill in.

    It has a row for each field, or with --wide a row for each record, and can be imported.

    \b
    Examples:
      clio-sync edits template contacts --out contacts.csv
      clio-sync edits template matters --fields status --where "billable" --out matters.xlsx
      clio-sync edits template contacts --wide --out contacts.xlsx
    """
    from pipelines.edits.assignments import listed
    from pipelines.edits.template import TemplateChoice, run_template

    chosen = tuple(name for text in names for name in listed(text))
    return run_template(context, TemplateChoice(resource, chosen, where, wide), out)


@command(edits, "run")
@click.argument("name", metavar="QUERY")
def edits_run(context: "Context", *, name: str) -> "Outcome":
    """Propose the changes that a query returns.

    Its columns are resource, id, field, new_value, reason. It is one that came with clio-sync
    (close_closable_matters, normalise_phone_numbers, set_responsible_attorney), or
    proposals/QUERY.sql in the data folder.

    \b
    Example:
      clio-sync edits run close_closable_matters
    """
    from pipelines.edits.import_query import queried
    from pipelines.edits.propose import run_proposal

    return run_proposal(context, "edits run", lambda at: queried(at, name))


@command(edits, "list")
@click.option("--state", "states", multiple=True, metavar="STATE", help="Only edits in this state.")
@click.option("--all", "every", is_flag=True, help="Also edits that are settled.")
def edits_list(context: "Context", *, states: tuple[str, ...], every: bool) -> "Outcome":
    """List the edits that wait for something.

    \b
    Examples:
      clio-sync edits list
      clio-sync edits list --state conflicted --json
    """
    from pipelines.edits.listing import run_list
    from pipelines.errors import CommandLineError
    from pipelines.plan.outcomes import State

    unknown = [state for state in states if state not in set(State)]
    if unknown:
        message = f"there is no such state; valid are {', '.join(State)}"
        raise CommandLineError(message)
    return run_list(context, states, every=every)


@command(edits, "show")
@click.argument("edit_id", metavar="ID")
def edits_show(context: "Context", *, edit_id: str) -> "Outcome":
    """Show one edit, and everything that happened to it.

    \b
    Example:
      clio-sync edits show 3f0c9a41b7d2
    """
    from pipelines.edits.listing import run_show

    return run_show(context, edit_id)


@command(edits, "withdraw")
@click.argument("edit_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", default="", metavar="R", help="Why it is taken back.")
def edits_withdraw(context: "Context", *, edit_ids: tuple[str, ...], reason: str) -> "Outcome":
    """Take edits back that were not sent yet.

    \b
    Example:
      clio-sync edits withdraw 3f0c9a41b7d2 --reason "the client called"
    """
    from pipelines.edits.listing import run_withdraw

    return run_withdraw(context, edit_ids, reason)


@command(edits, "rebase")
@click.argument("edit_ids", metavar="EDIT...", nargs=-1, required=True)
def edits_rebase(context: "Context", *, edit_ids: tuple[str, ...]) -> "Outcome":
    """Propose edits in conflict again.

    Those where only other fields of the record were changed. They need a new plan and a new
    approval.

    \b
    Example:
      clio-sync edits rebase 7be1f00c2a9d
    """
    from pipelines.push.rebase import run_rebase

    return run_rebase(context, edit_ids)

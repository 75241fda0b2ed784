"""`edits run`: the queries that come with the program, and those that a user writes."""

from pathlib import Path

import pytest

from pipelines.edits.import_query import proposals
from pipelines.errors import EditRefusedError, QueryError
from tests.system.firm import Firm
from tests.system.proposing import IDLE, ask, made, propose, refused, template, told

pytestmark = pytest.mark.long

SHIPPED = ["close_closable_matters", "normalise_phone_numbers", "set_responsible_attorney"]


@pytest.fixture
def firm(unedited: Firm) -> Firm:
    """Return a loaded firm without any edit, and without queries of a user."""
    for path in unedited.folder.glob("proposals/*"):
        path.unlink()
    return unedited


def write(firm: Firm, name: str, text: str) -> None:
    """Put a query into the data folder."""
    (firm.folder / "proposals").mkdir(exist_ok=True)
    (firm.folder / "proposals" / f"{name}.sql").write_text(text)


def test_queries_that_come_with_the_program(firm: Firm) -> None:
    """They are found wherever it is run from."""
    assert sorted(proposals(firm.folder)) == SHIPPED


def test_closable_matters_are_closed(firm: Firm) -> None:
    """The one in which nothing is open; not one with a task, unbilled work, an unpaid bill or
    money, and none that is closed already.
    """
    outcome = ask(firm, "close_closable_matters")
    assert made(outcome) == [("status", "open", "closed")]
    (edit,) = outcome.results
    assert (edit["record_id"], edit["origin"]) == (str(IDLE), "query close_closable_matters")
    assert edit["reason"].startswith("nothing is open in it")


@pytest.mark.parametrize(
    "change",
    [
        (
            "update raw_clio_manage.tasks set status = 'pending', matter__id = $1 where id ="
            " (select min(id) from raw_clio_manage.tasks)"
        ),
        (
            "update raw_clio_manage.activities set billed = false, non_billable = false,"
            " matter__id = $1 where id = (select min(id) from raw_clio_manage.activities)"
        ),
        (
            "update raw_clio_manage.bills set state = 'awaiting_payment',"
            " matters = json_array(json_object('id', $1::bigint))"
            " where id = (select min(id) from raw_clio_manage.bills)"
        ),
        (
            "update raw_clio_manage.matters set account_balances ="
            " json_array(json_object('balance', 0.01)) where id = $1"
        ),
        "update raw_clio_manage.matters set last_activity_date = current_date - 179 where id = $1",
        (
            "insert into meta.tombstones values"
            " ('clio_manage', 'matters', $1::varchar, now(), 'test', null)"
        ),
    ],
)
def test_a_matter_in_which_something_is_open_stays(firm: Firm, tmp_path: Path, change: str) -> None:
    """Each condition alone keeps it from being proposed."""
    copied = tmp_path / "data"
    copied.mkdir(mode=0o700)
    (copied / "warehouse.duckdb").write_bytes((firm.folder / "warehouse.duckdb").read_bytes())
    other = Firm(firm.clio, copied)
    assert len(ask(other, "close_closable_matters").results) == 1
    for path in copied.glob("ledger*"):
        path.unlink()
    with other.writable() as warehouse:
        warehouse.execute(change, [IDLE])
    assert ask(other, "close_closable_matters").results == []


def test_the_originating_attorney_becomes_responsible(firm: Firm) -> None:
    """Where nobody is."""
    (edit,) = ask(firm, "set_responsible_attorney").results
    matter = next(m for m in firm.clio.dump("matters") if m["id"] == 2_000_005)
    assert (edit["record_id"], edit["base"]) == ("2000005", None)
    assert edit["new_value"] == matter["originating_attorney"]["id"]


def test_phone_numbers_are_written_in_one_way(firm: Firm) -> None:
    """By the id of the element; one with an extension is left alone."""
    (edit,) = ask(firm, "normalise_phone_numbers").results
    contact = next(c for c in firm.clio.dump("contacts") if str(c["id"]) == edit["record_id"])
    assert edit["field"] == f"phone_numbers[{contact['phone_numbers'][0]['id']}].number"
    assert (edit["base"], edit["new_value"]) == ("(604) 555-0100", "+16045550100")


def test_a_query_twice_proposes_nothing_more(firm: Firm) -> None:
    """The open edit of the first time stands in its way, and is named."""
    assert len(ask(firm, "normalise_phone_numbers").results) == 1
    assert "has an open edit" in refused(ask(firm, "normalise_phone_numbers"))


def test_a_query_of_the_user(firm: Firm) -> None:
    """Any columns besides; numbers, dates and booleans as SQL has them; null changes nothing."""
    write(
        firm,
        "mine",
        "select 'matters' as resource, 2000001 as id, 'because' as reason, u.*, 1 as more from ("
        " select 'open_date' as field, date '2026-02-28'::varchar as new_value"
        " union all select 'billable', (not billable)::varchar from raw_clio_manage.matters"
        "   where id = 2000001"
        " union all select 'location', null) u order by field",
    )
    outcome = ask(firm, "mine")
    assert [field for field, _, _ in made(outcome)] == ["billable", "open_date"]
    assert "1 row without a new value" in outcome.text
    write(firm, "typed", "select 'activities' as resource, 1 as id, 'price' as field,"
          " 1.5::double as new_value, 'x' as reason")  # fmt: skip
    assert "is a float; cast it to text or decimal" in refused(ask(firm, "typed"))


def test_a_row_that_cannot_be_is_told_by_its_number(firm: Firm) -> None:
    """And nothing of the query is proposed."""
    write(firm, "bad", "select 'matters' as resource, 2000001 as id, 'status' as field, s as"
          " new_value, 'x' as reason from (values ('closed'), ('gone')) t(s)")  # fmt: skip
    assert "row 2, column new_value" in told(ask(firm, "bad"))[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("selct 1", "syntax error"),
        ("select nothing from raw_clio_manage.matters", "not found"),
        ("select 1; select 2", "one SELECT"),
        ("update raw_clio_manage.matters set location = 'x'", "one SELECT"),
        ("attach '/tmp/x.duckdb' as x", "one SELECT"),
        ("copy (select 1) to 'out.csv'", "one SELECT"),
        ("set lock_configuration = false", "one SELECT"),
        ("install httpfs", "one SELECT"),
        ("select * from read_csv('/etc/passwd')", "PermissionException"),
        ("select * from '/etc/passwd'", "cannot be run"),
        ("select * from read_text('.dlt/secrets.toml')", "PermissionException"),
        ("select getenv('HOME')", "cannot be run"),
        ("select name::integer as x from raw_clio_manage.contacts", "ConversionException"),
    ],
)
def test_a_query_reaches_nothing_but_the_warehouse(firm: Firm, text: str, words: str) -> None:
    """No other file, no change, no second statement; and what it says quotes no record."""
    write(firm, "evil", text)
    with pytest.raises(QueryError) as error:
        ask(firm, "evil")
    assert words in str(error.value)
    names = {
        word for c in firm.clio.dump("contacts") for word in c["name"].split() if len(word) > 4
    }
    assert not any(name in str(error.value) for name in names)


def test_a_query_lacks_a_column_or_is_unknown(firm: Firm) -> None:
    """Both are told with what is right."""
    write(firm, "short", "select 'matters' as resource, 1 as id")
    with pytest.raises(EditRefusedError, match="gives no column field"):
        ask(firm, "short")
    with pytest.raises(EditRefusedError, match="valid are close_closable_matters"):
        ask(firm, "../short")


@pytest.mark.parametrize("resource", ["bills", "trust_line_items", "users", "line_items"])
def test_a_query_cannot_propose_money(firm: Firm, resource: str) -> None:
    """Nor can any other that is never written."""
    write(firm, "money", f"select '{resource}' as resource, 1 as id, 'state' as field,"
          " 'void' as new_value, 'x' as reason")  # fmt: skip
    assert f"records of {resource} cannot be edited" in refused(ask(firm, "money"))


def test_a_condition_of_a_template_is_no_more_than_that(firm: Firm, tmp_path: Path) -> None:
    """It can neither end the query nor reach a file."""
    for condition in (
        "true) t; select 1 from (select 1",
        "id in (select 1 from read_csv('/etc/passwd'))",
        "nothing = 1",
    ):
        with pytest.raises(QueryError):
            template(firm, tmp_path / "x.csv", "matters", where=condition)
    assert not (tmp_path / "x.csv").exists()
    assert propose(firm, "matters", 2_000_001, "location=x").exit_code == 0

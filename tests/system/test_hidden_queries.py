"""A query of proposals that reads what is hidden, withheld or never read proposes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import EditRefusedError, QueryError
from sources.clio_simulator import Simulator
from tests.system.firm import Firm
from tests.system.plain_engine import plain_engine
from tests.system.proposing import ask
from tests.system.writing import SEED

LOADED = ("contacts", "matters", "tasks", "activities", "bills", "users")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Return a loaded firm."""
    with plain_engine(), Simulator(SEED, rate_limit=0) as clio:
        firm = Firm(clio, tmp_path_factory.mktemp("queries") / "data")
        assert firm.load(*LOADED).exit_code == 0
        (firm.folder / "proposals").mkdir()
        yield firm


@pytest.fixture
def firm(loaded: Firm) -> Iterator[Firm]:
    """Return it, and put it back as it was."""
    yield loaded
    loaded.options.clear()
    with loaded.writable() as warehouse:
        warehouse.execute("delete from meta.withheld; delete from meta.inputs")


def write(folder: Path, text: str) -> str:
    """Put a query into the data folder; gives its name."""
    (folder / "proposals" / "mine.sql").write_text(text)
    return "mine"


ONE = "insert into meta.withheld values ('clio_manage', $1, '7', $2, now(), 'x', false, true)"
MARK = "insert into meta.withheld values ('clio_manage', $1, null, $2, now(), 'x', false, true)"
INPUT = "insert into meta.inputs values ('clio_manage', $1, null, $2, 'forbidden (403)')"


def refusal(firm: Firm, name: str) -> str:
    """Return why a query is refused."""
    with pytest.raises(EditRefusedError) as refused:
        ask(firm, name)
    return f"{refused.value.exit_code} {refused.value}"


@pytest.mark.parametrize("setting", ["exclude_columns", "hash_columns"])
def test_a_hidden_column(firm: Firm, setting: str) -> None:
    """Without the status of tasks every task would look closed, and matters would be closed."""
    firm.options[setting] = ("tasks.status",)
    words = refusal(firm, "close_closable_matters")
    assert words.startswith("2 the query reads tasks.status, which is left out or hashed")
    assert ask(firm, "set_responsible_attorney").exit_code == 0


def test_a_withheld_column(firm: Firm) -> None:
    """A column that is withheld is told with what to look at in Clio."""
    with firm.writable() as warehouse:
        warehouse.execute(MARK, ["matters", "account_balances"])
    words = refusal(firm, "close_closable_matters")
    assert words.startswith("5 the query reads matters.account_balances, which is withheld")
    assert "the permission for accounts and balances" in words


def test_a_column_of_one_record(firm: Firm) -> None:
    """The one that is withheld may be the one that a query looks for."""
    with firm.writable() as warehouse:
        warehouse.execute(ONE, ["matters", "account_balances"])
    words = refusal(firm, "close_closable_matters")
    assert words.startswith("5 the query reads matters.account_balances, which is withheld")
    assert "of 1 record" in words
    assert ask(firm, "set_responsible_attorney").exit_code == 0


def test_a_collection_that_is_refused_and_contradicts_the_rest(firm: Firm) -> None:
    """What is left of it is of another day."""
    with firm.writable() as warehouse:
        warehouse.execute(INPUT, ["bills", "behind"])
    words = refusal(firm, "close_closable_matters")
    assert words == "5 the query reads bills, which cannot be read any more: forbidden (403)"


def test_a_product_that_was_never_loaded(firm: Firm) -> None:
    """Its tables may be there, and are empty."""
    query = "select id from raw_clio_manage.matters where id not in (select id from"
    words = refusal(firm, write(firm.folder, f"{query} raw_clio_grow.matters)"))
    assert words == (
        "5 the query reads matters, which was never read whole: its product was never loaded here"
    )


@pytest.mark.parametrize(
    ("query", "reads"),
    [
        ("select matter_id as id from core.fct_bill", "core.fct_bill, whose rows"),
        ("select b.Balance from core.DIM_MATTER as b", "core.dim_matter, whose column balance"),
        ("with x as (select * from core.dim_matter) select balance from x", "column balance"),
        ("select matter_id from core.dim_matter", ""),
        ("select balance from core.dim_contact", ""),
    ],
)
def test_a_model_that_rests_on_what_is_not_known(firm: Firm, query: str, reads: str) -> None:
    """The last build said of its rows, with an empty name, and of its columns what is not known."""
    with firm.writable() as warehouse:
        warehouse.execute(
            "create or replace table meta.not_known as select * from (values"
            " ('core.fct_bill', '', 'clio_manage.bills'),"
            " ('core.dim_matter', 'balance', 'clio_manage.bills')) t(model, column_name, source)"
        )
    try:
        words = refusal(firm, write(firm.folder, query))
    except QueryError as error:
        # such a table is not here: the query was run
        words = str(error)
    finally:
        with firm.writable() as warehouse:
            warehouse.execute("drop table meta.not_known")
    assert reads in words
    assert ("rest on what is not known: clio_manage.bills" in words) is bool(reads)


@pytest.mark.parametrize("state", ["never", "off"])
def test_a_collection_that_was_never_read(firm: Firm, state: str) -> None:
    """Where bills are forbidden no matter has an unpaid one: the query is not run."""
    with firm.writable() as warehouse:
        warehouse.execute(INPUT, ["bills", state])
    words = refusal(firm, "close_closable_matters")
    assert words == "5 the query reads bills, which was never read whole: forbidden (403)"


def test_a_collection_that_is_a_little_behind(firm: Firm) -> None:
    """One that was read whole once may be asked, as of then."""
    with firm.writable() as warehouse:
        warehouse.execute(INPUT, ["bills", "incomplete"])
    assert ask(firm, "close_closable_matters").exit_code == 0


@pytest.mark.parametrize(
    ("query", "reads"),
    [
        ("select name from raw_clio_manage.contacts", True),
        ("select c.NAME from raw_clio_manage.contacts c", True),
        ("with a as (select * from raw_clio_manage.contacts) select name from a", True),
        ("select name from staging.stg_manage__contacts", True),
        ("select u.name from raw_clio_manage.users u, raw_clio_manage.contacts c", False),
        ("select name from raw_clio_manage.users", False),
        ("select id from raw_clio_manage.contacts", False),
    ],
)
def test_which_columns_a_query_reads(firm: Firm, query: str, *, reads: bool) -> None:
    """A column counts where it may be the hidden one; that of another table does not."""
    firm.options["hash_columns"] = ("contacts.name",)
    words = refusal(firm, write(firm.folder, query))
    assert ("reads contacts.name" in words) is reads

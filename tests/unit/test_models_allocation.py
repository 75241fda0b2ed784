"""Payments over the lines of bills: Clio's published examples, refunds, odd cents, no lines."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.mini_firm import MiniFirm, empty_firm
from tests.unit.mini_records import ANN, BEN

pytestmark = pytest.mark.long

SERVICE, EXPENSE = "Service", "Expense"


def _bill(firm: MiniFirm, key: int, total: float) -> None:
    row = {"id": key, "number": str(key), "state": "awaiting_payment", "kind": "revenue_kind"}
    firm.add("bills", {**row, "issued_at": "2026-01-31", "total": total, "balance": 0})


def _line(firm: MiniFirm, key: int, bill: int, total: float, **given: object) -> None:
    row = {"id": key, "type": "ActivityLineItem", "kind": SERVICE, "bill__id": bill}
    day = f"2026-01-{key % 10 + 1:02}"
    sums = {"sub_total": total, "tax": 0, "total": total}
    firm.add("line_items", {**row, "date": day, "user__id": ANN, **sums, **given})


def _paid(firm: MiniFirm, key: int, bill: int, amount: float, **given: object) -> None:
    row = {"id": key, "bill__id": bill, "date": f"2026-02-{key % 10 + 1:02}", "amount": amount}
    firm.add("allocations", {**row, "parent__type": "Payment", "interest": False, **given})


BALANCES = """
update raw_clio_manage.bills b set balance = total - coalesce((
    select sum(amount) from raw_clio_manage.allocations a
    where a.bill__id = b.id and a.voided_at is null), 0)
"""


def _examples(firm: MiniFirm) -> None:
    """Write the three published examples as bills 1 to 3, and further ones of our own."""
    _bill(firm, 1, 1000)
    _line(firm, 11, 1, 500)
    _line(firm, 12, 1, 500, kind=EXPENSE)
    _paid(firm, 1, 1, 500)
    _bill(firm, 2, 4000)
    _line(firm, 21, 2, 2000)
    _line(firm, 22, 2, 1000, user__id=BEN)
    _line(firm, 23, 2, 1000, user__id=BEN, kind=EXPENSE)
    _paid(firm, 2, 2, 2000)
    _bill(firm, 3, 1100)
    _line(firm, 31, 3, 800, sub_total=1000, discount__rate=200, discount__type="money")
    _line(firm, 32, 3, 300, user__id=BEN)
    _paid(firm, 30, 3, 300, parent__type="CreditMemo")
    _paid(firm, 3, 3, 500)
    # three equal lines of a cent too little, then a refund of more than the last line was paid
    _bill(firm, 4, 30)
    for key in (41, 42, 43):
        _line(firm, key, 4, 10)
    _paid(firm, 40, 4, 25)
    _paid(firm, 41, 4, -10)
    # lines that come to nothing, and a line below zero
    _bill(firm, 5, 0)
    _line(firm, 51, 5, 10)
    _line(firm, 52, 5, -10)
    _paid(firm, 5, 5, 1)
    _bill(firm, 6, 70)
    _line(firm, 61, 6, 100)
    _line(firm, 62, 6, -30)
    _paid(firm, 6, 6, 80)
    # a line with tax, paid in three
    _bill(firm, 7, 113)
    _line(firm, 71, 7, 113, sub_total=100, tax=13)
    for key, amount in ((71, 37.67), (72, 37.67), (73, 37.66)):
        _paid(firm, key, 7, amount)
    # a voided payment and interest are spread over nothing
    _paid(firm, 7, 6, 5, voided_at="2026-02-09T00:00:00Z")
    _paid(firm, 8, 6, 5, interest=True)
    firm.rows(BALANCES)
    firm.rows("update raw_clio_manage.bills set paid = total - balance")


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniFirm]:
    """Return the examples, with the models that spread payments."""
    with empty_firm(tmp_path_factory.mktemp("allocations")) as found:
        _examples(found)
        assert found.build("+fct_collection_line").failed == ()
        yield found


def _spread(firm: MiniFirm, allocation: int, method: str) -> dict[int, str]:
    found = firm.rows(
        "select line_item_id, amount::varchar from core.fct_collection_line"
        f" where allocation_id = {allocation} and method = '{method}' and amount <> 0"
    )
    return dict(found)


def test_half_a_bill(firm: MiniFirm) -> None:
    """500 of time and 500 of expense, of which 500 is paid: halves, or the older line alone."""
    assert _spread(firm, 1, "proportional") == {11: "250.00", 12: "250.00"}
    assert _spread(firm, 1, "fifo") == {11: "500.00"}
    assert _spread(firm, 1, "expenses_first") == {12: "500.00"}


def test_two_timekeepers(firm: MiniFirm) -> None:
    """Half of 2,000 and 1,000 of time and 1,000 of expense: 1,000, 500 and 500."""
    assert _spread(firm, 2, "proportional") == {21: "1000.00", 22: "500.00", 23: "500.00"}


def test_lines_weigh_what_they_ask_after_their_discount(firm: MiniFirm) -> None:
    """1,000 less 200 and 300, of which 500 is paid beside a credit: 363.64 of it for the first."""
    assert _spread(firm, 3, "proportional") == {31: "363.64", 32: "136.36"}


def test_cents_that_are_left(firm: MiniFirm) -> None:
    """25 over three equal lines: the cent that is left goes to the first of them."""
    assert _spread(firm, 40, "proportional") == {41: "8.34", 42: "8.33", 43: "8.33"}


def test_refund(firm: MiniFirm) -> None:
    """A refund takes back in proportion, or what was filled last."""
    proportional = _spread(firm, 41, "proportional")
    assert sum(map(Decimal, proportional.values())) == -10
    assert set(proportional.values()) == {"-3.33", "-3.34"}
    assert _spread(firm, 40, "fifo") == {41: "10.00", 42: "10.00", 43: "5.00"}
    assert _spread(firm, 41, "fifo") == {43: "-5.00", 42: "-5.00"}


def test_a_line_below_zero(firm: MiniFirm) -> None:
    """Lines of 100 and -30: what is paid beyond them stays with the last."""
    assert sum(map(Decimal, _spread(firm, 6, "proportional").values())) == 80
    assert sum(map(Decimal, _spread(firm, 6, "fifo").values())) == 80


def test_what_cannot_be_spread(firm: MiniFirm) -> None:
    """Lines that come to nothing, voided payments and interest get no share."""
    for allocation in (5, 7, 8):
        for method in ("proportional", "fifo", "expenses_first"):
            assert _spread(firm, allocation, method) == {}


def test_every_payment_is_spread_whole(firm: MiniFirm) -> None:
    """By each method the shares of a counted payment are its amount."""
    found = firm.rows(
        "select l.allocation_id, l.method, sum(l.amount) - max(a.amount)"
        " from core.fct_collection_line l join core.fct_allocation a using (allocation_id)"
        " group by all"
    )
    assert len(found) == 10 * 3
    assert {difference for _, _, difference in found} == {0}


def test_a_line_that_is_paid_has_earned_its_net_amount(firm: MiniFirm) -> None:
    """100 and 13 of tax, paid in three: 100 was earned, and no cent more by rounding thrice."""
    found = firm.rows(
        "select method, sum(net_amount), list(net_amount::varchar order by paid_date)"
        " from core.fct_collection_line where line_item_id = 71 group by method order by 1"
    )
    shares = ["33.34", "33.33", "33.33"]
    assert found == [(name, 100, shares) for name in ("expenses_first", "fifo", "proportional")]


def test_a_bill_without_lines(tmp_path: Path) -> None:
    """A payment of a bill without lines is spread over nothing, and nothing stops."""
    with empty_firm(tmp_path) as firm:
        _bill(firm, 1, 10)
        _paid(firm, 1, 1, 10)
        assert firm.build("+fct_collection_line").failed == ()
        assert firm.rows("from core.fct_collection_line") == []


def test_the_firm_chooses_the_method(tmp_path: Path) -> None:
    """The method that the firm's own settings name is the one that figures use."""
    with empty_firm(tmp_path) as firm:
        (firm.seeds / "settings.csv").write_text("name,value\nallocation_method,fifo\n", "utf-8")
        _bill(firm, 1, 20)
        _line(firm, 11, 1, 10)
        _line(firm, 12, 1, 10)
        _paid(firm, 1, 1, 10)
        firm.rows(BALANCES)
        firm.rows("update raw_clio_manage.bills set paid = 10")
        assert firm.build("+fct_collection_line").failed == ()
        found = firm.rows(
            "select line_item_id, amount from core.fct_collection_line where is_default"
        )
        assert found == [(11, 10)]


def test_a_method_that_there_is_not(tmp_path: Path) -> None:
    """Is refused: no payment would be counted by it, and every figure of cash would be nothing."""
    with empty_firm(tmp_path) as firm:
        (firm.seeds / "settings.csv").write_text("name,value\nallocation_method,FIFO\n", "utf-8")
        failed = [one.check for one in firm.build("+fct_collection_line").failed]
        assert failed == ["intermediate.int_settings__values.accepted(allocation_method)"]

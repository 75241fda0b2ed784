"""A package of evidence with the worst texts that a firm's records could hold."""

from decimal import Decimal

import pendulum

from pipelines.reconcile.definitions import definition
from pipelines.reconcile.document import Evidence, Heading, ListedRows
from pipelines.reconcile.verdicts import Comparison, ComparisonLine, ComparisonStatus, concluded

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "https://evil.example/",
    "\u202eevil\u202c",
    "=HYPERLINK(1)",
    "+1-2",
    "@SUM(A1)",
    "\tcmd",
    "x" * 10_000,
)
HEADER = """-- what: a comparison
-- level: 2
-- left: one side
-- right: the other side
-- unit: {}
-- tolerance: {}
-- reason: a test
-- severity: error
-- needs: input.x
select 1
"""
MATCH = ComparisonStatus.MATCH
MONEY = definition("balances", HEADER.format("money", "0.00"))
TEXTS = definition("fields", HEADER.format("text", "0"))
HEADING = Heading(
    run_id="0123456789abcdef",
    made_at=pendulum.datetime(2026, 10, 31, 12),
    actor="ana <b>",
    host="https://app.clio.com",
    account="7",
    loaded_at=None,
    built_at=None,
    audit_head="3:abc",
    scope="levels 1, 2 and 4",
)


def evidence(heading: Heading = HEADING) -> Evidence:
    """Return a run with differences of money and of texts."""
    texts = [
        ComparisonLine(f"contacts:{at}.name", text, text, "other", "contacts", str(at))
        for at, text in enumerate(HOSTILE)
    ]
    money = [
        ComparisonLine("matter:1", "Smith", Decimal("1.00"), Decimal("1234.56"), "matters", "1")
    ]
    return Evidence(
        heading,
        [
            concluded(Comparison(TEXTS, MATCH, len(texts), 0, lines=tuple(texts))),
            concluded(
                Comparison(MONEY, MATCH, 1, 0, Decimal("1.00"), Decimal("1234.56"), tuple(money))
            ),
        ],
        {
            "By month": ListedRows(("month", "amount"), [("2026-10", Decimal("-5.00"))]),
            "Trust three-way": ListedRows(reason="it is not built"),
        },
    )

"""Rows of a firm's seeds that stand for nothing, for several or twice are told with their line."""

import json
from pathlib import Path

import pytest

from tests.unit.mini_firm import copied


@pytest.mark.long
def test_rows_that_match_nothing_or_twice_are_told_with_their_line(
    mini_firm_place: Path, tmp_path: Path
) -> None:
    """Under the folding of the join; nothing fails, and no user becomes two."""
    with copied(mini_firm_place, tmp_path) as firm:
        texts = {
            "cost_rates": "user_email,valid_from,cost_per_hour\n"
            "ann@firm.example.com,2025-01-01,50\n"
            "nobody@firm.example.com,2025-01-01,30\n\nBEN@firm.example.com,2025-01-01,30\n"
            "ben@firm.example.com,2025-01-01,31\n",
            "working_days": "user_email,working_days_per_year,target_hours_per_month,is_partner\n"
            "Ann@firm.example.com,200,,\nann@firm.example.com,210,,\n",
            "bank_statements": "bank_account_id,statement_date,ending_balance\n"
            "12,2026-02-28,1000\n99,2026-02-28,5\n",
        }
        for name, text in texts.items():
            (firm.seeds / f"{name}.csv").write_text(text, "utf-8")
        built = firm.build()
        assert built.failed == ()
        found = {
            (one.check.partition("(")[0], row["line"], row["problem"])
            for one in built.warnings
            if ".matches" in one.check
            for row in map(json.loads, one.rows)
        }
        assert found == {
            ("seeds.cost_rates.matches", 3, "matches nothing"),
            ("seeds.cost_rates.matches", 5, "stands there twice"),
            ("seeds.cost_rates.matches", 6, "stands there twice"),
            ("seeds.working_days.matches", 2, "stands there twice"),
            ("seeds.working_days.matches", 3, "stands there twice"),
            ("seeds.bank_statements.matches", 3, "matches nothing"),
        }
        assert firm.value("select count(*) from core.dim_user") == 2

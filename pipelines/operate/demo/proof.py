"""What the sweep of the demo proved and healed."""

from pathlib import Path

from pipelines.outcome import Outcome, table
from pipelines.state.certificates import silent_changes
from pipelines.state.row_history import marked
from pipelines.warehouse import Warehouse

from .firm import label


def text(folder: Path, proof: Outcome) -> str:
    """Write the certificates, the deletions and the silent changes."""
    certificates = [
        row for row in proof.results if row["complete"] and (row["healed"] or row["rows_clio"])
    ]
    header = ("collection", "in Clio", "here", "ghost", "stale", "healed", "digest", "certificate")
    cells = [
        (
            label(row),
            row["rows_clio"],
            row["rows_warehouse"],
            row["ghost"],
            row["stale"],
            row["healed"],
            row["digest_warehouse"][:12],
            row["status"],
        )
        for row in sorted(certificates, key=lambda row: (-row["healed"], -row["rows_clio"]))[:12]
    ]
    with Warehouse(folder, read_only=True) as warehouse:
        gone, silent = marked(warehouse), silent_changes(warehouse)
    return "\n".join(
        [
            "",
            f"{len(certificates)} collections with rows were proved equal to Clio, among them:",
            table(header, cells),
            "",
            "Deletions found:",
            table(("collection", "id", "evidence"), gone),
            "",
            "Values that changed without a new timestamp, healed by the sweep:",
            table(("collection", "field", "records"), silent),
            "",
        ],
    )

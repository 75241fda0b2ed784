"""`clio-sync demo`: what it shows, and that its folder is no firm's."""

from pathlib import Path

import duckdb
import pytest

from tests.system.process import document, environment, run

HEADER = "collection rows requests then new then changed then requests"
FIRM = {
    "SOURCES__CLIO_MANAGE__BASE_URL": "http://127.0.0.1:9",
    "SOURCES__CLIO_MANAGE__ACCESS_TOKEN": "token",
}


@pytest.mark.long
def test_the_demo_and_its_folder(tmp_path: Path) -> None:
    """It shows both loads, the proof and what is next; no firm is loaded into its folder."""
    folder = tmp_path / "data"
    demo = run("demo", env=environment(folder))
    assert demo.returncode == 0, demo.stderr
    shows_both_loads(demo.stdout)
    shows_both_products(demo.stdout, folder)
    shows_the_proof(demo.stdout, folder)
    shows_the_figures(demo.stdout, folder)
    says_what_to_try_next(demo.stdout, folder)
    keeps_what_was_replaced(folder)
    refuses_a_firm(folder)
    is_a_warehouse_as_any_other(folder)


def shows_both_loads(shown: str) -> None:
    """Collections, rows and requests of the first load, and what the second one found."""
    lines = shown.partition("\n\n")[0].splitlines()
    assert " ".join(lines[0].split()) == HEADER
    cells = {line.split()[0]: line.split()[1:] for line in lines if line[:1].isalpha()}
    assert "grow matters" in {" ".join(line.split()[:2]) for line in lines}
    assert cells["activities"][2] == "3"
    assert cells["matters"][3] == "3"
    assert cells["communications"][3] == "1"
    rows, _requests, new, changed, _again = (int(c.replace(",", "")) for c in cells["all"])
    assert rows > 1000
    assert new >= 3
    assert changed >= 4


def shows_both_products(shown: str, folder: Path) -> None:
    """Grow's contacts and matters stand beside the Manage records that they are linked to."""
    table = shown.partition("in Manage by their clio_id:\n")[2].partition("\n\nThe five")[0]
    lines = [line.split() for line in table.splitlines() if line[:1].isalpha()]
    (_, contacts, matters), samples = lines[:3], lines[4:]
    assert (contacts[0], matters[0], contacts[1], matters[1]) == ("contacts", "matters", "8", "6")
    assert contacts[2] == contacts[3] != "0"
    assert matters[2] == matters[3] != "0"
    assert [line[0] for line in samples] == ["contact"] * 2 + ["matter"] * 3
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        for kind, grow, manage, *_ in samples:
            query = f"select clio_id from raw_clio_grow.{kind}s where id = $1"
            assert warehouse.execute(query, [grow]).fetchall() == [(int(manage),)]


def shows_the_proof(shown: str, folder: Path) -> None:
    """The deleted task and the silently changed note were found and healed; both sides equal."""
    table = shown.partition("proved equal to Clio, among them:\n")[2].partition("\n\n")[0]
    proved = {line.split()[0]: line.split()[1:] for line in table.splitlines()[2:]}
    assert proved["tasks"][:5] == ["59", "59", "1", "0", "1"]
    assert proved["notes"][:5] == ["60", "60", "0", "1", "1"]
    assert {cells[-1] for cells in proved.values()} == {"ok"}
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        query = "select count(*), bool_and(digest_clio = digest_warehouse) from meta.certificates"
        ((certificates, equal),) = warehouse.execute(query).fetchall()
        gone = warehouse.execute("select resource from meta.tombstones").fetchall()
    assert (certificates, equal, gone) == (80, True, [("tasks",)])


def shows_the_figures(shown: str, folder: Path) -> None:
    """Each figure stands with its date basis, and is what the published snapshot gives."""
    figures = shown.partition("The firm's figures, from generation 1")[2].partition("\n\n")[0]
    lines = {line[:21].strip(): line.split("  ")[-1].strip() for line in figures.splitlines()[3:]}
    assert lines["Utilization"] == "by the day of the work"
    assert lines["Accounts receivable"] == lines["Trust exceptions"] == "as of a day"
    assert len(lines) == 11
    with duckdb.connect(str(folder / "published" / "warehouse.duckdb"), read_only=True) as snapshot:
        query = "select sum(balance) from finance.fct_ar_monthly where not is_closed"
        ((receivables,),) = snapshot.execute(query).fetchall()
    assert f"{receivables:,.2f}" in figures


def says_what_to_try_next(shown: str, folder: Path) -> None:
    """The last lines name the file and commands that exist; those before tell, in three lines,
    that nothing differs and where the package of evidence is.
    """
    lines = [line for line in shown.splitlines() if line.strip()]
    at = lines.index(f"The warehouse is {folder / 'warehouse.duckdb'}. Next:")
    words = [line.split()[0] for line in lines[at + 1 : at + 5]]
    assert words == ["clio-sync", "clio-sync", "duckdb", "clio-sync"]
    assert len(lines) == at + 5
    compared, differing, package = lines[at - 3 : at]
    assert compared.endswith("comparisons agree, 0 differ, 0 moved, 0 were not run.")
    assert differing == "Open differences: 0."
    path = package.removeprefix("The package is in ").partition(":")[0]
    assert (Path(path) / "reconciliation.html").exists()
    assert Path(path).parent == folder / "reports"


def keeps_what_was_replaced(folder: Path) -> None:
    """The history holds three matters once that were closed, three that were corrected, and two of
    these once more, undone.
    """
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        query = "select count(*), count(distinct id) from raw_clio_manage.matters__versions"
        assert warehouse.execute(query).fetchall() == [(8, 6)]


def refuses_a_firm(folder: Path) -> None:
    """`load` into the demo's folder: exit 5, nothing sent, and the hint names the setting."""
    done = run("load", "--json", env=environment(folder, None, **FIRM))
    printed = document(done)
    assert (done.returncode, printed["status"]) == (5, "stopped_by_guard")
    assert "CLIO_SYNC__DATA_DIR" in printed["errors"][0]["hint"]


def is_a_warehouse_as_any_other(folder: Path) -> None:
    """`status` shows every table, with its watermark."""
    printed = document(run("status", "--json", env=environment(folder)))
    tables = [row for row in printed["results"] if row.get("source", "").startswith("clio_")]
    rows = {(row["source"], row["resource"]): row for row in tables}
    assert len(rows) == 81 + 11
    for source in ("clio_manage", "clio_grow"):
        assert rows[source, "matters"]["rows"] > 0
        assert rows[source, "matters"]["watermark"].endswith("Z")
    assert all(row["quarantined"] == 0 for row in rows.values())

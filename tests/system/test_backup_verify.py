"""A verified backup is what was copied: damage anywhere in it is found, and named."""

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.backup import run_verify
from pipelines.errors import DamagedBackupError, NotABackupError
from pipelines.warehouse import FILE
from tests.system.backups import CANARY, COPIED, MANIFESTS, create, fill, work, wrong
from tests.system.firm import Firm

pytestmark = pytest.mark.long


def flip(path: Path, at: int) -> None:
    """Flip a bit of a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", COPIED)
def test_a_flipped_byte_of_a_file(firm: Firm, name: str) -> None:
    """Wherever it is, it is found by the sum: exit 7, the file is named, no table is opened."""
    fill(firm)
    path = create(firm) / name
    good = path.read_bytes()
    chance = random.Random(11)
    for at in (0, len(good) - 1, *(chance.randrange(len(good)) for _ in range(5))):
        flip(path, at)
        outcome = run_verify(work(firm))
        path.write_bytes(good)
        assert wrong(outcome) == {name: "the content of the file is not what was written"}
        same = {result["name"]: result["same"] for result in outcome.results}
        assert same[name] is False
        assert same["raw_clio_manage.tasks"] is None
    assert wrong(run_verify(work(firm))) == {}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_flipped_byte_of_the_manifest(firm: Firm, name: str) -> None:
    """Each byte of the manifest counts, also one that leaves it readable; so does its sum."""
    fill(firm)
    path = create(firm) / name
    good = path.read_bytes()
    step = max(1, len(good) // 150)
    for at in range(0, len(good), step):
        flip(path, at)
        with pytest.raises(DamagedBackupError, match=r"manifest\.") as raised:
            run_verify(work(firm))
        assert raised.value.exit_code == 7
        path.write_bytes(good)
    assert wrong(run_verify(work(firm))) == {}


def test_files_that_are_cut_or_gone(firm: Firm) -> None:
    """Size and absence are named as such; a backup without its manifest is damaged too."""
    fill(firm)
    backup = create(firm)
    (backup / "mask.key").write_bytes((backup / "mask.key").read_bytes()[:-1])
    (backup / "epoch.json").unlink()
    found = wrong(run_verify(work(firm)))
    assert found == {
        "mask.key": "the file has 63 bytes instead of 64",
        "epoch.json": "the file is missing",
    }
    for name in reversed(MANIFESTS):
        (backup / name).unlink()
        with pytest.raises(DamagedBackupError, match=name):
            run_verify(work(firm))


def rewrite(backup: Path, statement: str) -> None:
    """Change the warehouse of a backup, and its sums with it."""
    path = backup / FILE
    with duckdb.connect(str(path)) as warehouse:
        warehouse.execute(statement)
        warehouse.execute("checkpoint")
    document(backup, lambda manifest: manifest["files"][0].update(sums(path)))


def sums(path: Path) -> dict[str, Any]:
    """Return size and sum of a file."""
    content = path.read_bytes()
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def document(backup: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a manifest, and its sum with it."""
    path = backup / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")
    (backup / "manifest.sha256").write_text(f"{sums(path)['sha256']}  manifest.json\n", "utf-8")


TABLE = "raw_clio_manage.tasks"
CHANGES = {
    f"update {TABLE} set name = '{CANARY}' where id = (select min(id) from {TABLE})": {
        TABLE: "the rows of the table are not what was copied"
    },
    f"delete from {TABLE} where id = (select min(id) from {TABLE})": {
        TABLE: "the table has 59 rows instead of 60"
    },
    f"alter table {TABLE} drop column name": {
        TABLE: "the rows of the table are not what was copied"
    },
    f"drop table {TABLE}": {TABLE: "the table is missing"},
    "create table meta.more (id bigint)": {"meta.more": "the table is not in the manifest"},
    "drop table meta.epoch": {"meta.epoch": "the table is missing"},
}


@pytest.mark.parametrize(("statement", "found"), CHANGES.items(), ids=lambda part: str(part)[:20])
def test_a_table_that_differs(firm: Firm, statement: str, found: dict[str, str]) -> None:
    """Where every sum is right, the restored tables are compared: exit 7 names the table, and
    nothing that stands in it.
    """
    firm.load("tasks")
    rewrite(create(firm), statement)
    outcome = run_verify(work(firm))
    assert wrong(outcome) == found
    assert CANARY not in outcome.text
    assert not (firm.folder / ".verify").exists()


def test_another_warehouse_under_the_manifest(firm: Firm) -> None:
    """A manifest that names another warehouse than the one beside it is found out."""
    firm.load("tasks")
    backup = create(firm)
    document(backup, lambda manifest: manifest.update(warehouse_id="other"))
    found = wrong(run_verify(work(firm)))
    assert found == {FILE: "it is not the warehouse that the manifest names"}


def test_a_restored_file_that_does_not_open(firm: Firm) -> None:
    """A file with its right sum that is no warehouse: exit 7, and its tables were not compared."""
    firm.load("tasks")
    backup = create(firm)
    (backup / FILE).write_bytes(b"something else")
    document(backup, lambda manifest: manifest["files"][0].update(sums(backup / FILE)))
    outcome = run_verify(work(firm))
    assert list(wrong(outcome)) == [FILE]
    assert "tables were not compared" in outcome.text
    assert {r["same"] for r in outcome.results if r["kind"] == "table"} == {None}


MANIFEST_CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a newer format": lambda manifest: manifest.update(format=2),
    "no format": lambda manifest: manifest.pop("format"),
    "no tables": lambda manifest: manifest.pop("tables"),
    "one thing more": lambda manifest: manifest.update(more=1),
    "no warehouse": lambda manifest: manifest.update(files=manifest["files"][1:]),
    "a path": lambda manifest: manifest["files"][0].update(name="../../etc/passwd"),
}


@pytest.mark.parametrize("change", MANIFEST_CHANGES.values(), ids=MANIFEST_CHANGES)
def test_a_manifest_of_something_else(
    firm: Firm, change: Callable[[dict[str, Any]], object]
) -> None:
    """A manifest that this version does not understand is refused before any file is opened."""
    firm.load("tasks")
    document(create(firm), change)
    with pytest.raises(DamagedBackupError, match=r"manifest\.json"):
        run_verify(work(firm))


def test_what_a_killed_verification_left(firm: Firm) -> None:
    """The scratch folder of a run that died is removed by the next one."""
    firm.load("tasks")
    create(firm)
    (firm.folder / ".verify").mkdir()
    (firm.folder / ".verify" / FILE).write_text("left behind")
    assert wrong(run_verify(work(firm))) == {}
    assert not (firm.folder / ".verify").exists()


def test_what_is_no_backup(firm: Firm, tmp_path: Path) -> None:
    """A folder without a manifest, a file, the data folder itself: exit 2."""
    firm.load("tasks")
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file", tmp_path / "nowhere", firm.folder):
        with pytest.raises(NotABackupError) as raised:
            run_verify(work(firm), path)
        assert raised.value.exit_code == 2

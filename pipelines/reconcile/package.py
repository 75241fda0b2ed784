"""The evidence package: files that are whole or not there, with their sums, for their owner."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from pipelines.files import sync_folder, write_new
from pipelines.warehouse import PRIVATE

from .document import Evidence, ShownLine, document, lines, versions
from .errors import PackageAlteredError, PackageFolderError
from .files import LINES, csv_text, line_cells, page, workbook

PAGE, BOOK, DOCUMENT = "reconciliation.html", "reconciliation.xlsx", "reconciliation.json"
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"


def demand_free(folder: Path) -> None:
    """Make sure, before Clio is asked for anything, that nothing stands where the package goes.

    Raises:
        PackageFolderError: something does.

    """
    try:
        taken = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        message = f"the package cannot be written into {folder} ({error.strerror})"
        raise PackageFolderError(message) from None
    if taken:
        message = f"the package cannot be written into {folder}: something is there already"
        raise PackageFolderError(message)


def write_package(folder: Path, evidence: Evidence) -> str:
    """Write the package into a folder that is not there yet; give the digest of its manifest.

    Raises:
        PackageFolderError: the folder is there and holds something, or cannot be made.

    """
    contents = _contents(evidence)
    manifest = _manifest(evidence, contents)
    whole = {**contents, MANIFEST: manifest}
    whole[SUMS] = _sums({name: _sum(data) for name, data in whole.items()})
    folder = folder.resolve()
    beside = folder.with_name(f".{folder.name}.{evidence.heading.run_id[:8]}")
    try:
        if folder.exists():
            # only an empty folder gives way; another one is an error, and stays
            folder.rmdir()
        folder.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        beside.mkdir(mode=PRIVATE)
        try:
            for name, data in whole.items():
                write_new(beside / name, data)
            sync_folder(beside)
            beside.rename(folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        sync_folder(folder.parent)
    except OSError as error:
        message = f"the package cannot be written into {folder} ({error.strerror})"
        raise PackageFolderError(message) from None
    return _sum(manifest)


def _contents(evidence: Evidence) -> dict[str, bytes]:
    found = list(lines(evidence))
    by_name: dict[str, list[ShownLine]] = {}
    for one in found:
        by_name.setdefault(one.comparison.definition.name, []).append(one)
    lists = {
        f"differences-{name}.csv": csv_text(LINES, map(line_cells, mine))
        for name, mine in by_name.items()
    }
    whole = json.dumps(document(evidence), indent=1, ensure_ascii=False)
    return {
        PAGE: page(evidence).encode(),
        BOOK: workbook(evidence),
        DOCUMENT: whole.encode(),
        **lists,
    }


def _manifest(evidence: Evidence, contents: Mapping[str, bytes]) -> bytes:
    told = evidence.heading
    text = {
        "run_id": told.run_id,
        "made_at": told.made_at.to_iso8601_string(),
        "actor": told.actor,
        "audit_head": told.audit_head,
        "versions": versions(),
        "open_differences": evidence.open,
        "files": {
            name: {"sha256": _sum(data), "bytes": len(data)}
            for name, data in sorted(contents.items())
        },
    }
    return json.dumps(text, indent=1).encode()


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sums(digests: Mapping[str, str]) -> bytes:
    """Write the sums of some files as `sha256sum -c` reads them."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def verify_package(folder: Path) -> str:
    """Hold every file of a package against its manifest; give the digest of the manifest.

    Raises:
        PackageAlteredError: a file is missing, was added or is not what was written.

    """
    try:
        data = (folder / MANIFEST).read_bytes()
        listed = {name: one["sha256"] for name, one in json.loads(data)["files"].items()}
        there = {one.name: _sum(one.read_bytes()) for one in folder.iterdir()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        message = f"{folder} holds no package whose manifest can be read"
        raise PackageAlteredError(message) from None
    listed[MANIFEST] = _sum(data)
    listed[SUMS] = _sum(_sums(listed))
    wrong = sorted(name for name in {*listed, *there} if listed.get(name) != there.get(name))
    if wrong:
        message = f"{wrong[0]} is not what was written"
        raise PackageAlteredError(message)
    return str(listed[MANIFEST])

"""Plant known bugs one at a time; each must turn a test red: `python -m tests.mutants [NUMBER…]`.

Each mutant is a textual patch on a copy of the repository; a patch that no longer fits is an error
of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bugs import LOADS, Mutant
from tests.bugs_of_approvals import APPROVALS
from tests.bugs_of_dlt import PIPELINES
from tests.bugs_of_models import MODELS
from tests.bugs_of_reports import REPORTS
from tests.bugs_of_sweeps import SWEEPS
from tests.bugs_of_truth import TRUTH
from tests.bugs_of_typing import TYPING
from tests.bugs_of_writes import PUSHES

ROOT = Path(__file__).parents[1]
BUILT = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", ".hypothesis", ".*_cache", "dist", "build"
)
SECONDS = 900
GREEN = "GREEN"
SIDE_BY_SIDE = os.cpu_count() or 1
MUTANTS = (*LOADS, *SWEEPS, *PUSHES, *REPORTS, *MODELS, *TRUTH, *PIPELINES, *APPROVALS, *TYPING)


def left_out(folder: str, names: list[str]) -> set[str]:
    """Return what of a folder is not copied: what was built, and the data folder."""
    return BUILT(folder, names) | ({"data"} if Path(folder) == ROOT else set())


def planted(mutant: Mutant, folder: Path) -> None:
    """Apply the patches of a mutant."""
    for patch in mutant.patches:
        path = folder / patch.file
        text = path.read_text("utf-8")
        if text.count(patch.old) != 1:
            message = f"mutant {mutant.number}: its old text is not once in {patch.file}"
            raise SystemExit(message)
        path.write_text(text.replace(patch.old, patch.new), "utf-8")


def seen(mutant: Mutant) -> str:
    """Return what the tests say to the bug: `red`, `red: did not end` or `GREEN`."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name) / "main"
        shutil.copytree(ROOT, folder, ignore=left_out)
        planted(mutant, folder)
        words = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            *(() if mutant.patches else ("-n", str(SIDE_BY_SIDE), "--dist", "loadscope")),
            *mutant.tests,
        ]
        try:
            done = subprocess.run(
                words,
                cwd=folder,
                env={**os.environ, "HYPOTHESIS_PROFILE": "unshrunk"},
                timeout=SECONDS if mutant.patches else None,
                capture_output=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"red: did not end in {SECONDS} s"
        if done.returncode not in {0, 1}:
            sys.stderr.write(done.stdout.decode() + done.stderr.decode())
            message = f"mutant {mutant.number}: the tests could not be run"
            raise SystemExit(message)
        return "red" if done.returncode else GREEN


def main(numbers: list[int]) -> int:
    """Plant the named bugs, or all, and say which were found."""
    missed = 0
    chosen = [mutant for mutant in MUTANTS if not numbers or mutant.number in numbers]
    tests = dict.fromkeys(name for mutant in chosen for name in mutant.tests)
    if seen(Mutant(0, "none", (), tuple(tests))) != GREEN:
        sys.stdout.write("The tests fail without any bug planted; nothing can be said.\n")
        return 1
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for mutant, colour in zip(chosen, pool.map(seen, chosen), strict=True):
            missed += colour == GREEN
            sys.stdout.write(f"{mutant.number:>3}  {colour}  {mutant.bug}\n")
            sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]]))

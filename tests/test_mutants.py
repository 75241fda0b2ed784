"""The bugs that `make mutants` plants still fit the code; the tests that find them are there."""

import pytest

from tests.bugs import Mutant
from tests.conftest import ROOT
from tests.mutants import MUTANTS

each_mutant = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: str(mutant.number))


@each_mutant
def test_patches_fit(mutant: Mutant) -> None:
    """The old text of each patch is in its file exactly once."""
    texts = {patch.file: (ROOT / patch.file).read_text("utf-8") for patch in mutant.patches}
    assert [p.old for p in mutant.patches if texts[p.file].count(p.old) != 1] == []


@each_mutant
def test_named_tests_are_there(mutant: Mutant) -> None:
    """Each test that must turn red is a file, or a function of that file."""
    for name in mutant.tests:
        file, _, function = name.partition("::")
        text = (ROOT / file).read_text("utf-8")
        assert f"def {function.partition('[')[0] or 'test_'}" in text


def test_numbers_are_used_once() -> None:
    """A number names one bug."""
    numbers = [mutant.number for mutant in MUTANTS]
    assert len(numbers) == len(set(numbers))

"""Words that stand for something else: told from texts, and texts marked so that they are none."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.edits.literals import (
    AN_ERROR,
    NEARLY_CLEAR,
    NO_VALUE,
    TOO_LONG,
    WORDS,
    is_clear,
    marked,
    trouble,
    unmarked,
)
from pipelines.edits.spreadsheet_errors import ERRORS, is_error

CLEARS = [
    *("<clear>", "<CLEAR>", "<Clear>", "&lt;clear&gt;", "&LT;Clear&GT;", " <clear> "),
    "‹clear›",  # noqa: RUF001 - the look-alikes are meant
    *("\t<clear>\n", "< clear >", "«clear»", "〈clear〉", "⟨clear⟩", "＜clear＞", "<cl\u200bear>"),  # noqa: RUF001 - the wide forms are meant
]
NOTHING = [
    *("null", "NULL", "Null", "None", "nan", "NaN", "NaT", "<NA>", "<na>", "&lt;NA&gt;"),
    *("undefined", "n/a", "N/A", " null ", "nul\u200bl", "ＮＵＬＬ", "n\u00ada\u00adn"),  # noqa: RUF001 - the wide forms are meant
]
FAULTS = [
    *("#N/A", "#NV", "#WERT!", "#BEZUG!", "#VALEUR!", "#SPILL!", "#CALC!", "#REF!", "#DIV/0!"),
    *("#¡VALOR!", "#¿NOMBRE?", "#ЗНАЧ!", "#Н/Д", "#GETTING_DATA", "#FIELD!", "#BLOCKED!"),  # noqa: RUF001 - letters of that alphabet
    *("#スピル!", "#溢出!", "#分散!", "#n/a", " #REF! ", "####", "#HENTER_DATA", "#ÜBERLAUF!"),
    *("#NEUER/FEHLER!", "#ABC123?", "#SAKNAS!", "#YOK", "#HIÁNYZIK", "#DELING.DOOR.0!"),
]
TEXTS = [
    *("", "#1", "#12", "# heading", "#metoo", "#Hashtag!", "#", "clear", "nothing", "Nullmeyer"),
    *("nana", "NA", "none of it", "'t Hooft", "text", "a <clear> b", "#42!", "No. #7?", "(none)"),
]


@pytest.mark.parametrize("text", CLEARS)
def test_a_field_is_cleared_in_any_case_and_bracket(text: str) -> None:
    """With spaces around, as a spreadsheet or a page writes it."""
    assert is_clear(text)


@pytest.mark.parametrize("text", ["[clear]", "(clear)", "{ Clear }", "((clear))"])
def test_what_is_nearly_the_word_is_refused(text: str) -> None:
    """Other brackets neither clear the field nor become its value."""
    assert not is_clear(text)
    assert trouble(text) == NEARLY_CLEAR


@pytest.mark.parametrize("text", NOTHING)
def test_words_that_stand_for_no_value_are_refused(text: str) -> None:
    """In any case, also with characters in them that nobody sees."""
    assert trouble(text) == NO_VALUE


@pytest.mark.parametrize("text", FAULTS)
def test_errors_of_spreadsheets_are_refused(text: str) -> None:
    """In many languages, and of a language that is not known by their form."""
    assert trouble(text) == AN_ERROR


@pytest.mark.parametrize("text", TEXTS)
def test_other_texts_are_texts(text: str) -> None:
    """Those that only look alike, and those that hold such a word."""
    assert trouble(text) == ""
    assert not is_clear(text)
    assert marked(text) == text
    assert unmarked(text) == (text, False)


@pytest.mark.parametrize("language", sorted(ERRORS))
def test_every_error_of_every_language_is_known(language: str) -> None:
    """With either mark, the marks of Spanish, letters composed or not, or without any mark."""
    for word in ERRORS[language].split():
        for form in (f"#{word}", f"#{word}!", f"#{word}?", f"#¡{word}!"):
            assert is_error(form), form
            assert is_error(unicodedata.normalize("NFD", form)), form
    assert len(ERRORS) >= 20


@pytest.mark.parametrize("text", [*NOTHING, *FAULTS, *CLEARS, TOO_LONG, "text:x", "=1+1", "-"])
def test_a_text_that_looks_like_one_is_marked(text: str) -> None:
    """By an apostrophe or by `text:`; and what is marked and really begins so is marked again."""
    assert marked(text) == f"'{text}"
    assert unmarked(f"'{text}") == (text, True)
    assert unmarked(f"text:{text}") == (text, True)
    assert unmarked(f"TEXT:{text}") == (text, True)
    assert unmarked(marked(f"'{text}")) == (f"'{text}", True)
    assert unmarked(marked(f"text:{text}")) == (f"text:{text}", True)


ODD = st.sampled_from([*NOTHING, *FAULTS, *CLEARS, *TEXTS, *WORDS, "text:", "'", "=", "\t", " "])


@given(st.lists(st.one_of(ODD, st.text(max_size=6)), max_size=4).map("".join))
def test_every_text_can_be_written(text: str) -> None:
    """What is marked is read as the text that it was, and as no word for something else."""
    meant, is_literal = unmarked(marked(text))
    assert meant == text
    assert is_literal or not (is_clear(meant) or trouble(meant))

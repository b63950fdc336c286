"""Names: what is taken off, what is refused, and which ones look the same."""

from __future__ import annotations

import pytest

from kiosk.errors import EnrolmentError
from kiosk.store.names import clean_name, clean_number, look


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\u200d", "\u00ad", "\ufeff", "\u2060", "\u200e", "\u3164", "\u2800"]
)
def test_what_nobody_sees_is_taken_off(hidden: str) -> None:
    assert clean_name(f"{hidden}A{hidden}da {hidden}") == "Ada"
    assert clean_number(f"1{hidden}2") == "12"
    with pytest.raises(EnrolmentError, match="enter a name"):
        clean_name(hidden)


@pytest.mark.parametrize("name", ["می\u200cخواهم", "क्\u200dष", "❤\ufe0f\u200d🔥"])
def test_joiners_stay_where_they_shape_a_word(name: str) -> None:
    assert clean_name(name) == name
    assert look(name) == look(name.replace("\u200c", "").replace("\u200d", ""))
    joiner = "\u200d"
    assert clean_name(f"{joiner}{name}{joiner} B{joiner}o{joiner}b") == f"{name} Bob"


@pytest.mark.parametrize("bad", ["\u202e", "\u2066", "\u2028", "\n", "\x00"])
def test_what_spoils_a_line_is_refused(bad: str) -> None:
    with pytest.raises(EnrolmentError, match="cannot be shown"):
        clean_name(f"A{bad}da")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Оscar", "Oscar"),
        ("Νora", "Nora"),
        ("МАХ", "MAX"),
        ("Ａda", "Ada"),
        ("Ada  Byron", "Ada\u2003Byron"),
        ("Ada\u200b", "Ada"),
        ("Ё", "Ë"),
        ("葛\U000e0100", "葛"),
    ],
)
def test_what_looks_the_same_is_the_same(one: str, other: str) -> None:
    assert one != other and look(one) == look(other)


@pytest.mark.parametrize(("one", "other"), [("Ada", "Ida"), ("Ann", "Anne"), ("Zoe", "Zoë")])
def test_what_looks_different_is_not(one: str, other: str) -> None:
    assert look(one) != look(other)

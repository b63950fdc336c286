"""What a guard's end leaves behind, and what the next start says about it."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.guardjournal import End, GuardJournal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guard.journal"


def told(path: Path) -> str:
    journal = GuardJournal(path)
    text = journal.incident()
    journal.close()
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "T", text)


def test_nothing_happened_before_the_first_start(path: Path) -> None:
    assert told(path) == ""
    assert GuardJournal(None).incident() == ""
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_end_without_a_word_is_told(path: Path) -> None:
    journal = GuardJournal(path)
    journal.note_locked()
    assert told(path) == (
        "The program and the guard ended without stopping after T; the door was locked."
    )
    assert not journal.was_unlocked()
    journal.note_unlocked(0)
    assert journal.was_unlocked()
    assert told(path) == (
        "The program and the guard ended while the door was unlocked (since T); it was locked at "
        "this start."
    )
    journal.close()
    journal.close()


@pytest.mark.parametrize(
    ("end", "was_unlocked", "is_locked"),
    list(itertools.product(End, [False, True], [False, True])),
)
def test_every_end_is_told_as_it_was(
    path: Path, end: End, was_unlocked: bool, is_locked: bool
) -> None:
    journal = GuardJournal(path)
    journal.note_ended(end, was_unlocked=was_unlocked, is_locked=is_locked)
    text = told(path)
    if not is_locked:
        assert "may have been unlocked until this start" in text
        assert journal.was_unlocked()
    elif end in (End.STOPPED, End.TERMINATED) and not (was_unlocked and end is End.TERMINATED):
        assert text == ""
    else:
        assert ("while the door was unlocked; the guard locked it" in text) == was_unlocked
        assert ("; the door was locked." in text) != was_unlocked
    journal.close()


@given(st.binary(max_size=600))
def test_any_content_is_understood_or_said_to_be_damaged(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("journal") / "guard.journal"
    path.write_bytes(content)
    journal = GuardJournal(path)
    assert (journal.incident() == "") == (not content[:512].strip())
    assert not journal.was_unlocked()
    journal.note_ended(End.STOPPED, was_unlocked=False, is_locked=True)
    assert journal.incident() == ""
    journal.close()


def test_a_guard_waits_for_the_one_before(path: Path) -> None:
    first, second = GuardJournal(path), GuardJournal(path)
    first.wait_for_predecessor(5)
    second.wait_for_predecessor(0.05)
    first.close()
    second.wait_for_predecessor(5)
    third = GuardJournal(path)
    third.wait_for_predecessor(0)
    for journal in (second, third):
        journal.close()


def test_nowhere_to_write_is_no_error(tmp_path: Path) -> None:
    journal = GuardJournal(tmp_path / "missing" / "guard.journal")
    journal.wait_for_predecessor(5)
    journal.note_unlocked(0)
    journal.note_locked()
    assert journal.incident() == ""
    assert not journal.was_unlocked()
    journal.close()

"""Looking into a database without changing it."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from kiosk.domain import Event, EventKind
from kiosk.errors import NewerDatabaseError, StoreError
from kiosk.store.inspection import inspected
from kiosk.store.migrations import SCHEMA_VERSION
from kiosk.store.store import opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "kiosk.db"
    with opened(path) as store:
        store.people.add("Ada", "1", None, 0)
        store.events.append(Event(EventKind.STARTED, 0))
    return path


def picture(path: Path) -> dict[str, str]:
    """Digests of all files beside the database."""
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(path.parent.iterdir())
    }


def test_reads_everything_and_changes_no_byte(path: Path) -> None:
    before = picture(path)
    with inspected(path, in_use=False) as store:
        assert [person.name for person in store.people.find()] == ["Ada"]
        assert store.events.verify() == []
        assert store.settings.get("absent") is None
    assert picture(path) == before


def test_sees_what_a_running_kiosk_just_wrote(path: Path) -> None:
    with opened(path) as running:
        running.people.add("Grace", "2", None, 0)
        with inspected(path, in_use=True) as store:
            assert len(store.people.find()) == 2
        running.people.add("Edsger", "3", None, 0)
    with inspected(path, in_use=False) as store:
        assert len(store.people.find()) == 3


@pytest.mark.parametrize("in_use", [False, True])
def test_writing_is_refused(path: Path, in_use: bool) -> None:
    with inspected(path, in_use=in_use) as store:
        with pytest.raises(StoreError, match="read-only"):
            store.events.append(Event(EventKind.STOPPED, 0))
        with pytest.raises(StoreError, match="read-only"):
            store.people.delete(1)
    with opened(path) as store:
        assert len(store.people.find()) == 1


def test_what_is_missing_is_not_made(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match="There is no database"),
        inspected(tmp_path / "kiosk.db", in_use=False),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def set_version(path: Path, version: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def test_another_schema_is_refused(path: Path) -> None:
    set_version(path, 99)
    with pytest.raises(NewerDatabaseError), inspected(path, in_use=False):
        pass


def test_an_older_schema_is_not_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.store.inspection.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    before = picture(path)
    with (
        pytest.raises(StoreError, match=f"older schema {SCHEMA_VERSION}"),
        inspected(path, in_use=False),
    ):
        pass
    assert picture(path) == before


def test_damage_is_a_sentence(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:12288] = bytes(8192)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|cannot be used"), inspected(path, in_use=False):
        pass

"""The database file: how it is made, what is refused, and that refusing changes nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import peewee
import pytest

from kiosk.errors import NewerDatabaseError, StoreError
from kiosk.store.database import APPLICATION_ID, Database
from kiosk.store.faults import store_error, translated
from kiosk.store.migrations import SCHEMA_VERSION
from kiosk.store.store import Store, opened


def pragma(database: Database, name: str) -> object:
    return database.execute(f"PRAGMA {name}")[0][0]


def contents(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


def write_foreign(path: Path, application_id: int, version: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA application_id = {application_id}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("CREATE TABLE people (id INTEGER)")
    connection.commit()
    connection.close()


def test_a_new_database_is_ours_private_and_durable(path: Path) -> None:
    before = os.umask(0o000)
    try:
        database = Database.open(path)
    finally:
        os.umask(before)
    database.execute("INSERT INTO settings VALUES ('a', 'b')")
    modes = {p.name: p.stat().st_mode & 0o777 for p in path.parent.iterdir()}
    assert modes == {"kiosk.db": 0o600, "kiosk.db-wal": 0o600, "kiosk.db-shm": 0o600}
    assert pragma(database, "application_id") == APPLICATION_ID
    assert database.schema_version == SCHEMA_VERSION
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == 2
    assert pragma(database, "foreign_keys") == 1
    assert pragma(database, "secure_delete") == 1
    database.close()
    assert [p.name for p in path.parent.iterdir()] == ["kiosk.db"]


def test_a_mode_that_others_could_read_is_tightened(path: Path) -> None:
    Database.open(path).close()
    path.chmod(0o664)
    Database.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_databases_are_open_at_once(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as first, opened(tmp_path / "b.db") as second:
        first.settings.set("who", "first")
        second.settings.set("who", "second")
        assert first.settings.get("who") == "first"
        assert second.settings.get("who") == "second"


def test_a_name_with_special_characters_is_a_file_like_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "a b?c#d%20ü"
    folder.mkdir()
    with opened(folder / "kiosk.db") as store:
        store.settings.set("a", "1")
    with opened(folder / "kiosk.db", create=False) as store:
        assert store.settings.get("a") == "1"
    assert [p.name for p in folder.iterdir()] == ["kiosk.db"]


def test_a_missing_database_is_not_created_against_the_callers_will(path: Path) -> None:
    with pytest.raises(StoreError, match="no database at"):
        Database.open(path, create=False)
    assert not path.exists()


def test_a_stray_log_is_not_replayed_into_a_new_database(path: Path) -> None:
    path.with_name("kiosk.db-wal").write_bytes(b"x" * 100)
    with pytest.raises(StoreError, match="missing, but its log"):
        Database.open(path)
    assert not path.exists()


def test_leftovers_of_an_interrupted_creation_do_no_harm(path: Path) -> None:
    path.with_name("kiosk.db.new").write_bytes(b"half")
    path.with_name("kiosk.db.new-journal").write_bytes(b"half")
    Database.open(path).close()
    assert [p.name for p in path.parent.iterdir()] == ["kiosk.db"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"hello", "not a database"),
        (os.urandom(8192), "not a database"),
        (b"SQLite format 3\0" + b"\xff" * 4080, "cannot be used|another program"),
    ],
)
def test_a_file_that_is_no_database_is_refused_untouched(
    path: Path, data: bytes, said: str
) -> None:
    path.write_bytes(data)
    with pytest.raises(StoreError, match=said):
        Database.open(path)
    assert contents(path.parent) == {"kiosk.db": data}


@pytest.mark.parametrize(("application_id", "version"), [(0, 0), (0, 1), (77, 1)])
def test_another_programs_database_is_refused_untouched(
    path: Path, application_id: int, version: int
) -> None:
    write_foreign(path, application_id, version)
    before = contents(path.parent)
    with pytest.raises(StoreError, match="another program"):
        Database.open(path)
    assert contents(path.parent) == before


def test_a_newer_database_is_refused_untouched(path: Path) -> None:
    with opened(path) as store:
        store.database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 3}")
    before = contents(path.parent)
    said = rf"newer door-kiosk \(schema {SCHEMA_VERSION + 3}, this one knows {SCHEMA_VERSION}"
    with pytest.raises(NewerDatabaseError, match=said):
        Database.open(path)
    assert contents(path.parent) == before


def test_a_newer_version_number_still_in_the_log_is_seen(path: Path) -> None:
    # A process that dies leaves its log; the file's own header still says the old version.
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from kiosk.store.database import Database\n"
        "database = Database.open(Path(sys.argv[1]))\n"
        "database.execute('PRAGMA user_version = 9')\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=30)
    before = contents(path.parent)
    assert before["kiosk.db"][60:64] == (SCHEMA_VERSION).to_bytes(4, "big")
    with pytest.raises(NewerDatabaseError, match="schema 9"):
        Database.open(path)
    after = contents(path.parent)
    for name in ("kiosk.db", "kiosk.db-wal"):
        assert after[name] == before[name]


def test_a_damaged_page_is_found_at_start(path: Path) -> None:
    with opened(path) as store:
        for number in range(200):
            store.settings.set(f"key {number}", "x" * 200)
    data = bytearray(path.read_bytes())
    data[-4096:] = b"\xff" * 4096
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"damaged|malformed"):
        Database.open(path)


def test_a_missing_table_is_found_at_start(path: Path) -> None:
    with opened(path) as store:
        store.database.execute("DROP TABLE templates")
    with pytest.raises(StoreError, match=r"lacks templates\."):
        Database.open(path)


def test_a_folder_in_the_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match="is not a file"):
        Database.open(path)


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        Database.open(tmp_path / "nowhere" / "kiosk.db")


def test_a_full_database_is_a_sentence_and_changes_nothing(store: Store) -> None:
    store.settings.set("small", "1")
    pages = pragma(store.database, "page_count")
    store.database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="the disk is full, and nothing was changed"):
        store.settings.set("large", "x" * 100_000)
    assert store.settings.get("large") is None
    store.settings.set("small", "2")
    store.database.execute("PRAGMA max_page_count = 1000000")
    store.settings.set("large", "x" * 100_000)
    assert store.settings.get("small") == "2"


def test_a_disk_that_is_really_full(tmpfs: Path) -> None:
    with opened(tmpfs / "kiosk.db") as store:
        store.settings.set("small", "1")
        with pytest.raises(StoreError, match="the disk is full"):
            store.settings.set("large", "x" * 2_000_000)
        assert store.settings.get("small") == "1"
        store.settings.set("small", "2")
        assert store.settings.get("small") == "2"


def test_a_disk_too_full_to_begin_with(tmpfs: Path) -> None:
    (tmpfs / "filler").write_bytes(b"x" * (1024 * 1024 - 8192))
    with pytest.raises(StoreError, match="full"):
        Database.open(tmpfs / "kiosk.db")
    assert [p.name for p in tmpfs.iterdir()] == ["filler"]


def test_a_write_protected_disk_is_a_sentence(tmpfs: Path) -> None:
    with opened(tmpfs / "kiosk.db") as store:
        store.settings.set("small", "1")
    remount = ["mount", "-o", "remount,ro", str(tmpfs)]
    if subprocess.run(remount, capture_output=True, check=False).returncode != 0:
        pytest.skip("remounting is not permitted here")
    with pytest.raises(StoreError, match=r"read-only|cannot be opened"):
        Store.open(tmpfs / "kiosk.db")
    with pytest.raises(StoreError, match="Read-only file system"):
        Store.open(tmpfs / "other.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_folder_is_a_sentence(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="Permission denied"):
            Database.open(path)
    finally:
        path.parent.chmod(0o700)


def test_another_writer_is_a_sentence(store: Store) -> None:
    other = sqlite3.connect(store.database.path, isolation_level=None)
    store.database.execute("PRAGMA busy_timeout = 1")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program is holding it"):
        store.settings.set("a", "1")
    other.execute("ROLLBACK")
    other.close()
    store.settings.set("a", "1")


def test_an_error_inside_a_transaction_undoes_it(store: Store) -> None:
    class ArbitraryError(Exception):
        pass

    with pytest.raises(ArbitraryError), store.database.writing():
        store.settings.set("a", "1")
        raise ArbitraryError
    assert store.settings.get("a") is None


def test_bugs_are_not_made_into_faults_of_the_world(path: Path) -> None:
    with pytest.raises(peewee.IntegrityError), translated(path):
        raise peewee.IntegrityError("UNIQUE constraint failed")
    with pytest.raises(sqlite3.ProgrammingError), translated(path):
        raise sqlite3.ProgrammingError("Incorrect number of bindings")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("attempt to write a readonly database", "read-only"),
        ("disk I/O error", "reported an error"),
        ("unable to open database file", "belongs to the user"),
        ("something new", "something new"),
    ],
)
def test_what_sqlite_says_becomes_advice(path: Path, said: str, told: str) -> None:
    assert told in str(store_error(sqlite3.OperationalError(said), path))


def test_settings_come_and_go(store: Store) -> None:
    assert store.settings.get("a") is None
    store.settings.set("a", "1")
    store.settings.set("a", "zwei\n漢字")
    assert store.settings.get("a") == "zwei\n漢字"
    store.settings.delete("a")
    store.settings.delete("a")
    assert store.settings.get("a") is None

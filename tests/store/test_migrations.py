"""Old databases: schema 1 as it was released, and steps that fail half-way."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from kiosk.access.model import PersonRights
from kiosk.domain import TemplateKind
from kiosk.errors import StoreError
from kiosk.store.database import Database, _create
from kiosk.store.migrations import SCHEMA_VERSION, STEPS, Step, backup_path
from kiosk.store.store import opened

# As released, in literal SQL: this text never changes, whatever the code does.
SCHEMA_1 = """
PRAGMA application_id = 1145787202;
CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, number TEXT UNIQUE,
  enabled INTEGER NOT NULL DEFAULT 1, consent_at_ms INTEGER, created_at_ms INTEGER NOT NULL);
CREATE TABLE templates (id INTEGER PRIMARY KEY AUTOINCREMENT,
  person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE, view TEXT NOT NULL,
  vector BLOB NOT NULL, dim INTEGER NOT NULL, model_name TEXT NOT NULL,
  model_version TEXT NOT NULL, precision TEXT NOT NULL, created_at_ms INTEGER NOT NULL);
CREATE INDEX templates_model ON templates (model_name, model_version, precision);
CREATE INDEX templates_person ON templates (person_id);
CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,
  at_ms INTEGER NOT NULL, person_id INTEGER, person_name TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '', similarity REAL, threshold REAL, digest BLOB NOT NULL);
CREATE INDEX events_at ON events (at_ms);
CREATE INDEX events_person ON events (person_id);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO people VALUES (7, 'Ada', '12', 1, 5, 5);
INSERT INTO templates VALUES (1, 7, 'front', x'0000803f00000000', 2, 'facenet', '1', 'fp32', 5);
INSERT INTO events VALUES (1, 'started', 5, NULL, '', 'x', NULL, 0.5,
  x'660f73ff5affd00d3ec8792113442a163599537e9dd168fef01c0bb3f4bb6be5');
INSERT INTO settings VALUES ('a', 'b');
PRAGMA user_version = 1;
"""

# What the second schema, as released, changed.
SCHEMA_2 = (
    SCHEMA_1
    + """
ALTER TABLE people ADD COLUMN hours TEXT NOT NULL DEFAULT '';
UPDATE people SET hours = 'never';
PRAGMA user_version = 2;
"""
)

# What the third schema, as released, changed. An alarm of those days was never acknowledged.
SCHEMA_3 = (
    SCHEMA_2
    + """
ALTER TABLE templates ADD COLUMN kind TEXT NOT NULL DEFAULT 'plain';
ALTER TABLE templates ADD COLUMN picture TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN pin TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN pin_lockout TEXT NOT NULL DEFAULT '';
CREATE TABLE look_alikes (
  first_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  second_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  PRIMARY KEY (first_id, second_id), CHECK (first_id < second_id));
CREATE INDEX look_alikes_second ON look_alikes (second_id);
UPDATE people SET pin = 'hash';
INSERT INTO events VALUES (2, 'relay_lost', 6, NULL, '', '', NULL, NULL, x'00');
PRAGMA user_version = 3;
"""
)

NEXT = SCHEMA_VERSION + 1
STEP_NEXT: Step = (
    "ALTER TABLE people ADD COLUMN note TEXT NOT NULL DEFAULT ''",
    "UPDATE people SET note = 'from the next step'",
)
FAILING: Step = ("UPDATE people SET name = 'lost'", "CREATE TABLE people (id INTEGER)")
REBUILD: Step = (
    "CREATE TABLE people_new (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
    " number TEXT UNIQUE, enabled INTEGER NOT NULL DEFAULT 1, consent_at_ms INTEGER,"
    " created_at_ms INTEGER NOT NULL, hours TEXT NOT NULL DEFAULT '',"
    " pin TEXT NOT NULL DEFAULT '', pin_lockout TEXT NOT NULL DEFAULT '',"
    " group_count INTEGER NOT NULL DEFAULT 0, valid_from_ms INTEGER, valid_until_ms INTEGER,"
    " uses_left INTEGER, is_slow INTEGER NOT NULL DEFAULT 0, is_guest INTEGER NOT NULL DEFAULT 0,"
    " duress_pin TEXT NOT NULL DEFAULT '')",
    "INSERT INTO people_new SELECT * FROM people",
    "DROP TABLE people",
    "ALTER TABLE people_new RENAME TO people",
)
ORPHANS: Step = ("UPDATE templates SET person_id = 99",)


@pytest.fixture
def schema_1(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA_1)
    connection.close()
    return path


@pytest.fixture
def schema_3(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA_3)
    connection.close()
    return path


@pytest.fixture
def schema_2(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA_2)
    connection.close()
    return path


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def migrated(path: Path, *more: Step) -> None:
    steps: Sequence[Step] = (*STEPS, *more)
    Database.open(path, steps=steps).close()


def test_schema_1_is_what_this_program_makes(tmp_path: Path, schema_1: Path) -> None:
    fresh = tmp_path / "fresh.db"
    _create(fresh, STEPS[:1])
    for table in ("people", "templates", "events", "settings"):
        for what in ("table_info", "index_list", "foreign_key_list"):
            sql = f"PRAGMA {what}({table})"
            assert rows(fresh, sql) == rows(schema_1, sql), (table, what)


def test_schema_1_opens_with_everything_in_it(schema_1: Path) -> None:
    with opened(schema_1, create=False) as store:
        assert store.database.schema_version == SCHEMA_VERSION
        person = store.people.get(7)
        assert person is not None
        assert (person.name, person.number, person.template_count) == ("Ada", "12", 1)
        assert person.hours == ""
        (model,) = store.people.people_by_model()
        found = store.people.templates(model)
        assert found.person_ids.tolist() == [7]
        assert found.vectors.tolist() == [[1.0, 0.0]]
        assert found.kinds == (TemplateKind.PLAIN,)
        assert (found.conditions, found.poses) == ((None,), (None,))
        assert [e.detail for e in store.events.query()] == ["x"]
        assert store.events.verify() == []
        assert store.settings.get("a") == "b"


def test_schema_2_is_what_the_second_program_made(tmp_path: Path, schema_2: Path) -> None:
    fresh = tmp_path / "fresh.db"
    _create(fresh, STEPS[:2])
    for table in ("people", "templates", "events", "settings"):
        sql = f"PRAGMA table_info({table})"
        assert rows(fresh, sql) == rows(schema_2, sql), table


def test_schema_2_opens_with_plain_templates_and_nobody_with_a_pin(schema_2: Path) -> None:
    with opened(schema_2, create=False) as store:
        assert store.database.schema_version == SCHEMA_VERSION
        person = store.people.get(7)
        assert person is not None
        assert (person.hours, person.has_pin, person.is_look_alike) == ("never", False, False)
        (model,) = store.people.people_by_model()
        found = store.people.templates(model)
        assert (found.person_ids.tolist(), found.kinds) == ([7], (TemplateKind.PLAIN,))
        assert (found.conditions, found.poses) == ((None,), (None,))
        assert store.look_alikes.all() == {}
    assert rows(backup_path(schema_2, 2), "PRAGMA user_version") == [(2,)]


def test_schema_3_is_what_the_third_program_made(tmp_path: Path, schema_3: Path) -> None:
    fresh = tmp_path / "fresh.db"
    _create(fresh, STEPS[:3])
    for table in ("people", "templates", "events", "settings", "look_alikes"):
        for what in ("table_info", "index_list", "foreign_key_list"):
            sql = f"PRAGMA {what}({table})"
            assert rows(fresh, sql) == rows(schema_3, sql), (table, what)


def test_schema_3_opens_with_everybody_as_they_were_and_no_alarm(schema_3: Path) -> None:
    with opened(schema_3, create=False) as store:
        assert store.database.schema_version == SCHEMA_VERSION
        stored = store.rights.read()
        assert stored.people == (PersonRights(7, hours="never"),)
        assert (stored.schedules, stored.groups, stored.holidays, stored.damage) == ((),) * 4
        assert store.alarms.open() == []
        person = store.people.get(7)
        assert person is not None and person.has_pin
    assert rows(schema_3, "SELECT duress_pin FROM people") == [("",)]


def test_a_step_keeps_a_private_copy_of_what_was(schema_1: Path) -> None:
    migrated(schema_1, STEP_NEXT)
    assert rows(schema_1, "SELECT name, note FROM people") == [("Ada", "from the next step")]
    assert rows(schema_1, "PRAGMA user_version") == [(NEXT,)]
    copy = backup_path(schema_1, 1)
    assert copy.name == "kiosk.db.backup-v1"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert rows(copy, "PRAGMA user_version") == [(1,)]
    with opened(copy, create=False) as store:
        assert store.people.get(7) is not None
        assert store.events.verify() == []


def test_an_up_to_date_database_is_not_copied(schema_1: Path) -> None:
    Database.open(schema_1).close()
    backup_path(schema_1, 1).unlink()
    Database.open(schema_1).close()
    assert not list(schema_1.parent.glob("*backup*"))


def test_a_failing_step_leaves_the_last_good_version(schema_1: Path) -> None:
    with pytest.raises(StoreError, match="already exists"):
        migrated(schema_1, STEP_NEXT, FAILING)
    assert rows(schema_1, "SELECT name, note FROM people") == [("Ada", "from the next step")]
    assert rows(schema_1, "PRAGMA user_version") == [(NEXT,)]
    migrated(schema_1, STEP_NEXT, ("UPDATE people SET note = 'from the step after'",))
    assert rows(schema_1, "SELECT note FROM people") == [("from the step after",)]
    assert rows(backup_path(schema_1, NEXT), "SELECT note FROM people") == [("from the next step",)]


def test_a_copy_of_an_earlier_attempt_is_replaced(schema_1: Path) -> None:
    backup_path(schema_1, 1).write_bytes(b"old")
    schema_1.with_name("kiosk.db.backup-v1.partial").write_bytes(b"half")
    migrated(schema_1, STEP_NEXT)
    assert rows(backup_path(schema_1, 1), "SELECT name FROM people") == [("Ada",)]
    assert not schema_1.with_name("kiosk.db.backup-v1.partial").exists()


def test_rebuilding_a_table_does_not_delete_what_belongs_to_it(schema_1: Path) -> None:
    migrated(schema_1, REBUILD)
    assert rows(schema_1, "SELECT person_id FROM templates") == [(7,)]


def test_a_step_that_orphans_rows_is_undone(schema_1: Path) -> None:
    with pytest.raises(StoreError, match="belong to nobody"):
        migrated(schema_1, ORPHANS)
    assert rows(schema_1, "SELECT person_id FROM templates") == [(7,)]
    assert rows(schema_1, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


def test_no_migration_without_room_for_the_copy(tmpfs: Path) -> None:
    path = tmpfs / "kiosk.db"
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA_1)
    connection.execute("INSERT INTO settings VALUES ('large', ?)", ("x" * 300_000,))
    connection.commit()
    connection.close()
    (tmpfs / "filler").write_bytes(b"x" * 450_000)
    with pytest.raises(StoreError, match="full"):
        migrated(path, STEP_NEXT)
    assert rows(path, "PRAGMA user_version") == [(1,)]
    assert not [p.name for p in tmpfs.iterdir() if "backup" in p.name]

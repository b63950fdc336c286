"""The schema as numbered steps. A step, once released, never changes.

Steps are literal SQL and use no model classes: those describe the newest schema only.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kiosk.errors import StoreError

Step = tuple[str, ...]
"""Statements that lead from one schema version to the next."""

STEPS: tuple[Step, ...] = (
    (
        """CREATE TABLE people (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            number TEXT UNIQUE,
            enabled INTEGER NOT NULL DEFAULT 1,
            consent_at_ms INTEGER,
            created_at_ms INTEGER NOT NULL
        )""",
        """CREATE TABLE templates (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
            view TEXT NOT NULL,
            vector BLOB NOT NULL,
            dim INTEGER NOT NULL,
            model_name TEXT NOT NULL,
            model_version TEXT NOT NULL,
            precision TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL
        )""",
        "CREATE INDEX templates_model ON templates (model_name, model_version, precision)",
        "CREATE INDEX templates_person ON templates (person_id)",
        """CREATE TABLE events (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            person_id INTEGER,
            person_name TEXT NOT NULL DEFAULT '',
            detail TEXT NOT NULL DEFAULT '',
            similarity REAL,
            threshold REAL,
            digest BLOB NOT NULL
        )""",
        "CREATE INDEX events_at ON events (at_ms)",
        "CREATE INDEX events_person ON events (person_id)",
        """CREATE TABLE settings (
            key TEXT PRIMARY KEY,
            value TEXT NOT NULL
        )""",
    ),
    # When somebody may enter; empty means always.
    ("ALTER TABLE people ADD COLUMN hours TEXT NOT NULL DEFAULT ''",),
    # What a template may be compared with, and its picture in JSON (empty: not known). Personal
    # PINs (empty: none), and pairs of people whose faces are alike.
    (
        "ALTER TABLE templates ADD COLUMN kind TEXT NOT NULL DEFAULT 'plain'",
        "ALTER TABLE templates ADD COLUMN picture TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE people ADD COLUMN pin TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE people ADD COLUMN pin_lockout TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE look_alikes (
            first_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
            second_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
            PRIMARY KEY (first_id, second_id),
            CHECK (first_id < second_id)
        )""",
        "CREATE INDEX look_alikes_second ON look_alikes (second_id)",
    ),
    # Rights: lists are JSON. ``group_count`` says how many memberships there must be: somebody
    # without any enters always, so one that got lost must not read as that. Of the alarms before
    # this step none is open.
    (
        """CREATE TABLE schedules (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            week TEXT NOT NULL,
            holiday TEXT NOT NULL DEFAULT '[]',
            mode TEXT NOT NULL DEFAULT 'face',
            waits_for_first INTEGER NOT NULL DEFAULT 0,
            zone TEXT NOT NULL DEFAULT ''
        )""",
        """CREATE TABLE holidays (
            day TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            is_yearly INTEGER NOT NULL DEFAULT 0
        )""",
        """CREATE TABLE access_groups (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            schedule_ids TEXT NOT NULL DEFAULT '[]',
            doors TEXT NOT NULL DEFAULT '[]',
            needs_two INTEGER NOT NULL DEFAULT 0,
            is_first INTEGER NOT NULL DEFAULT 0,
            ignores_passback INTEGER NOT NULL DEFAULT 0
        )""",
        """CREATE TABLE group_members (
            person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
            group_id INTEGER NOT NULL REFERENCES access_groups (id),
            PRIMARY KEY (person_id, group_id)
        )""",
        "CREATE INDEX group_members_group ON group_members (group_id)",
        "ALTER TABLE people ADD COLUMN group_count INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE people ADD COLUMN valid_from_ms INTEGER",
        "ALTER TABLE people ADD COLUMN valid_until_ms INTEGER",
        "ALTER TABLE people ADD COLUMN uses_left INTEGER",
        "ALTER TABLE people ADD COLUMN is_slow INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE people ADD COLUMN is_guest INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE people ADD COLUMN duress_pin TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE open_alarms (seq INTEGER PRIMARY KEY)",
    ),
)

SCHEMA_VERSION = len(STEPS)


def backup_path(path: Path, version: int) -> Path:
    """Where the copy made before leaving schema ``version`` is kept."""
    return path.with_name(f"{path.name}.backup-v{version}")


def migrate(connection: Any, version: int, steps: Sequence[Step]) -> None:
    """Bring an open database from schema ``version`` to the newest.

    Each step commits together with its version number, so an interrupted migration resumes
    where it stopped. Raises StoreError when a step would leave rows without their parent.
    """
    # Rebuilding a table drops its old self; with enforcement on that would delete its children.
    # SQLite ignores this pragma inside a transaction, hence here.
    connection.execute_sql("PRAGMA foreign_keys = OFF")
    for number, statements in enumerate(steps[version:], start=version + 1):
        with connection.atomic("IMMEDIATE"):
            for statement in statements:
                connection.execute_sql(statement)
            if connection.execute_sql("PRAGMA foreign_key_check").fetchone() is not None:
                raise StoreError(
                    f"The database cannot be brought to schema {number}: some templates belong "
                    "to nobody. Nothing was changed; restore it from a backup."
                )
            connection.execute_sql(f"PRAGMA user_version = {number}")
    connection.execute_sql("PRAGMA foreign_keys = ON")


def back_up(connection: Any, path: Path, version: int) -> Path:
    """Write a compact, readable-by-owner copy beside the database and return its path.

    A copy left by an earlier attempt at the same migration is replaced.
    """
    target = backup_path(path, version)
    partial = target.with_name(target.name + ".partial")
    with contextlib.suppress(FileNotFoundError):
        partial.unlink()
    # VACUUM INTO accepts an existing file only when it is empty; made here it has our mode.
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    try:
        connection.execute_sql("VACUUM INTO ?", (str(partial),))
        sync_path(partial)
        partial.replace(target)
        sync_path(target.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    return target


def sync_path(path: Path) -> None:
    """Flush a file or folder to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The one place where the database file is created, checked, opened and closed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import peewee

from kiosk.errors import NewerDatabaseError, StoreError
from kiosk.store.faults import translated
from kiosk.store.migrations import STEPS, Step, back_up, migrate, sync_path
from kiosk.store.tables import Tables, bind_tables

APPLICATION_ID = 0x444B5342
"""Marks a SQLite file as ours ("DKSB"); never changes."""

BUSY_TIMEOUT_S = 5.0

_PRAGMAS = (
    # FULL, because WAL with NORMAL may lose the last commits when the power goes.
    ("journal_mode", "wal"),
    ("synchronous", "full"),
    ("foreign_keys", "on"),
    # Deleted templates are overwritten, not merely unlinked.
    ("secure_delete", "on"),
    ("trusted_schema", "off"),
    ("cell_size_check", "on"),
)

_peewee: Any = peewee


class Database:
    """An open database. Use and close it on the thread that opened it, once per process."""

    def __init__(self, path: Path, connection: Any, tables: Tables) -> None:
        """Use :meth:`open`."""
        self.path = path
        self.tables = tables
        self._connection = connection
        found = path.stat()
        self._identity = (found.st_dev, found.st_ino)

    @classmethod
    def open(cls, path: Path, *, create: bool = True, steps: Sequence[Step] = STEPS) -> Database:
        """Open the database at ``path``, making or migrating it when needed.

        Raises StoreError when the file is missing (without ``create``), empty, damaged, not ours
        or not accessible, and NewerDatabaseError when a newer program wrote it; a file that is
        refused as not ours or newer is not touched.
        """
        path = path.absolute()
        with translated(path):
            if _is_missing(path):
                if not create:
                    raise StoreError(
                        f"There is no database at {path}. Start door-kiosk once to create it, or "
                        "choose another folder with --data DIR."
                    )
                _create(path, steps)
            else:
                _check_identity(path, len(steps))
            _restrict_mode(path)
            connection = _connect(path)
            try:
                _check_health(connection, path)
                version = _pragma(connection, "user_version")
                if version < len(steps):
                    back_up(connection, path, version)
                    migrate(connection, version, steps)
                tables = bind_tables(connection)
                _check_tables(connection, path, tables)
            except BaseException:
                connection.close()
                raise
        return cls(path, connection, tables)

    @property
    def schema_version(self) -> int:
        with self.reading():
            return _pragma(self._connection, "user_version")

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Run the block as one transaction; an inner block becomes part of the outer one.

        The write lock is taken at the start, so reading first and writing later cannot fail
        half-way. Raises StoreError, after which nothing of the block remains.
        """
        with translated(self.path), self._connection.atomic("IMMEDIATE"):
            yield

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Turn faults inside the block into StoreError."""
        with translated(self.path):
            yield

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return all its rows. Raises StoreError."""
        with translated(self.path):
            return list(self._connection.execute_sql(sql, parameters).fetchall())

    def check_in_place(self) -> None:
        """Raise StoreError when the file was removed or replaced since it was opened.

        SQLite goes on writing to a file that has no name any more, and all of it is lost.
        """
        try:
            found = self.path.stat()
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._identity:
            raise StoreError(
                f"The database {self.path} was removed or replaced while in use, so nothing can "
                "be kept. Put it back or restore a backup, then start door-kiosk again."
            )

    def truncate_log(self) -> bool:
        """Empty the write-ahead log, where old contents linger; False when that must wait.

        Raises StoreError.
        """
        busy, _pages, _moved = self.execute("PRAGMA wal_checkpoint(TRUNCATE)")[0]
        return not busy

    def close(self) -> None:
        """Close the connection; closing twice does no harm."""
        if not self._connection.is_closed():
            self._connection.close()


def _is_missing(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return True
    if not stat.S_ISREG(mode):
        raise StoreError(f"{path} is not a file. Move it away, or choose another folder.")
    return False


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _check_identity(path: Path, known_version: int) -> None:
    if path.stat().st_size == 0:
        raise StoreError(
            f"The database {path} is empty: it was damaged, by a full disk or a power cut. "
            "Restore it from a backup, or move it away to start anew with nobody enrolled."
        )
    # "immutable" reads the file alone: no lock, no log, no side file, nothing written.
    versions = [_identity(path, "mode=ro&immutable=1")]
    log = _log_of(path)
    if log.exists() and log.stat().st_size > 0:
        # A version number may still be in the log. A read-only connection never empties it.
        versions.append(_identity(path, "mode=ro"))
    application_id, version = versions[-1]
    if application_id != APPLICATION_ID:
        raise StoreError(
            f"{path} is a database of another program. Move it away, or choose another folder "
            "with --data DIR; nothing was changed."
        )
    version = max(number for _, number in versions)
    if version > known_version:
        raise NewerDatabaseError(
            f"The database {path} was written by a newer door-kiosk (schema {version}, this one "
            f"knows {known_version}). Update the program, or restore the backup made before the "
            "update; nothing was changed."
        )
    if version < 1:
        raise StoreError(
            f"The database {path} has no schema: it is damaged. Restore it from a backup, or move "
            "it away to start anew with nobody enrolled."
        )


def _identity(path: Path, how: str) -> tuple[int, int]:
    connection = sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=BUSY_TIMEOUT_S)
    try:
        application_id = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    finally:
        connection.close()
    return int(application_id), int(version)


def _create(path: Path, steps: Sequence[Step]) -> None:
    """Make the file under another name first: an interrupted start leaves none, never half."""
    log = _log_of(path)
    if log.exists():
        # SQLite would replay a stray log into the new file.
        raise StoreError(
            f"The database {path} is missing, but its log {log.name} is there. Restore the "
            "database from a backup, or move the log away to start anew with nobody enrolled."
        )
    partial = path.with_name(path.name + ".new")
    for leftover in (partial, partial.with_name(partial.name + "-journal")):
        leftover.unlink(missing_ok=True)
    descriptor = os.open(
        partial, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
    try:
        connection = _peewee.SqliteDatabase(
            f"{partial.as_uri()}?mode=rw", uri=True, autoconnect=False
        )
        connection.connect()
        try:
            connection.execute_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            migrate(connection, 0, steps)
        finally:
            connection.close()
        sync_path(partial)
        # The data folder has one owner at a time, so nobody can make the file in between.
        partial.rename(path)
        sync_path(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def _restrict_mode(path: Path) -> None:
    # The side files take their mode from this one. Somebody else's file is left as it is.
    with contextlib.suppress(OSError):
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _connect(path: Path) -> Any:
    connection = _peewee.SqliteDatabase(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        autoconnect=False,
        timeout=BUSY_TIMEOUT_S,
        pragmas=_PRAGMAS,
    )
    connection.connect()
    # A damaged byte in one row must not make all others unreadable.
    connection.connection().text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection


def _pragma(connection: Any, name: str) -> int:
    return int(connection.execute_sql(f"PRAGMA {name}").fetchone()[0])


def _check_health(connection: Any, path: Path) -> None:
    found = connection.execute_sql("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreError(
            f"The database {path} is damaged ({found}). Restore it from a backup, or move it away "
            "to start anew with nobody enrolled."
        )


def _check_tables(connection: Any, path: Path, tables: Tables) -> None:
    for model in tables.all():
        name = model._meta.table_name
        present = {row[1] for row in connection.execute_sql(f'PRAGMA table_info("{name}")')}
        missing = sorted(set(model._meta.columns) - present)
        if missing:
            raise StoreError(
                f"The database {path} lacks {name}.{missing[0]}: it is damaged. Restore it from a "
                "backup."
            )

"""Look into a database without changing a byte of it, also while a kiosk runs on it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee

from kiosk.errors import StoreError
from kiosk.store import database as files
from kiosk.store.database import Database
from kiosk.store.faults import translated
from kiosk.store.migrations import SCHEMA_VERSION
from kiosk.store.store import Store
from kiosk.store.tables import bind_tables

_peewee: Any = peewee


@contextlib.contextmanager
def inspected(path: Path, *, in_use: bool) -> Iterator[Store]:
    """Open the store for reading alone; ``in_use`` says whether a kiosk has it open now.

    Unlike :meth:`Store.open` it neither creates, migrates nor empties anything; whatever writes
    raises StoreError. Raises StoreError when the file is missing, damaged, not ours, or of a
    schema other than this program's. Not for the process that has the same database open.
    """
    path = path.absolute()
    with translated(path):
        if not path.is_file():
            raise StoreError(
                f"There is no database at {path} yet. It is made when somebody is enrolled or the "
                "kiosk is started; or choose another folder with --data DIR."
            )
        files._check_identity(path, SCHEMA_VERSION)
        connection = _connect(path, in_use)
        try:
            files._check_health(connection, path)
            _refuse_older(path, files._pragma(connection, "user_version"))
            tables = bind_tables(connection)
            files._check_tables(connection, path, tables)
        except BaseException:
            connection.close()
            raise
    database = Database(path, connection, tables)
    try:
        yield Store.of(database)
    finally:
        database.close()


def _refuse_older(path: Path, version: int) -> None:
    if version < SCHEMA_VERSION:
        raise StoreError(
            f"The database {path} has the older schema {version}; it is brought up to date when "
            "the kiosk is started next."
        )


def _connect(path: Path, in_use: bool) -> Any:
    log = files._log_of(path)
    has_log = log.exists() and log.stat().st_size > 0
    # "immutable" makes no side files, but it must not be told of a file that is being written.
    how = "mode=ro" if in_use or has_log else "mode=ro&immutable=1"
    connection = _peewee.SqliteDatabase(
        f"{path.as_uri()}?{how}",
        uri=True,
        autoconnect=False,
        timeout=files.BUSY_TIMEOUT_S,
        pragmas=(("trusted_schema", "off"), ("cell_size_check", "on"), ("query_only", "on")),
    )
    connection.connect()
    connection.connection().text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection

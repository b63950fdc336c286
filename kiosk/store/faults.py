"""Faults of SQLite and the disk, as sentences."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import peewee

from kiosk.errors import StoreError

_ADVICE = (
    # What SQLite says, and what a person is told. The first hit counts.
    (
        "database or disk is full",
        "the disk is full, and nothing was changed. Free some space; no restart is needed",
    ),
    (
        "readonly",
        "it is read-only. Check the owner of the folder and whether the disk is write-protected",
    ),
    (
        "read-only",
        "it is read-only. Check the owner of the folder and whether the disk is write-protected",
    ),
    ("locked", "another program is holding it. Close that program and try again"),
    (
        "unable to open",
        "it cannot be opened. Check that the folder exists, is writable and belongs to the user "
        "that runs door-kiosk",
    ),
    (
        "disk i/o error",
        "the disk reported an error. Check the disk and its connection, then restart door-kiosk",
    ),
    ("not a database", "it is not a database. Restore it from a backup, or move it away"),
    ("malformed", "it is damaged. Restore it from a backup, or move it away"),
    ("no such table", "a table is missing from it. Restore it from a backup"),
    ("no such column", "a column is missing from it. Restore it from a backup"),
)

# Interface, programming and integrity errors are bugs of the program and are left alone.
_BUGS = (
    peewee.InterfaceError,
    peewee.ProgrammingError,
    peewee.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    sqlite3.IntegrityError,
)


def store_error(error: BaseException, path: Path) -> StoreError:
    """Say in a sentence what a database error means and what to do about it."""
    cause: BaseException | None = error
    # When SQLite has rolled back by itself, peewee's own ROLLBACK fails and hides the cause.
    while cause is not None and "no transaction is active" in str(cause):
        cause = cause.__context__
    said = str(cause or error)
    for needle, advice in _ADVICE:
        if needle in said.lower():
            return StoreError(f"The database {path} cannot be used: {advice}.")
    return StoreError(f"The database {path} cannot be used: {said}.")


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn faults of the database at ``path`` inside the block into StoreError; bugs pass."""
    try:
        yield
    except _BUGS:
        raise
    except (peewee.DatabaseError, sqlite3.Error) as error:
        raise store_error(error, path) from error
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be used: {error.strerror}. "
            "Check the disk and the owner of the folder."
        ) from error

"""A number that grows with everything written about who may enter.

Whoever decided by a snapshot of it learns in the transaction that writes the entry whether it still
holds. The uses of a pass do not count: they are checked when one is spent.
"""

from __future__ import annotations

from kiosk.store.database import Database

_KEY = "rights.generation"


def advance(database: Database) -> None:
    """Note a change; to be called in the transaction that makes it. Raises StoreError."""
    database.execute(
        "INSERT INTO settings (key, value) VALUES (?, '1') ON CONFLICT (key) DO UPDATE "
        "SET value = CAST(value AS INTEGER) + 1",
        (_KEY,),
    )


def current(database: Database) -> int:
    """Return the number now. Raises StoreError."""
    rows = database.execute("SELECT CAST(value AS INTEGER) FROM settings WHERE key = ?", (_KEY,))
    return int(rows[0][0]) if rows else 0

"""Small texts the program keeps: the PIN's hash, the state of a lockout and the like."""

from __future__ import annotations

from kiosk.store.database import Database


class SettingsTable:
    """Texts by key. Every method raises StoreError; a change is on the disk when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settings = database.tables.settings

    def get(self, key: str) -> str | None:
        """Return the text, or None when there is none."""
        with self._database.reading():
            row = self._settings.get_or_none(self._settings.key == key)
        return None if row is None else str(row.value)

    def set(self, key: str, value: str) -> None:
        """Store a text in place of the former one."""
        with self._database.writing():
            self._settings.replace(key=key, value=value).execute()

    def delete(self, key: str) -> None:
        """Forget a text; there need not be one."""
        with self._database.writing():
            self._settings.delete().where(self._settings.key == key).execute()

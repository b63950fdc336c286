"""What is kept on the disk between runs; the functions run on the store's thread."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from kiosk.domain import Event, EventKind
from kiosk.signals.commands import Command, CommandError
from kiosk.store.events import EventQuery
from kiosk.store.store import Store

_CURSOR, _LOG, _COUNTER = "mqtt.cursor", "mqtt.log", "mqtt.counter"
_MAX_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Position:
    """How far the broker has acknowledged a log."""

    log_id: str
    """Numbers of events mean something together with this only: a new database begins at 1."""
    cursor: int
    """``seq`` of the newest event of which it is certain that the broker has it and all before."""


def load_position(store: Store) -> Position:
    """Read the position; at the very first time, everything so far is past. Raises StoreError."""
    log_id = store.settings.get(_LOG)
    if log_id is None:
        log_id = secrets.token_hex(4)
        store.settings.set(_LOG, log_id)
    text = store.settings.get(_CURSOR)
    newest, _ = store.events.head()
    if text is None:
        save_cursor(store, newest)
        return Position(log_id, newest)
    # Damaged: rather everything twice than something not at all.
    cursor = int(text) if text.isdecimal() and len(text) < _MAX_DIGITS else 0
    return Position(log_id, min(cursor, newest))


def save_cursor(store: Store, cursor: int) -> None:
    """Keep the position. Raises StoreError."""
    store.settings.set(_CURSOR, str(cursor))


def events_after(store: Store, seq: int, limit: int) -> list[Event]:
    """Return the next events of the log. Raises StoreError."""
    return store.events.query(EventQuery(after_seq=seq, limit=limit))


def accept(store: Store, command: Command, key_name: str, now_ms: int) -> None:
    """Use up a command's counter and record that it came; both are on the disk then.

    Raises CommandError for a counter that is not higher than every one before, StoreError.
    """
    name, _, last = (store.settings.get(_COUNTER) or "").partition(":")
    # A damaged note stops everything: then a new secret is needed.
    if name == key_name and not (last.isdecimal() and len(last) < _MAX_DIGITS):
        raise CommandError("the counter on the disk is damaged: make a new secret")
    if name == key_name and command.counter <= int(last):
        raise CommandError("its counter was used before")
    with store.database.writing():
        store.settings.set(_COUNTER, f"{key_name}:{command.counter}")
        detail = f"{command.kind.value}, counter {command.counter}"
        store.events.append(Event(EventKind.COMMAND_RECEIVED, now_ms, detail=detail))

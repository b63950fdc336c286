"""What is sent: the door's state and its events, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kiosk.domain import DoorState, DoorStatus, Event, EventKind
from kiosk.signals.topics import Topics

ONLINE, OFFLINE = "online", "offline"
_MAX_DETAIL = 500
# What an administrator typed may name anybody.
_FREE_TEXT = (EventKind.MANUAL_UNLOCK,)


@dataclass(frozen=True, slots=True)
class Message:
    """One publication."""

    topic: str
    payload: str
    is_retained: bool = False


def availability(topics: Topics, word: str) -> Message:
    """Say whether the kiosk is there; the broker says ``offline`` by itself when it vanishes."""
    return Message(topics.availability, word, is_retained=True)


def state_message(topics: Topics, status: DoorStatus, at_ms: int) -> Message:
    """Describe the door as it is now."""
    return Message(
        topics.state,
        as_json(
            {
                "state": status.state.value,
                "lock": _lock(status),
                "is_open": status.inputs.is_open,
                "alarm": None if status.alarm is None else status.alarm.value,
                "is_alarm": status.live_alarm is not None,
                "is_free_access": status.is_free,
                "is_lockdown": status.is_lockdown,
                "is_fault": status.state is DoorState.FAULT,
                "message": status.message[:_MAX_DETAIL],
                "at_ms": at_ms,
            }
        ),
        is_retained=True,
    )


def event_message(topics: Topics, event: Event, log_id: str, *, names: bool) -> Message:
    """Describe an event; without ``names`` nothing that could hold one goes out.

    Duress has a topic of its own: whatever shows the other events, perhaps on a wall beside the
    door, must not show it.
    """
    tree: dict[str, Any] = {
        "event_type": event.kind.value,
        "seq": event.seq,
        "log": log_id,
        "at_ms": event.at_ms,
    }
    if event.person_id is not None:
        tree["person_id"] = event.person_id
    if names and event.person_name:
        tree["person_name"] = event.person_name
    if event.detail and (names or event.kind not in _FREE_TEXT):
        tree["detail"] = event.detail[:_MAX_DETAIL]
    topic = topics.duress if event.kind is EventKind.DURESS else topics.event
    return Message(topic, as_json(tree))


def as_json(tree: dict[str, Any]) -> str:
    """Return compact JSON."""
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _lock(status: DoorStatus) -> str:
    if status.is_unlocked:
        return "UNLOCKED"
    return "JAMMED" if status.state is DoorState.FAULT else "LOCKED"

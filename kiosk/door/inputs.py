"""What the door's wires say once they have stopped bouncing: no thread, no clock."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.domain import DoorInputs

_WIRES = {
    "is_open": "door sensor",
    "exit_pressed": "exit button",
    "other_open": "second door's sensor",
}


@dataclass(slots=True)
class _Wire:
    level: bool | None = None
    """What is believed."""
    since_ns: int = 0
    candidate: bool | None = None
    candidate_since_ns: int = 0


class InputFilter:
    """Believe a wire that has said the same for the debounce time; forget nothing it once said.

    A wire that was there once and says nothing now is unreadable, which is not the same as shut.
    """

    def __init__(self, debounce_ns: int) -> None:
        self._debounce_ns = debounce_ns
        self._wires = {name: _Wire() for name in _WIRES}
        self._known: set[str] = set()

    @property
    def has_wires(self) -> bool:
        """Whether any wire has ever said anything."""
        return bool(self._known)

    @property
    def is_settled(self) -> bool:
        """Whether every wire that is there is believed to say what it said last."""
        return all(
            self._wires[name].level is not None and self._wires[name].candidate is None
            for name in self._known
        )

    @property
    def believed(self) -> DoorInputs:
        return DoorInputs(**{name: wire.level for name, wire in self._wires.items()})

    def since_ns(self, name: str) -> int:
        """When the wire began to say what is believed."""
        return self._wires[name].since_ns

    def settles_at_ns(self) -> int | None:
        """When a change that is under way may be believed at the earliest; None without one."""
        starts = [w.candidate_since_ns for w in self._wires.values() if w.candidate is not None]
        return min(starts) + self._debounce_ns if starts else None

    def take(self, raw: DoorInputs, now_ns: int) -> str:
        """Take a reading. Return "", or a sentence naming a wire that cannot be read."""
        for name, words in _WIRES.items():
            level = getattr(raw, name)
            if level is not None:
                self._known.add(name)
                self._take(self._wires[name], level, now_ns)
            elif name in self._known:
                return f"The {words} cannot be read: check its wire and its supply."
        return ""

    def forget(self) -> None:
        """Believe nothing any more: the wires have not been watched for a while."""
        self._wires = {name: _Wire() for name in _WIRES}

    def _take(self, wire: _Wire, level: bool, now_ns: int) -> None:
        if level == wire.level:
            wire.candidate = None
            return
        if level != wire.candidate:
            wire.candidate, wire.candidate_since_ns = level, now_ns
        if now_ns - wire.candidate_since_ns >= self._debounce_ns:
            wire.level, wire.since_ns, wire.candidate = level, wire.candidate_since_ns, None

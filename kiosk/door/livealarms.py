"""The alarms of one door that nobody has acknowledged, and the warning of one that comes."""

from __future__ import annotations

from kiosk.domain import DoorAlarm, DoorState, EventKind

_ALARM_OF = {
    EventKind.DOOR_FORCED: DoorAlarm.FORCED,
    EventKind.DOOR_HELD: DoorAlarm.HELD,
}
_STATE_OF = {DoorAlarm.FORCED: DoorState.FORCED, DoorAlarm.HELD: DoorState.HELD}


class LiveAlarms:
    """What is live, whatever the leaf has done since."""

    def __init__(self) -> None:
        self._live: set[DoorAlarm] = set()
        self.is_warned = False
        """The leaf is open, and HELD follows soon."""
        self._meant: DoorAlarm | None = None

    @property
    def shown(self) -> DoorAlarm | None:
        """First what whoever stands there can still prevent."""
        return DoorAlarm.HELD_SOON if self.is_warned else self.worst

    @property
    def worst(self) -> DoorAlarm | None:
        return next((a for a in (DoorAlarm.FORCED, DoorAlarm.HELD) if a in self._live), None)

    def add(self, alarm: DoorAlarm) -> None:
        self.is_warned = False
        self._live.add(alarm)

    def mean(self, kind: EventKind | None) -> bool:
        """Choose what :meth:`silence` is about, None for all; return whether there is any."""
        self._meant = None if kind is None else _ALARM_OF.get(kind)
        return self.shown is not None if kind is None else self._meant in self._live

    def is_of_another(self, state: DoorState) -> bool:
        """Whether what is meant is one alarm, and not the one that ``state`` is."""
        return self._meant is not None and _STATE_OF[self._meant] is not state

    def silence(self) -> None:
        """End the alarm that was meant, or all and the warning."""
        if self._meant is None:
            self.is_warned = False
            self._live.clear()
        else:
            self._live.discard(self._meant)

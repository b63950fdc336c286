"""Keeps an eye on the computer while the kiosk runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from kiosk.board.governor import Governor
from kiosk.board.sensors import BoardReading


class Sensors(Protocol):
    """Whatever can be read; :class:`kiosk.board.sensors.BoardSensors` in the running kiosk."""

    def read(self) -> BoardReading:
        """Look once. Raises nothing."""


class BoardWatch:
    """Owns the thread ``board``, which reads the sensors and follows the governor.

    ``reading``, ``sentence`` and ``may_examine`` may be used by any thread and never wait for a
    sensor.
    """

    def __init__(
        self,
        sensors: Sensors,
        governor: Governor,
        on_change: Callable[[str | None], None],
        interval_s: float = 2.0,
    ) -> None:
        """``on_change`` is called on the thread ``board`` with the new sentence, or None."""
        self._sensors = sensors
        self._governor = governor
        self._on_change = on_change
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._reading: BoardReading | None = None
        self._stopping = threading.Event()
        # A driver may hang in a read for ever, and that must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="board", daemon=True)

    @property
    def reading(self) -> BoardReading | None:
        """The latest figures; None before the first."""
        with self._lock:
            return self._reading

    @property
    def sentence(self) -> str | None:
        """What the governor has to say; None when nothing is held back."""
        with self._lock:
            return self._governor.sentence

    def may_examine(self, now_ns: int) -> bool:
        """Tell whether the frame captured at ``now_ns`` is examined; see :class:`Governor`."""
        with self._lock:
            return self._governor.may_examine(now_ns)

    def start(self) -> None:
        """Begin to watch; once."""
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """End the thread; return False when a sensor that hangs keeps it. May be repeated."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            reading = self._sensors.read()
            if self._stopping.is_set():
                return
            with self._lock:
                self._reading = reading
                has_changed = self._governor.update(reading.temperature_c)
                sentence = self._governor.sentence
            if has_changed:
                self._on_change(sentence)
            self._stopping.wait(self._interval_s)

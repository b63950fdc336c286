"""Measure how long the event loop stalls while the recognition runs flat out.

``python -m ui.stalls DATA SECONDS`` prints one line of JSON. A timer beats every 5 ms in the GUI
thread; whatever two beats lie further apart than that is a stall.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Slot

from kiosk.config import Config
from kiosk.datafolder import DataFolder
from kiosk.domain import Pixels
from kiosk.drawnface import draw_face
from kiosk.engine import Engine
from ui.app import Session, make_application
from ui.faults import BugCatcher

BEAT_MS = 5
_WARM_UP_S = 2.0


class FloodCamera:
    """A camera faster than any recognition: a new picture whenever one is asked for."""

    name = "flood"
    is_live = True

    def __init__(self, frames_per_s: float = 200.0) -> None:
        self._pause_s = 1 / frames_per_s
        self._pictures: list[Pixels] = []
        self._numbers = count()

    def open(self) -> None:
        self._pictures = [draw_face(640, 480, 110 + 2 * step) for step in range(8)]

    def read(self) -> Pixels:
        time.sleep(self._pause_s)
        return self._pictures[next(self._numbers) % len(self._pictures)]

    def close(self) -> None: ...


class Beat(QObject):
    """Writes down when the event loop got round to it."""

    def __init__(self) -> None:
        super().__init__()
        self.beats_s: list[float] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin."""
        self._timer.start()

    @Slot()
    def _beat(self) -> None:
        self.beats_s.append(time.perf_counter())


def measure_stalls(data: Path, seconds: float) -> dict[str, Any]:
    """Run the whole window for ``seconds`` on a flood of frames; return the figures."""
    application = make_application()
    engines: list[Engine] = []

    def make_engine(bridge: Any) -> Engine:
        engine = Engine(Config(), DataFolder(data), bridge, camera=FloodCamera())
        engines.append(engine)
        return engine

    with BugCatcher() as bugs:
        session = Session(make_engine, bugs, windowed=True, asks_for_pin=False)
        beat = Beat()
        bugs.caught.connect(session.leave)
        QTimer.singleShot(round((seconds + _WARM_UP_S) * 1000), session.leave)
        session.begin()
        beat.start()
        application.exec()
        examined = engines[0].results.taken + engines[0].results.dropped
        session.end()
    beats = np.array(beat.beats_s)
    gaps_ms = np.diff(beats[beats > beats[0] + _WARM_UP_S]) * 1000
    stalls_ms = np.maximum(gaps_ms - BEAT_MS, 0)
    return {
        "recognitions_per_s": round(examined / (seconds + _WARM_UP_S), 1),
        "event_loop_stall_p50_ms": round(float(np.percentile(stalls_ms, 50)), 1),
        "event_loop_stall_p99_ms": round(float(np.percentile(stalls_ms, 99)), 1),
        "event_loop_stall_max_ms": round(float(stalls_ms.max()), 1),
        "beats": int(gaps_ms.size),
    }


if __name__ == "__main__":
    print(json.dumps(measure_stalls(Path(sys.argv[1]), float(sys.argv[2]))))

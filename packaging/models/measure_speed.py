"""How fast the simulator draws: one person before a door, 640×480, one core."""

from __future__ import annotations

import time
from typing import Any

import cv2
from heldout import HEIGHT_PX, SCENE_PEOPLE, WIDTH_PX

from kiosk.simulator.render import Renderer
from kiosk.simulator.visits import Cast, visit

Row = tuple[str, str, str]
_FRAMES_PER_S = 15


def simulator(visits: int) -> tuple[dict[str, Any], list[Row]]:
    """Draw visits of as many people, their first frames included, and count frames a second."""
    cv2.setNumThreads(1)
    renderer = Renderer(WIDTH_PX, HEIGHT_PX)
    frames = 0
    started = time.process_time()
    for number in range(visits):
        played = visit("approach", Cast(SCENE_PEOPLE + number, SCENE_PEOPLE + number + 1, 11, 0))
        for step in range(int(played.seconds * _FRAMES_PER_S)):
            renderer.render(played.scene_at(step / _FRAMES_PER_S, WIDTH_PX, HEIGHT_PX))
            frames += 1
    rate = frames / (time.process_time() - started)
    figures = {"frames": frames, "frames_per_cpu_s": rate}
    return figures, [
        (f"simulator, {frames} frames of {visits} visits", "≥ 30 / s", f"{rate:.0f} / s")
    ]

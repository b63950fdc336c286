"""A camera that films people who do not exist; scenes come from :mod:`kiosk.simulator`."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from kiosk.camera.pacing import Pacer
from kiosk.config import CameraConfig
from kiosk.domain import Pixels
from kiosk.errors import CameraError, ConfigError
from kiosk.simulator.scene import Rendering, Scene
from kiosk.simulator.visits import VISITS, CameraFault, Cast, visit
from kiosk.simulator.visits_script import Performance, Script

SCHEME = "sim:"
FRAMES_PER_S = 30
_GAP_S = 1.6
"""Nobody is there for so long between visits: the kiosk shall see that one has left."""


class Draws(Protocol):
    """What the camera needs of :class:`kiosk.simulator.render.Renderer`."""

    def render(self, scene: Scene) -> Rendering:
        """Return the picture of a scene."""


class SimulatedCamera:
    """Films what a script plays, without end; a fault of the scene is acted out."""

    is_live = True

    def __init__(
        self,
        config: CameraConfig,
        script: Script,
        name: str = "simulated camera",
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        make_renderer: Callable[[int, int], Draws] | None = None,
    ) -> None:
        """``clock`` and ``sleep`` (seconds) may be those of a test, in which time flies."""
        self.name = name
        self.label = ""
        """The name of the scene in the frame last returned."""
        self._size = (config.width_px, config.height_px)
        self._interval_s = 1 / min(config.frames_per_s, FRAMES_PER_S)
        self._script = script
        self._clock, self._sleep = clock, sleep
        self._make_renderer = make_renderer or _make_renderer
        self._renderer: Draws | None = None
        self._pacer = self._make_pacer()
        self._last: Pixels | None = None

    def open(self) -> None:
        """Make ready. Raises CameraError while the scene wants the camera dead."""
        self._refuse_dead(*self._script.moment(self._clock()))
        if self._renderer is None:
            # Kept when the camera is closed: painting heads takes longer than the loss.
            self._renderer = self._make_renderer(*self._size)
        self._pacer = self._make_pacer()

    def read(self) -> Pixels:
        """Return the next frame when it is due. Raises CameraError when the scene wants it."""
        if self._renderer is None:
            raise CameraError("The simulated camera is not open. Open it before reading.")
        self._pacer.wait()
        performance, t_s = self._script.moment(self._clock())
        self.label = performance.name
        self._refuse_dead(performance, t_s)
        fault = performance.fault_at(t_s)
        if fault is CameraFault.FROZEN and self._last is not None:
            return self._last
        width_px, height_px = self._size
        if fault is CameraFault.BLACK:
            return np.zeros((height_px, width_px, 3), np.uint8)
        self._last = self._renderer.render(performance.scene_at(t_s, width_px, height_px)).pixels
        return self._last

    def close(self) -> None:
        """Let go of the last picture."""
        self._last = None

    def _make_pacer(self) -> Pacer:
        return Pacer(self._interval_s, self._clock, self._sleep)

    @staticmethod
    def _refuse_dead(performance: Performance, t_s: float) -> None:
        if performance.fault_at(t_s) is CameraFault.DEAD:
            raise CameraError(
                "The simulated camera is dead, as the scene wants it. Wait until it comes back."
            )


def parse_simulated(text: str, config: CameraConfig) -> SimulatedCamera:
    """Return the camera that ``sim:NAME`` names; ``sim:`` alone plays every scene in turn.

    Raises ConfigError, with the names of all scenes, for an unknown one.
    """
    wanted = text.removeprefix(SCHEME)
    if wanted and wanted not in VISITS:
        raise ConfigError(
            f"There is no simulated scene {wanted!r}. Use {SCHEME} alone for all in turn, or "
            f"one of: {', '.join(SCHEME + name for name in VISITS)}."
        )
    names = [wanted] if wanted else [name for name in VISITS if name != "empty"]
    shown = f"simulated camera ({wanted or 'all scenes'})"
    return SimulatedCamera(config, Script(_endless(names)), shown)


def _endless(names: list[str]) -> Iterator[Performance]:
    for turn in itertools.count():
        for name in names:
            yield visit(name, Cast(seed=turn))
            yield dataclasses.replace(visit("empty"), seconds=_GAP_S)


def _make_renderer(width_px: int, height_px: int) -> Draws:
    # Late: whoever has a real camera needs no simulator.
    from kiosk.simulator.render import Renderer

    return Renderer(width_px, height_px)

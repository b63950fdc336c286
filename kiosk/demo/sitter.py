"""The simulated visitor who is being enrolled: hears the instructions and follows them."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from kiosk.domain import Guidance
from kiosk.enrolment import EnrolmentProgress, View
from kiosk.simulator.scene import Actor, Scene
from kiosk.simulator.visits import CameraFault
from kiosk.simulator.visits_motion import blink

PATIENCE_S = 1.6
"""Without an instruction for so long, the visitor leaves."""

_WALK_S = 1.5
_REACTION_S = 0.22
"""Time constant of a movement of the head."""
_TRIAL_S = 2.6
"""When a pose is not accepted for so long, a little more or less of it is tried."""
_TRIES = (1.0, 0.8, 1.25)
# The person's own left is on the right of the picture, where yaw is positive.
_TARGETS = {
    View.FRONT: (0.0, 0.0),
    View.LEFT: (26.0, 0.0),
    View.RIGHT: (-26.0, 0.0),
    View.UP: (0.0, 17.0),
    View.DOWN: (0.0, -17.0),
}
_EYE, _LEAST_EYE, _LARGEST_EYE = 0.125, 0.08, 0.2


class Sitter:
    """Plays one enrolment; sees no more of it than the words and the ring on the screen.

    ``follow`` may be called by any thread, the rest by the camera's.
    """

    name = "enrolment"
    title = "The visitor follows the instructions on the screen."

    def __init__(self, person: int, room: int, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock``: seconds; tells how long ago the last instruction was."""
        self._person = person
        self._room = room
        self._clock = clock
        self._lock = threading.Lock()
        self._heard_at_s = clock()
        self._wanted: View | None = View.FRONT
        self._wanted_since_s = clock()
        self._eye_target = _EYE
        self._yaw_deg = self._pitch_deg = 0.0
        self._eye = _EYE
        self._last_s = 0.0
        self._leaves_at_s = math.inf

    @property
    def seconds(self) -> float:
        """Infinite while instructions come."""
        return self._leaves_at_s + _WALK_S

    @property
    def is_leaving(self) -> bool:
        """Whether the visitor has turned to go."""
        return math.isfinite(self._leaves_at_s)

    def follow(self, progress: EnrolmentProgress) -> None:
        """Hear the next instruction."""
        now_s = self._clock()
        with self._lock:
            self._heard_at_s = now_s
            if progress.step is not self._wanted:
                self._wanted, self._wanted_since_s = progress.step, now_s
            if progress.hold_fraction > 0:
                # It is right so: no reason to try another pose.
                self._wanted_since_s = max(self._wanted_since_s, now_s - _TRIAL_S * 0.5)
            if progress.guidance is Guidance.STEP_CLOSER:
                self._eye_target = min(self._eye_target * 1.01, _LARGEST_EYE)
            elif progress.guidance is Guidance.STEP_BACK:
                self._eye_target = max(self._eye_target / 1.01, _LEAST_EYE)

    def scene_at(self, t_s: float, width_px: int, height_px: int) -> Scene:
        """Return what the camera sees; the movement goes on from the last call."""
        now_s = self._clock()
        with self._lock:
            if not self.is_leaving and now_s - self._heard_at_s > PATIENCE_S:
                self._leaves_at_s = t_s
            yaw_deg, pitch_deg = self._target(now_s)
            eye_target = self._eye_target
        share = 1 - math.exp(-max(t_s - self._last_s, 0.0) / _REACTION_S)
        self._last_s = t_s
        self._yaw_deg += (yaw_deg - self._yaw_deg) * share
        self._pitch_deg += (pitch_deg - self._pitch_deg) * share
        self._eye += (eye_target - self._eye) * share
        unit_px = min(width_px, height_px)
        actor = Actor(
            person=self._person,
            x_px=(self._place(t_s) + 0.006 * math.sin(1.3 * t_s)) * width_px,
            y_px=(0.46 + 0.004 * math.sin(1.1 * t_s)) * height_px,
            eye_px=self._eye * unit_px,
            yaw_deg=self._yaw_deg + 0.8 * math.sin(0.9 * t_s),
            pitch_deg=self._pitch_deg + 0.6 * math.sin(0.7 * t_s),
            roll_deg=0.8 * math.sin(0.8 * t_s),
            smile=0.5 if self._wanted is None else 0.0,
            blink=blink(self._person, t_s),
        )
        return Scene((actor,), background=self._room, seed=round(t_s * 1000))

    def fault_at(self, t_s: float) -> CameraFault:
        """The camera is well."""
        return CameraFault.NONE

    def _target(self, now_s: float) -> tuple[float, float]:
        if self._wanted is None or self.is_leaving:
            return 0.0, 0.0
        yaw_deg, pitch_deg = _TARGETS[self._wanted]
        attempt = int((now_s - self._wanted_since_s) / _TRIAL_S)
        share = _TRIES[attempt % len(_TRIES)]
        return yaw_deg * share, pitch_deg * share

    def _place(self, t_s: float) -> float:
        """Return the place between the eyes, share of the picture's width."""
        comes = 1 - min(t_s / _WALK_S, 1.0)
        goes = max(t_s - self._leaves_at_s, 0.0) / _WALK_S if self.is_leaving else 0.0
        return 0.5 - 0.75 * comes**2 + 0.8 * goes**2

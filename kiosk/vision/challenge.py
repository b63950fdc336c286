"""The head turn that is asked for: which side nobody knows before, so no picture is prepared.

One :class:`TurnChallenge` is one turn: the head looks at the camera when it is asked, turns beyond
20° to the side asked within 3 s, and comes back. It fails when it does not, when the face is lost
or swapped meanwhile (a jump of place, size or angle, as between two pictures), or when it turns to
the other side. Whether what turns has depth is judged over its frames (:mod:`.solidity`): until it
has been seen, the person is asked to go on turning.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from kiosk.domain import Detection, Guidance, HeadPose
from kiosk.movement import has_jumped

_NS = 1_000_000_000


class Side(enum.Enum):
    """The person's own left or right; see domain.Guidance for which way the picture moves."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def sign(self) -> int:
        """Of the yaw when the head turns there."""
        return 1 if self is Side.LEFT else -1

    @property
    def guidance(self) -> Guidance:
        return Guidance.TURN_LEFT if self is Side.LEFT else Guidance.TURN_RIGHT


class Progress(enum.Enum):
    """How far a turn has come."""

    ASKED = "asked"
    TURNED = "turned"
    """Far enough to the right side; now back."""
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is asked of the person now; for the screen."""

    side: Side
    progress: Progress
    number: int
    """Of this turn, from 1."""
    of: int
    deadline_ns: int
    """Monotonic; until then the turn must be seen, or the head be back."""


@dataclass(frozen=True, slots=True)
class TurnRules:
    """Degrees and seconds of one turn."""

    turn_deg: float = 20.0
    """The nose must point at least so far to the side, from where it pointed when asked."""
    within_s: float = 3.0
    back_deg: float = 12.0
    back_within_s: float = 2.5
    wrong_side_deg: float = 16.0
    jump_deg: float = 18.0
    """Between two frames a head turns by no more than this and ``fastest_deg_s``."""
    fastest_deg_s: float = 280.0
    lost_s: float = 0.3
    """The face may be missing for so long: detectors blink."""
    least_frames: int = 2
    """Beyond the angle; one frame may be a misplaced landmark."""


class TurnChallenge:
    """Follows one turn. It reads no clock: frames come with their times."""

    def __init__(
        self, rules: TurnRules, side: Side, at_ns: int, pose: HeadPose, face: Detection
    ) -> None:
        """``pose`` and ``face``: of the frame on which it is asked, looking at the camera."""
        self._rules = rules
        self.side = side
        self.progress = Progress.ASKED
        self.reason = ""
        """Why it failed; a word for the log."""
        self.deadline_ns = at_ns + round(rules.within_s * _NS)
        self._front_deg = pose.yaw_deg
        self._beyond = 0
        """Frames in a row beyond the angle; negative on the other side."""
        self._track = Track(face, pose, at_ns)

    def update(
        self, at_ns: int, face: Detection | None, pose: HeadPose | None, is_solid: bool = True
    ) -> Progress:
        """Take a frame, newer than the last, and return how far the turn has come.

        ``is_solid``: whether what has turned has shown depth by now; before that it has not turned
        far enough.
        """
        if self.progress in (Progress.PASSED, Progress.FAILED):
            return self.progress
        if face is None or pose is None:
            if at_ns - self._track.at_ns > self._rules.lost_s * _NS:
                return self._fail("lost")
        elif reason := self._track.follow(face, pose, at_ns, self._rules):
            return self._fail(reason)
        else:
            self._turn(at_ns, pose, is_solid)
        if self.progress in (Progress.ASKED, Progress.TURNED) and at_ns > self.deadline_ns:
            return self._fail("no turn" if self.progress is Progress.ASKED else "not back")
        return self.progress

    def _turn(self, at_ns: int, pose: HeadPose, is_solid: bool) -> None:
        turned = (pose.yaw_deg - self._front_deg) * self.side.sign
        if self.progress is Progress.TURNED:
            if abs(pose.yaw_deg - self._front_deg) <= self._rules.back_deg:
                self.progress = Progress.PASSED
        elif turned >= self._rules.turn_deg:
            self._beyond = max(self._beyond, 0) + 1
            if self._beyond >= self._rules.least_frames and is_solid:
                self.progress = Progress.TURNED
                self.deadline_ns = at_ns + round(self._rules.back_within_s * _NS)
        elif turned <= -self._rules.wrong_side_deg:
            self._beyond = min(self._beyond, 0) - 1
            if self._beyond <= -self._rules.least_frames:
                self._fail("other side")
        else:
            self._beyond = 0

    def _fail(self, reason: str) -> Progress:
        self.progress, self.reason = Progress.FAILED, reason
        return self.progress


class Track:
    """One face from frame to frame: says when it cannot be the same any more."""

    def __init__(self, face: Detection, pose: HeadPose, at_ns: int) -> None:
        self.at_ns = at_ns
        self._box, self._yaw_deg = face.box, pose.yaw_deg

    def follow(self, face: Detection, pose: HeadPose, at_ns: int, rules: TurnRules) -> str:
        """Take the next frame's face; return what jumped, or nothing."""
        seconds = (at_ns - self.at_ns) / _NS
        jumped = has_jumped(self._box, face.box, seconds)
        swung = abs(pose.yaw_deg - self._yaw_deg) > rules.jump_deg + rules.fastest_deg_s * seconds
        self.at_ns, self._box, self._yaw_deg = at_ns, face.box, pose.yaw_deg
        if jumped:
            return "jumped"
        return "swapped" if swung else ""

"""The turns asked of one visitor: when, how many, of whom, and what comes of failing.

One turn is enough when the liveness network is sure, two are asked when it is not or when a turn
failed in a way that a picture or a film would fail in. A turn counts for whom it was asked of: when
somebody else, or nobody who is known, looks into the camera from then on, it has failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kiosk.domain import Detection, Guidance, HeadPose
from kiosk.vision.challenge import Challenge, Progress, Side, TurnChallenge, TurnRules
from kiosk.vision.solidity import Solidity

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class HeadTurnRules:
    """Seconds, degrees and counts of frames."""

    steady_s: float = 0.3
    """Looked at the camera for so long, the person is asked to turn."""
    front_deg: float = 15.0
    solid_log_ratio: float = 8.0
    """Evidence of depth that a turn must bring. Photographs of 51 people brought 9 to 24 within
    half a second of three quarters, pictures of them, tilted and bent, 1 at most; simulated ones
    that are worn and turned by 55° up to 7."""
    known_deg: float = 30.0
    """Up to this yaw somebody enrolled is recognised."""
    remembered_s: float = 20.0
    """Failed turns count for so long, also against who stepped away meanwhile."""
    strange_frames: int = 3
    """So many frames in a row that recognise nobody, and it is somebody else."""
    max_failures: int = 3
    barred_s: float = 5.0
    """After so many failures nothing is asked for so long."""
    turn: TurnRules = field(default_factory=TurnRules)


class HeadTurns:
    """Asks for turns and follows them, for one visitor at a time; no clock."""

    def __init__(self, rules: HeadTurnRules, choose_side: Callable[[], Side]) -> None:
        self._rules = rules
        self._choose_side = choose_side
        self.reset()

    def reset(self) -> None:
        """Begin another visit."""
        self._barred_until_ns: int | None = None
        self._failed_ns: int | None = None
        self._failures = 0
        self._is_suspicious = False
        self.failure = ""
        """Why the last turn failed."""
        self.forget()

    def next_visit(self, at_ns: int) -> None:
        """Begin another visit, with what failed a moment ago still counted."""
        failed_ns = self._failed_ns
        if failed_ns is None or at_ns - failed_ns > round(self._rules.remembered_s * _NS):
            self.reset()
        else:
            self.forget()

    def forget(self) -> None:
        """Begin with another face of the same visit: nothing was turned, failures are kept."""
        self._turn: TurnChallenge | None = None
        self._depth = Solidity()
        self._front_since_ns: int | None = None
        self._asked_of: int | None = None
        self._strange = 0
        self.passed = 0
        self.is_proved = False
        """Whether turns enough were made as asked."""

    @property
    def is_under_way(self) -> bool:
        return self._turn is not None

    def is_barred(self, at_ns: int) -> bool:
        """Tell whether too many turns have failed a moment ago."""
        return self._barred_until_ns is not None and at_ns < self._barred_until_ns

    def wanted(self, is_sure: bool) -> int:
        """Return how many turns are asked for."""
        return 1 if is_sure and not self._is_suspicious else 2

    def challenge(self, is_sure: bool) -> Challenge | None:
        """Return what is asked now, for the screen."""
        turn = self._turn
        if turn is None:
            return None
        number, of = self.passed + 1, self.wanted(is_sure)
        return Challenge(turn.side, turn.progress, number, max(number, of), turn.deadline_ns)

    @property
    def guidance(self) -> Guidance | None:
        """What the person should do."""
        if self._turn is None:
            return None
        is_back = self._turn.progress is Progress.TURNED
        return Guidance.LOOK_AT_CAMERA if is_back else self._turn.side.guidance

    def note_person(self, person_id: int | None, pose: HeadPose | None, at_ns: int) -> bool:
        """Hear who was recognised, None for nobody known; tell whether a turn failed by that."""
        if pose is None:
            return False
        yaw_deg = abs(pose.yaw_deg)
        is_asked_of = self._turn is None and not self.passed
        # Who turns is still known by three quarters: another head must not turn for a picture.
        if yaw_deg > (self._rules.front_deg if is_asked_of else self._rules.known_deg):
            return False
        if is_asked_of:
            self._asked_of = person_id if person_id is not None else self._asked_of
            self._strange = 0
        elif person_id == self._asked_of:
            self._strange = 0
        else:
            self._strange += 1
            # Not to be recognised for a frame or two happens to everybody.
            if person_id is not None or self._strange >= self._rules.strange_frames:
                self._fail(at_ns, "somebody else")
                return True
        return False

    def follow(
        self,
        at_ns: int,
        face: Detection | None,
        pose: HeadPose | None,
        may_ask: bool,
        is_sure: bool,
    ) -> bool:
        """Take a frame; ask, if it is time and ``may_ask``. Tell whether a turn failed with it."""
        if self._turn is None:
            self._ask(at_ns, face, pose, may_ask)
            return False
        if face is not None:
            self._depth.update(at_ns, face.landmarks)
        is_solid = self._depth.evidence.log_ratio >= self._rules.solid_log_ratio
        progress = self._turn.update(at_ns, face, pose, is_solid)
        if progress is Progress.FAILED:
            self._fail(at_ns, self._turn.reason)
            return True
        if progress is Progress.PASSED:
            self.passed += 1
            self.is_proved = self.passed >= self.wanted(is_sure)
            self._turn, self._front_since_ns = None, None
        return False

    def _ask(
        self, at_ns: int, face: Detection | None, pose: HeadPose | None, may_ask: bool
    ) -> None:
        is_due = may_ask and not self.is_proved
        if not is_due or face is None or pose is None or abs(pose.yaw_deg) > self._rules.front_deg:
            self._front_since_ns = None
            return
        if self._front_since_ns is None:
            self._front_since_ns = at_ns
        if at_ns - self._front_since_ns >= round(self._rules.steady_s * _NS):
            self._turn = TurnChallenge(self._rules.turn, self._choose_side(), at_ns, pose, face)
            self._depth.reset()
            self._depth.update(at_ns, face.landmarks)

    def _fail(self, at_ns: int, reason: str) -> None:
        self._failures += 1
        self._failed_ns = at_ns
        # Who did nothing had no luck either.
        self._is_suspicious = self._is_suspicious or reason != "no turn"
        self.forget()
        self.failure = reason
        if self._failures >= self._rules.max_failures:
            self._barred_until_ns = at_ns + round(self._rules.barred_s * _NS)
            self._failures = 0

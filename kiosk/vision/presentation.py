"""Is it a person who stands there, or a picture of one? One judge for the frames of a visit.

What it goes by: the liveness network's word on every usable frame, the depth of what moves
(:mod:`.solidity`), and, where the policy asks for it, a head turn to a side drawn by lot
(:mod:`.challenge`): one turn when the network is sure, two when it is not.

Frames that show a picture are entered on an account (:mod:`.pictureaccount`), which a picture
jerked away or swapped for a face does not clear; nobody in front of the camera for ``absence_s``
closes it, so that the next visitor is not held up.

Who stands there the judge learns from its caller: a turn counts for whom it was asked of
(:mod:`.headturns`).
"""

from __future__ import annotations

import enum
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from kiosk.domain import Box, Detection, Guidance, HeadPose, Liveness, LivenessPolicy
from kiosk.movement import has_jumped
from kiosk.vision.challenge import Challenge, Side
from kiosk.vision.headturns import HeadTurnRules, HeadTurns
from kiosk.vision.pictureaccount import PictureAccount
from kiosk.vision.solidity import Evidence, Solidity

_NS = 1_000_000_000
_LEAST_SURE = 3


class PresentationState(enum.Enum):
    """What the judge holds the visitor for."""

    LIVE = "live"
    UNSURE = "unsure"
    """Not to be let in yet."""
    ATTACK = "attack"


@dataclass(frozen=True, slots=True)
class PresentationVerdict:
    """The judgement after a frame."""

    state: PresentationState
    reason: str
    """Of UNSURE and ATTACK, a few words for the log."""
    challenge: Challenge | None = None
    """What is asked of the person, for the screen."""
    guidance: Guidance | None = None
    """What the person should do about it."""


@dataclass(frozen=True, slots=True)
class PresentationRules:
    """Counts of frames, seconds, probabilities."""

    attack_votes: int = 3
    """So many frames that show a picture of a face, when not made up for, are an attack."""
    attack_span_s: float = 0.2
    """They must lie at least this far apart."""
    attack_window_s: float = 5.0
    least_live: int = 3
    """Live frames before anybody is believed; one is a lucky glimpse."""
    clean_per_attack: int = 9
    clean_per_attack_asked: int = 2
    """Where a turn is asked for: it is proof against still pictures by itself, and the network's
    part is to notice most frames of a film. Real ones call some people a picture now and then."""
    absence_s: float = 1.0
    min_scale: float = 2.4
    """Sides of the face box that the frame must hold; with less around a face, paper's edges are
    out of sight and the network's word is worth little."""
    sure_live: float = 0.9
    """Median of the last ``sure_frames`` from which on one turn is enough."""
    sure_frames: int = 7
    network_yaw_deg: float = 20.0
    """Beyond it, the network's word does not count while a turn is asked."""
    turns: HeadTurnRules = field(default_factory=HeadTurnRules)


def draw_side() -> Side:
    """Draw a side that nobody can foresee."""
    return secrets.choice((Side.LEFT, Side.RIGHT))


class PresentationJudge:
    """Follows the visits before one camera; no clock, no thread."""

    def __init__(
        self,
        policy: LivenessPolicy,
        rules: PresentationRules | None = None,
        min_live: float = 0.5,
        has_network: bool = True,
        choose_side: Callable[[], Side] = draw_side,
    ) -> None:
        """``min_live``: of the network's card. ``has_network``: False where the pack has none."""
        self._policy = policy
        self._rules = rules or PresentationRules()
        self._min_live = min_live
        self._has_network = has_network
        self._turns = HeadTurns(self._rules.turns, choose_side)
        self.reset()

    @property
    def policy(self) -> LivenessPolicy:
        return self._policy

    def set_policy(self, policy: LivenessPolicy) -> None:
        """Judge by another policy from now on; a turn under way is dropped."""
        if policy is not self._policy:
            self._policy = policy
            self._turns.forget()

    def reset(self) -> None:
        """Forget the visit, the account included."""
        self._account = self._new_account()
        self._turns.reset()
        self._last_ns: int | None = None
        self._verdict = PresentationVerdict(PresentationState.UNSURE, "nobody seen")
        self.next_person()

    def _new_account(self) -> PictureAccount:
        rules = self._rules
        return PictureAccount(rules.attack_window_s, rules.attack_votes, rules.attack_span_s)

    def next_person(self) -> None:
        """Begin with another face; the pictures shown before stay on the account."""
        self._box: Box | None = None
        self._seen_ns: int | None = None
        self._depth = Solidity()
        self._lives: deque[float] = deque(maxlen=self._rules.sure_frames)
        self._is_weak = self._is_live_now = False
        self._own_live = 0
        """Frames in which the present face was seen to live, with enough around it."""
        self._person: int | None = None
        self._turns.forget()

    def _next_visit(self, at_ns: int) -> None:
        """Begin another visit; stepping away does not undo turns that failed a moment ago."""
        self._account = self._new_account()
        self._turns.next_visit(at_ns)
        self.next_person()

    def _note_person(self, person_id: int | None) -> None:
        if person_id is None:
            return
        if self._person not in (None, person_id):
            self._own_live = 0
        self._person = person_id

    @property
    def depth(self) -> Evidence:
        """The depth that the present face has shown so far."""
        return self._depth.evidence

    @property
    def turns_are_under_way(self) -> bool:
        """Whether a turn is asked for at present."""
        return self._turns.is_under_way

    @property
    def turns_passed(self) -> int:
        """How many turns the present face has made as asked."""
        return self._turns.passed

    def owed(self, at_ns: int) -> int:
        """Return how many live frames of one person must stand against the pictures seen."""
        return self._account.owed(at_ns, self._per_picture)

    @property
    def _per_picture(self) -> int:
        is_asked = self._policy is LivenessPolicy.PASSIVE_CHALLENGE
        return self._rules.clean_per_attack_asked if is_asked else self._rules.clean_per_attack

    def update(
        self,
        at_ns: int,
        detection: Detection | None,
        pose: HeadPose | None,
        liveness: Liveness | None,
        frame_size: tuple[int, int],
        may_ask: bool = True,
        person_id: int | None = None,
        is_matched: bool = False,
    ) -> PresentationVerdict:
        """Take a frame captured at ``at_ns`` (monotonic) and judge the visit so far.

        ``detection`` and ``pose`` are those of the subject, None without one; ``liveness`` is None
        where the network was not asked, e.g. in the dark; ``frame_size`` is width and height in
        pixels. ``may_ask``: False while there is no reason to ask for a turn, e.g. before somebody
        is recognised. ``person_id``: who was recognised in this frame, None for somebody unknown,
        if it was compared with the people enrolled at all (``is_matched``). A frame that is not
        newer than the last changes nothing.
        """
        if self._last_ns is not None and at_ns <= self._last_ns:
            return self._verdict
        self._last_ns = at_ns
        if self._policy is LivenessPolicy.OFF:
            self._verdict = PresentationVerdict(PresentationState.LIVE, "")
            return self._verdict
        if self._seen_ns is not None and at_ns - self._seen_ns > self._ns(self._rules.absence_s):
            self._next_visit(at_ns)
        self._note_person(person_id)
        if detection is not None and pose is not None:
            is_turned = abs(pose.yaw_deg) > self._rules.network_yaw_deg
            # The networks know faces that look at the camera; who turns as asked is not held to it.
            is_asked = self._turns.is_under_way and is_turned
            self._see(at_ns, detection, None if is_asked else liveness, frame_size)
            # Whom nobody knows vouches for nobody.
            self._own_live += self._is_live_now and person_id is not None
        if self._policy is LivenessPolicy.PASSIVE_CHALLENGE:
            may_ask = may_ask and not self._is_attack(at_ns)
            has_failed = is_matched and self._turns.note_person(person_id, pose, at_ns)
            if self._turns.follow(at_ns, detection, pose, may_ask, self._is_sure()) or has_failed:
                # It may be another face that stands there now.
                self._depth.reset()
                self._lives.clear()
        self._verdict = self._judged(at_ns, detection is not None)
        return self._verdict

    # --- what is seen -----------------------------------------------------------------------------

    def _see(
        self, at_ns: int, face: Detection, liveness: Liveness | None, size: tuple[int, int]
    ) -> None:
        if self._box is not None and self._seen_ns is not None:
            seconds = (at_ns - self._seen_ns) / _NS
            # A turn under way must learn of the jump itself: it has failed.
            if not self._turns.is_under_way and has_jumped(self._box, face.box, seconds):
                self.next_person()
        self._seen_ns, self._box = at_ns, face.box
        self._depth.update(at_ns, face.landmarks)
        self._is_live_now = False
        if liveness is None:
            return
        scale = min(size[0] / max(face.box.width, 1.0), size[1] / max(face.box.height, 1.0))
        self._is_weak = scale < self._rules.min_scale
        self._lives.append(liveness.live)
        is_picture = liveness.live < self._min_live
        self._is_live_now = not is_picture and not self._is_weak
        if is_picture or not self._is_weak:
            self._account.note(at_ns, is_picture)

    def _is_attack(self, at_ns: int) -> bool:
        if self._turns.is_barred(at_ns):
            return True
        return self._account.is_attack(at_ns, self._per_picture)

    def _is_sure(self) -> bool:
        if self._is_weak or len(self._lives) < _LEAST_SURE:
            return False
        return median(self._lives) >= self._rules.sure_live

    # --- the verdict ------------------------------------------------------------------------------

    def _judged(self, at_ns: int, is_seen: bool) -> PresentationVerdict:
        unsure = PresentationState.UNSURE
        if self._seen_ns is None:
            return PresentationVerdict(unsure, "nobody seen")
        if self._is_attack(at_ns):
            is_barred = self._turns.is_barred(at_ns)
            reason = f"no turn of a head: {self._turns.failure}" if is_barred else "picture"
            attack, guidance = PresentationState.ATTACK, Guidance.PRESENTATION
            return PresentationVerdict(attack, reason, guidance=guidance)
        if self._policy is LivenessPolicy.PASSIVE_CHALLENGE and not self._turns.is_proved:
            return self._asking()
        is_owing = self._account.is_in_debt(at_ns, self._per_picture) or (
            self._has_network
            and not self._turns.is_proved
            and self._own_live < self._rules.least_live
        )
        if is_owing and self._is_weak:
            return PresentationVerdict(unsure, "too near", guidance=Guidance.STEP_BACK)
        if is_owing:
            return PresentationVerdict(unsure, "doubt")
        if not is_seen:
            return PresentationVerdict(unsure, "out of sight")
        return PresentationVerdict(PresentationState.LIVE, "")

    def _asking(self) -> PresentationVerdict:
        challenge = self._turns.challenge(self._is_sure())
        reason = "a turn is to be asked" if challenge is None else "a turn is asked"
        return PresentationVerdict(
            PresentationState.UNSURE, reason, challenge, self._turns.guidance
        )

    @staticmethod
    def _ns(seconds: float) -> int:
        return round(seconds * _NS)

"""The decision over a visit: no single frame opens a door.

A visit is one person's stay in front of the camera. Usable frames vote; the door is granted once,
when enough of them agree on one person within a short time and none of them names another: two
when they leave no doubt, else more. Where nobody is recognised and the conditions may be the cause,
the visitor is told what would help before being turned away.

Whether a picture of a face is held up is judged elsewhere and comes in as a :class:`Clearance`.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from kiosk.domain import Box, Decision, FaceReport, Guidance, Outcome, Phase
from kiosk.movement import has_jumped

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class VisitRules:
    """How a visit is judged; times in seconds."""

    votes: int = 3
    vote_window_s: float = 2.0
    vote_span_s: float = 0.2
    """The agreeing frames must lie at least this far apart: one glimpse is not three."""
    unknown_votes: int = 6
    unknown_after_s: float = 1.2
    """Usable frames, and the time they must span, before "not recognised" is said."""
    absence_s: float = 1.0
    """Without a face for this long, the visit is over."""
    guidance_after_s: float = 0.4
    """A hint is shown when it has been true for this long, so that it does not flicker."""
    sure_share: float = 2 / 3
    sure_span_s: float = 0.05
    sure_excess: float = 0.1
    """This share of the votes, so far apart, suffices when each passes the threshold by that much:
    about what a hundredth of the false-match rate would ask."""
    advice_s: float = 3.0
    """For so long somebody who is not recognised is told what would help, where it might."""
    welcome_s: float = 5.0
    not_recognised_s: float = 4.0


@dataclass(frozen=True, slots=True)
class Clearance:
    """What the judge of presentation attacks says of the visit so far."""

    is_live: bool = True
    """Whether somebody may be let in."""
    is_attack: bool = False
    owed: int = 0
    """So many frames must name the person, within ``window_s``, for the pictures seen before."""
    window_s: float = 5.0
    guidance: Guidance | None = None
    """What to show instead of everything else."""
    reason: str = ""
    """Of an attack, for the log."""


_CLEAR = Clearance()


@dataclass(frozen=True, slots=True)
class _Vote:
    at_ns: int
    person_id: int | None
    excess: float = 0.0
    advice: Guidance | None = None
    is_alone: bool = True
    """Nobody else was to be seen."""


class VisitDecider:
    """Follows visits frame by frame; give it every report in the order of the frames."""

    def __init__(self, rules: VisitRules) -> None:
        self._rules = rules
        self._reset()

    def _reset(self) -> None:
        self._forget_person()
        self._clearance = _CLEAR
        self._is_attack_told = False

    def _forget_person(self) -> None:
        """Begin a visit, but with the pictures shown in the last one on the account."""
        self._votes: deque[_Vote] = deque(maxlen=256)
        self._seen_at_ns: int | None = None
        self._frame_at_ns: int | None = None
        self._box: Box | None = None
        self._granted: int | None = None
        self._let_in: int | None = None
        self._granted_at_ns = 0
        self._rejected_at_ns: int | None = None
        self._looked_away_at_ns: int | None = None
        self._advice: Guidance | None = None
        self._advised_at_ns: int | None = None
        self._hint: Guidance | None = None
        self._hint_since_ns = 0
        self._similarity: float | None = None
        self._threshold: float | None = None

    def end_visit(self) -> None:
        """Forget the visit under way, its grant included."""
        self._reset()

    def may_grant(self, at_ns: int) -> bool:
        """Say whether the votes agree on somebody who has not been let in yet."""
        person = self._agreed_person(at_ns)
        return person is not None and person not in (self._granted, self._let_in)

    def update(self, report: FaceReport, at_ns: int, clearance: Clearance = _CLEAR) -> Decision:
        """Take the report of a frame captured at ``at_ns`` (monotonic) and say where it leads.

        A frame that is not newer than the last one is ignored: it must not vote twice.
        """
        if self._frame_at_ns is not None and at_ns <= self._frame_at_ns:
            return self._decision(at_ns)
        self._frame_at_ns = at_ns
        if report.subject is None:
            return self._without_face(at_ns)
        if self._has_been_absent(at_ns):
            self._reset()
        elif self._has_jumped(report.subject.box, at_ns):
            self._forget_person()
        self._frame_at_ns = at_ns
        self._seen_at_ns, self._box = at_ns, report.subject.box
        self._clearance = clearance
        self._note_hint(clearance.guidance or report.refusal, at_ns)
        if self._is_attack(at_ns):
            is_new, self._is_attack_told = not self._is_attack_told, True
            return self._decision(at_ns, attacked_now=is_new)
        if report.outcome is Outcome.REFUSED:
            if report.refusal is Guidance.LOOK_AT_CAMERA:
                self._looked_away_at_ns = at_ns
            return self._decision(at_ns)
        self._similarity = report.match.similarity if report.match else None
        self._threshold = report.threshold
        named = report.match.person_id if report.match else None
        person = named if report.outcome is Outcome.ACCEPTED else None
        excess = (self._similarity or 0.0) - (self._threshold or 0.0)
        self._votes.append(_Vote(at_ns, person, excess, report.advice, len(report.detections) < 2))
        if self._granted_has_left(at_ns):
            # The next visit has begun; its frames so far count.
            self._votes = deque(
                (
                    vote
                    for vote in self._votes
                    if vote.at_ns > self._granted_at_ns and vote.person_id != self._granted
                ),
                maxlen=self._votes.maxlen,
            )
            self._granted, self._let_in = None, self._granted
        # Older votes alone never open: who stands there now may be somebody else.
        granted = self._agreed_person(at_ns) if person is not None else None
        if not clearance.is_live:
            granted = None
        if granted is not None and granted == self._let_in:
            # Once per visit: who was let in and looked unlike themselves for a while is back.
            self._granted, self._let_in = granted, None
        elif granted is not None and granted != self._granted:
            # With another grant in between, who was let in before begins a visit of their own.
            self._granted, self._granted_at_ns, self._let_in = granted, at_ns, None
            self._rejected_at_ns = None
            return self._decision(at_ns, granted_now=True)
        if self._should_reject(at_ns):
            if self._is_advising(at_ns):
                return self._decision(at_ns)
            self._rejected_at_ns = at_ns
            return self._decision(at_ns, rejected_now=True)
        return self._decision(at_ns)

    def _without_face(self, at_ns: int) -> Decision:
        absent = self._seen_at_ns is None or at_ns - self._seen_at_ns > self._s(
            self._rules.absence_s
        )
        # A welcome stays readable after the person has walked through the door.
        if absent and not self._is_welcoming(at_ns):
            self._reset()
            self._frame_at_ns = at_ns
        elif absent:
            self._votes.clear()
            self._box = None
        return self._decision(at_ns)

    def _has_been_absent(self, at_ns: int) -> bool:
        """Tell whether the face comes after an absence: that is a new visit."""
        seen = self._seen_at_ns
        return seen is not None and at_ns - seen > self._s(self._rules.absence_s)

    def _has_jumped(self, box: Box, at_ns: int) -> bool:
        """Tell whether the face has jumped: then it is somebody else's."""
        if self._seen_at_ns is None or self._box is None:
            return False
        return has_jumped(self._box, box, (at_ns - self._seen_at_ns) / _NS)

    def _granted_has_left(self, at_ns: int) -> bool:
        """Tell whether somebody else stands where the granted person stood, without a gap.

        Whoever follows on their heels must neither see their welcome nor pass without a judgement.
        """
        if self._granted is None:
            return False
        since = self._granted_at_ns
        for vote in self._votes:
            if vote.person_id == self._granted:
                since = vote.at_ns
        others = [vote for vote in self._votes if vote.at_ns > since]
        return (
            len(others) >= self._rules.unknown_votes
            and at_ns - others[0].at_ns >= self._s(self._rules.unknown_after_s) // 2
        )

    def _agreed_person(self, at_ns: int) -> int | None:
        window = self._s(self._rules.vote_window_s)
        recent = [vote for vote in self._votes if at_ns - vote.at_ns <= window]
        named = [vote for vote in recent if vote.person_id is not None]
        if not named or len({vote.person_id for vote in named}) != 1:
            return None
        # Frames that recognise nobody count against: more than half must name the person.
        if 2 * len(named) <= len(recent) or not self._are_enough(named):
            return None
        person = named[0].person_id
        since_ns = at_ns - self._s(self._clearance.window_s)
        clean = sum(vote.person_id == person for vote in self._votes if vote.at_ns >= since_ns)
        return person if clean >= self._clearance.owed else None

    def _are_enough(self, named: list[_Vote]) -> bool:
        rules, span_ns = self._rules, named[-1].at_ns - named[0].at_ns
        if len(named) >= rules.votes and span_ns >= self._s(rules.vote_span_s):
            return True
        # Of two who come together the nearer one must not be let in before both are looked at.
        is_sure = all(vote.excess >= rules.sure_excess and vote.is_alone for vote in named)
        # Two glimpses of somebody who passes looking elsewhere are no wish to come in.
        if self._looked_away_at_ns is not None and self._looked_away_at_ns > named[0].at_ns:
            is_sure = False
        enough = len(named) >= max(2, math.ceil(rules.sure_share * rules.votes))
        return is_sure and enough and span_ns >= self._s(rules.sure_span_s)

    def _is_attack(self, at_ns: int) -> bool:
        return self._clearance.is_attack and not self._is_welcoming(at_ns)

    def _should_reject(self, at_ns: int) -> bool:
        if self._granted is not None or self._rejected_at_ns is not None or not self._votes:
            return False
        enough = len(self._votes) >= self._rules.unknown_votes
        is_late = at_ns - self._votes[0].at_ns >= self._s(self._rules.unknown_after_s)
        # Whom the votes name waits for the judge of pictures, not for more votes.
        return enough and is_late and self._agreed_person(at_ns) is None

    def _is_advising(self, at_ns: int) -> bool:
        """Say what would help, once a visit, when most frames might fail for that reason."""
        if self._advised_at_ns is None:
            advice = [vote.advice for vote in self._votes if vote.person_id is None]
            told = [each for each in advice if each is not None]
            if not told or 2 * len(told) <= len(advice):
                return False
            self._advice = max(set(told), key=lambda each: (told.count(each), each.value))
            self._advised_at_ns = at_ns
        return at_ns - self._advised_at_ns < self._s(self._rules.advice_s)

    def _note_hint(self, hint: Guidance | None, at_ns: int) -> None:
        if hint is not self._hint:
            self._hint, self._hint_since_ns = hint, at_ns

    def _is_welcoming(self, at_ns: int) -> bool:
        return self._granted is not None and at_ns - self._granted_at_ns < self._s(
            self._rules.welcome_s
        )

    def _decision(
        self,
        at_ns: int,
        granted_now: bool = False,
        rejected_now: bool = False,
        attacked_now: bool = False,
    ) -> Decision:
        def made(phase: Phase, guidance: Guidance | None = None) -> Decision:
            return Decision(
                phase=phase,
                guidance=guidance,
                person_id=self._granted,
                granted_now=granted_now,
                rejected_now=rejected_now,
                attacked_now=attacked_now,
                suspicion=self._clearance.reason if attacked_now else "",
                is_suspect=self._clearance.is_attack or not self._clearance.is_live,
                similarity=self._similarity,
                threshold=self._threshold,
            )

        if self._is_welcoming(at_ns):
            return made(Phase.WELCOME)
        if self._seen_at_ns is None:
            return made(Phase.IDLE)
        if self._is_attack(at_ns):
            # Ahead of everything else, and steady: a lucky frame in between changes nothing.
            return made(Phase.GUIDANCE, Guidance.PRESENTATION)
        if self._clearance.guidance is not None:
            # A turn that is asked for cannot wait for the hint to settle.
            return made(Phase.GUIDANCE, self._clearance.guidance)
        shown_for = self._s(self._rules.not_recognised_s)
        if self._rejected_at_ns is not None and at_ns - self._rejected_at_ns < shown_for:
            return made(Phase.NOT_RECOGNISED)
        hint_age = at_ns - self._hint_since_ns
        if self._hint is not None and hint_age >= self._s(self._rules.guidance_after_s):
            return made(Phase.GUIDANCE, self._hint)
        if self._advised_at_ns is not None and self._granted is None and self._is_advising(at_ns):
            return made(Phase.GUIDANCE, self._advice)
        if self._granted is not None:
            # Still standing there after the welcome: nothing more to say in this visit.
            return made(Phase.IDLE)
        return made(Phase.CHECKING)

    @staticmethod
    def _s(seconds: float) -> int:
        return round(seconds * _NS)

"""What the recognition found in the last minutes, kept small, for the plots."""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

from kiosk.domain import FrameResult, Guidance, Outcome

WINDOW_S = 300
_LIMIT = 6000
"""Five minutes at 20 frames a second; more often nobody looks."""


class Score(NamedTuple):
    """How like the best person one frame's face was, and how like it had to be."""

    at_ns: int
    similarity: float
    threshold: float
    is_accepted: bool


class History:
    """Scores of the last five minutes, and refusals since the start; used by the GUI thread."""

    def __init__(self) -> None:
        self._scores: deque[Score] = deque(maxlen=_LIMIT)
        self.refusals: Counter[Guidance] = Counter()
        """Frames whose face was not used, by the reason."""
        self.compared = 0
        """Frames whose face was compared with the people enrolled."""

    def add(self, result: FrameResult) -> None:
        """Take the result of one frame; those without a face count nowhere."""
        report = result.report
        if report.refusal is not None:
            if report.refusal is not Guidance.NO_FACE:
                self.refusals[report.refusal] += 1
        elif report.match is not None and report.threshold is not None:
            self.compared += 1
            is_accepted = report.outcome is Outcome.ACCEPTED
            match, at_ns = report.match, result.frame.captured_at_ns
            self._scores.append(Score(at_ns, match.similarity, report.threshold, is_accepted))

    def scores(self, now_ns: int) -> list[Score]:
        """Return the scores of the last five minutes, oldest first."""
        since_ns = now_ns - WINDOW_S * 1_000_000_000
        while self._scores and self._scores[0].at_ns < since_ns:
            self._scores.popleft()
        return list(self._scores)

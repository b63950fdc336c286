"""The account of frames that showed a picture of a face, and of those that make up for them.

A liveness network errs on a frame now and then, either way, so what counts is how many: each frame
that showed a picture has to be made up for by several live ones. One false alarm delays somebody
real by less than a second at ten frames a second; a photograph, most of whose frames are recognised
as one, never gets there by a few lucky frames. Frames stay on the account for ``window_s``,
whatever is shown meanwhile.
"""

from __future__ import annotations

from collections import deque

_NS = 1_000_000_000


class PictureAccount:
    """Frames of one visit; their times never go back."""

    def __init__(self, window_s: float, least: int, span_s: float) -> None:
        """``least`` pictures, ``span_s`` apart at least, are an attack when not made up for."""
        self._window_ns = round(window_s * _NS)
        self._least, self._span_ns = least, round(span_s * _NS)
        self._pictures: deque[int] = deque(maxlen=256)
        self._live: deque[int] = deque(maxlen=4096)

    def note(self, at_ns: int, is_picture: bool) -> None:
        """Enter a frame."""
        (self._pictures if is_picture else self._live).append(at_ns)

    def live_frames(self, at_ns: int) -> int:
        """Return how many live frames were seen in the window."""
        return len(self._recent(self._live, at_ns))

    def owed(self, at_ns: int, per_picture: int) -> int:
        """Return how many live frames the pictures in the window ask for."""
        return per_picture * len(self._recent(self._pictures, at_ns))

    def is_in_debt(self, at_ns: int, per_picture: int) -> bool:
        """Tell whether fewer live frames than that were seen in the window."""
        return self.live_frames(at_ns) < self.owed(at_ns, per_picture)

    def is_attack(self, at_ns: int, per_picture: int) -> bool:
        """Tell whether a picture is held up: more than stray frames say so."""
        recent = self._recent(self._pictures, at_ns)
        if len(recent) < self._least or recent[-1] - recent[0] < self._span_ns:
            return False
        return self.is_in_debt(at_ns, per_picture)

    def _recent(self, times: deque[int], at_ns: int) -> list[int]:
        return [each for each in times if at_ns - each <= self._window_ns]

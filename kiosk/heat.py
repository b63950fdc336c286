"""How the running kiosk minds the chip's temperature: it looks less often, never less well."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kiosk.board.governor import Governor, GovernorRules
from kiosk.board.sensors import BoardSensors
from kiosk.board.soc import read_soc
from kiosk.board.watch import BoardWatch
from kiosk.boardhealth import board_rows
from kiosk.config import RecognitionConfig
from kiosk.health import HealthRow

_log = logging.getLogger(__name__)

# Room for frames that are refused on the way.
_SPARE = 1.5


class HeatGuard:
    """Holds frames back while the board is hot, and counts them."""

    def __init__(self, wanted: RecognitionConfig, on_change: Callable[[str | None], None]) -> None:
        """``on_change`` is called with a sentence for the screen, and with None when it is over."""
        self.held_back = 0
        self._soc = read_soc()
        # The steps are those of boards; a PC runs hotter, and looks after itself.
        rules = GovernorRules() if self._soc is not None else GovernorRules(steps=())
        # Slower than this, the votes of a visit would not fit into their window.
        least = _SPARE * wanted.votes / wanted.vote_window_s
        self._watch = BoardWatch(BoardSensors(), Governor(rules, least), on_change)

    def start(self) -> None:
        """Begin to read the sensors, on the thread ``board``."""
        self._watch.start()

    def stop(self, timeout_s: float) -> None:
        """Stop reading."""
        if not self._watch.stop(timeout_s):
            _log.error("a sensor of the computer hangs; leaving it behind")

    def may_examine(self, captured_at_ns: int) -> bool:
        """Tell whether a frame is examined; one that is not has been counted."""
        may = self._watch.may_examine(captured_at_ns)
        self.held_back += not may
        return may

    def rows(self) -> list[HealthRow]:
        """Say how NPU, temperature and memory are."""
        return board_rows(self._watch.reading, self._watch.sentence, self._soc)

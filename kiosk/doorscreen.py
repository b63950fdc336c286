"""What the visitor in front of the door reads, of everything that is under way."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from kiosk.domain import Decision, DenialReason, Guidance, Phase
from kiosk.faultboard import FaultBoard
from kiosk.listener import NumberPrompt, PinPrompt


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody was told."""

    name: str
    denial: DenialReason | None
    """None: they were let in."""
    hours: str = ""
    wait_s: float = 0.0
    person_id: int | None = None
    """Whom the decision over that visit names."""
    until_ns: int = 0
    """To be read until then, where the decision does not say how long."""
    let_in: int | None = None
    """Who it was, when welcomed."""
    by_number: bool = False
    """They came in by number and PIN: their face may be recognised only afterwards."""

    def is_told(self, decision: Decision, at_ns: int) -> bool:
        """Whether it is to be read now."""
        return decision.phase is Phase.WELCOME or at_ns < self.until_ns


@dataclass(frozen=True, slots=True)
class Second:
    """A second person is waited for."""

    name: str
    until_ns: int


class DoorScreen:
    """Shows one thing at a time; used by the recognition thread alone."""

    def __init__(self, board: FaultBoard) -> None:
        self._board = board
        self.said: Said | None = None
        self.second: Second | None = None

    def show(
        self, decision: Decision, pin: PinPrompt | None, typed: NumberPrompt | None, at_ns: int
    ) -> None:
        """Show what counts most: a PIN asked for, the newest outcome, what is waited for."""
        said = self.said
        if pin is not None:
            # While somebody types, only the keypad counts; then their face does.
            hint = decision.guidance if pin.is_right else None
            asking = dataclasses.replace(decision, phase=Phase.PIN, guidance=hint)
            self._board.show(asking, pin=pin, number=typed)
        elif said is not None and said.is_told(decision, at_ns):
            phase = Phase.WELCOME if said.denial is None else Phase.DENIED
            told = dataclasses.replace(decision, phase=phase, guidance=None)
            denial = said.denial or DenialReason.HOURS
            self._board.show(
                told, said.name, said.hours, denial=denial, wait_s=said.wait_s, number=typed
            )
        elif typed is not None and typed.is_right and decision.guidance is None:
            look = dataclasses.replace(
                decision, phase=Phase.GUIDANCE, guidance=Guidance.LOOK_AT_CAMERA
            )
            self._board.show(look, number=typed)
        elif self.second is not None and decision.phase in (Phase.WELCOME, Phase.IDLE):
            asking = dataclasses.replace(decision, phase=Phase.SECOND, guidance=None)
            until_ns = self.second.until_ns
            self._board.show(asking, self.second.name, number=typed, answer_by_ns=until_ns)
        elif decision.phase is Phase.WELCOME:
            # The decision is that somebody may enter; nobody was let in all the same.
            self._board.show(dataclasses.replace(decision, phase=Phase.IDLE), number=typed)
        else:
            self._board.show(decision, number=typed)

"""What the kiosk shows: the newest decision, unless something is out of order."""

from __future__ import annotations

import enum
import threading
from dataclasses import replace

from kiosk.domain import Decision, DenialReason, DoorState, DoorStatus, Phase
from kiosk.listener import KioskView, Listener, NumberPrompt, PinPrompt


class Fault(enum.Enum):
    """What can be out of order; the order is that of the sentences on screen."""

    MODELS = "models"
    CAMERA = "camera"
    STALLED = "stalled"
    VIRTUAL = "virtual"
    BLACK = "black"
    FROZEN = "frozen"
    LOOPED = "looped"
    DOOR = "door"
    STORE = "store"


class FaultBoard:
    """Merges faults and decisions from several threads into one view, and tells of changes."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self._faults: dict[Fault, str] = {}
        self._warnings: dict[str, str] = {}
        self._ready = False
        self._decision = Decision(Phase.STARTING)
        self._name = self._hours = ""
        self._denial, self._wait_s = DenialReason.HOURS, 0.0
        self._pin: PinPrompt | None = None
        self._number: NumberPrompt | None = None
        self._answer_by_ns: int | None = None
        self._offers_keypad, self._clock_ok = False, True
        self._relock_at_ns: int | None = None
        self._shown: KioskView | None = None

    @property
    def is_out_of_order(self) -> bool:
        """Whether anything is wrong that keeps the door shut."""
        with self._lock:
            return bool(self._faults)

    @property
    def idle_phase(self) -> Phase:
        """The phase without anybody in front of the camera."""
        with self._lock:
            return Phase.IDLE if self._ready else Phase.STARTING

    @property
    def phase(self) -> Phase:
        """The phase shown now."""
        with self._lock:
            return self._view().phase

    def has(self, fault: Fault) -> bool:
        """Tell whether a fault is present."""
        with self._lock:
            return fault in self._faults

    def sentence(self, fault: Fault) -> str:
        """Say what is wrong; empty when nothing is."""
        with self._lock:
            return self._faults.get(fault, "")

    def set(self, fault: Fault, sentence: str) -> None:
        """Show a fault. What was shown before is not shown again when it is over."""
        with self._lock:
            self._faults[fault] = sentence
            if self._decision.phase is not Phase.STARTING:
                self._decision, self._name = Decision(Phase.IDLE), ""
                self._number = None
            self._tell()

    def clear(self, fault: Fault) -> None:
        """A fault is over."""
        with self._lock:
            if self._faults.pop(fault, None) is not None:
                self._tell()

    def put(self, fault: Fault, sentence: str | None) -> None:
        """Show a fault, or with None that it is over."""
        if sentence is None:
            self.clear(fault)
        else:
            self.set(fault, sentence)

    def warn(self, sentence: str) -> None:
        """Show a warning for good."""
        self.put_warning(sentence, sentence)

    def put_warning(self, topic: str, sentence: str | None) -> None:
        """Show the warning about a topic in the place of an earlier one, or none with None."""
        with self._lock:
            if sentence is None:
                self._warnings.pop(topic, None)
            else:
                self._warnings[topic] = sentence
            self._tell()

    def ready(self) -> None:
        """Everything is loaded: leave STARTING."""
        with self._lock:
            self._ready = True
            if self._decision.phase is Phase.STARTING:
                self._decision = Decision(Phase.IDLE)
            self._tell()

    def show(
        self,
        decision: Decision,
        name: str = "",
        hours: str = "",
        *,
        denial: DenialReason = DenialReason.HOURS,
        wait_s: float = 0.0,
        pin: PinPrompt | None = None,
        number: NumberPrompt | None = None,
        answer_by_ns: int | None = None,
    ) -> None:
        """Show where the visit has come to; what follows ``name`` is said in its phase only."""
        with self._lock:
            self._decision, self._name, self._hours = decision, name, hours
            self._denial, self._wait_s, self._pin = denial, wait_s, pin
            self._number, self._answer_by_ns = number, answer_by_ns
            self._tell()

    def offer_keypad(self, is_offered: bool) -> None:
        """Show whether somebody may enter with number and PIN alone."""
        with self._lock:
            self._offers_keypad = is_offered
            self._tell()

    def clock_is(self, is_ok: bool) -> None:
        """Show whether the time is known."""
        with self._lock:
            self._clock_ok = is_ok
            self._tell()

    def door_is(self, status: DoorStatus) -> None:
        """Remember until when the door is open."""
        with self._lock:
            is_open = status.state is DoorState.UNLOCKED
            self._relock_at_ns = status.relock_at_ns if is_open else None
            self._tell()

    def _view(self) -> KioskView:
        faults = tuple(self._faults[fault] for fault in Fault if fault in self._faults)
        around = KioskView(
            Phase.OUT_OF_ORDER,
            warnings=tuple(self._warnings.values()),
            clock_ok=self._clock_ok,
        )
        if faults:
            return replace(around, faults=faults)
        decision = self._decision
        around = replace(
            around,
            phase=decision.phase,
            offers_keypad=self._offers_keypad,
            number_prompt=self._number,
        )
        if decision.phase is Phase.WELCOME:
            return replace(around, person_name=self._name, relock_at_ns=self._relock_at_ns)
        if decision.phase is Phase.SECOND:
            return replace(around, person_name=self._name, answer_by_ns=self._answer_by_ns)
        if decision.phase is Phase.DENIED:
            return replace(
                around,
                person_name=self._name,
                hours=self._hours,
                denial=self._denial,
                wait_s=self._wait_s,
            )
        if decision.phase is Phase.PIN:
            around = replace(around, pin=self._pin or PinPrompt())
        return replace(around, guidance=decision.guidance)

    def _tell(self) -> None:
        # Inside the lock: two threads must not deliver their views in the wrong order.
        view = self._view()
        if view != self._shown:
            self._shown = view
            self._listener.view_changed(view)

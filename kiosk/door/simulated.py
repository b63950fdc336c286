"""A relay that exists only in memory: for trying the kiosk without a door, and for tests."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.door.relay import Capabilities
from kiosk.doorinputs import DoorInputs
from kiosk.errors import RelayError

KEPT_EDGES = 1000


@dataclass(frozen=True, slots=True)
class Edge:
    """A moment at which the relay changed: ``at_ns`` is monotonic."""

    at_ns: int
    is_on: bool


class SimulatedRelay:
    """Remember its last edges; ``fail`` breaks its cable, ``mend`` repairs it.

    Like a real board on its own supply it keeps its state while the cable is broken. Unlike other
    relays it may be looked at and broken from any thread, and its inputs be set.
    """

    is_simulated = True

    def __init__(
        self,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        inputs: DoorInputs | None = None,
    ) -> None:
        """Make it with the wires that ``inputs`` has a state for; None: no wires."""
        self._clock_ns = clock_ns
        self._inputs = inputs
        self._lock = threading.Lock()
        self._edges: deque[Edge] = deque(maxlen=KEPT_EDGES)
        self._is_on = False
        self._is_open = False
        self._fault = ""

    @property
    def description(self) -> str:
        return "Simulated relay (no real door is driven)"

    @property
    def capabilities(self) -> Capabilities:
        with self._lock:
            return Capabilities(has_readback=True, has_inputs=self._inputs is not None)

    @property
    def is_on(self) -> bool:
        with self._lock:
            return self._is_on

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The last changes, oldest first, at most ``KEPT_EDGES``."""
        with self._lock:
            return tuple(self._edges)

    def fail(self, sentence: str = "The simulated relay was unplugged: mend it.") -> None:
        """Let everything raise RelayError with this sentence from now on."""
        with self._lock:
            self._fault = sentence
            self._is_open = False

    def mend(self) -> None:
        """Let the next ``connect`` succeed."""
        with self._lock:
            self._fault = ""

    def set_inputs(self, inputs: DoorInputs) -> None:
        """Move the leaves, press the button."""
        with self._lock:
            self._inputs = inputs

    def connect(self) -> None:
        with self._lock:
            if self._fault:
                raise RelayError(self._fault)
            self._is_open = True
            self._set(False)

    def switch_on(self) -> None:
        with self._lock:
            self._raise_if_unusable()
            self._set(True)

    def switch_off(self) -> None:
        with self._lock:
            self._raise_if_unusable()
            self._set(False)

    def pulse(self, seconds: float) -> float:
        self.switch_on()
        return 0.0

    def inputs(self) -> DoorInputs:
        with self._lock:
            self._raise_if_unusable()
            return self._inputs or DoorInputs()

    def check(self) -> None:
        with self._lock:
            self._raise_if_unusable()

    def close(self) -> None:
        with self._lock:
            if self._is_open and not self._fault:
                self._set(False)
            self._is_open = False

    def _raise_if_unusable(self) -> None:
        if self._fault:
            raise RelayError(self._fault)
        if not self._is_open:
            raise RelayError("The simulated relay is not connected: connect it first.")

    def _set(self, is_on: bool) -> None:
        if is_on != self._is_on:
            self._is_on = is_on
            self._edges.append(Edge(self._clock_ns(), is_on))

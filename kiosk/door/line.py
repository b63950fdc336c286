"""A relay wired to a control line (DTR or RTS) of a serial port, through a transistor.

Normally the line asserted means on; closing the port or losing the program drops the line and
locks the door. An inverted relay is on while the line is *low*: the port is then opened with the
line asserted and told to leave it so on close. Losing the adapter or its driver still drops it,
so inverted wiring is the weaker choice and its description says so.
"""

from __future__ import annotations

import logging

from kiosk.door.port import ModemLine, Port
from kiosk.door.relay import Capabilities
from kiosk.door.wiring import NO_WIRES, Wiring
from kiosk.doorinputs import DoorInputs
from kiosk.errors import RelayError

logger = logging.getLogger(__name__)


class LineRelay:
    """A relay on DTR or RTS.

    The port must have been made with ``asserted_when_idle`` equal to the line when inverted.
    """

    is_simulated = False

    def __init__(
        self, port: Port, line: ModemLine, inverted: bool = False, wiring: Wiring = NO_WIRES
    ) -> None:
        self._port = port
        self._line = line
        self._inverted = inverted
        self._wiring = wiring

    @property
    def description(self) -> str:
        words = f"{self._line.name} line of {self._port.device}"
        if self._inverted:
            return f"{words}, inverted (a low line opens the door)"
        return words

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(has_inputs=bool(self._wiring.wires))

    def connect(self) -> None:
        if not self._port.is_open:
            self._port.open()
        self.switch_off()

    def switch_on(self) -> None:
        self._port.set_line(self._line, not self._inverted)

    def switch_off(self) -> None:
        self._port.set_line(self._line, self._inverted)

    def pulse(self, seconds: float) -> float:
        self.switch_on()
        return 0.0

    def inputs(self) -> DoorInputs:
        return self._wiring.read(self._port)

    def check(self) -> None:
        self._port.check()

    def close(self) -> None:
        if not self._port.is_open:
            return
        try:
            self.switch_off()
        except RelayError as error:
            logger.warning("%s: not switched off while closing: %s", self.description, error)
        finally:
            self._port.close()

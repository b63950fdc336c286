"""The door's thread: it alone touches the relay, and it always ends with the relay off."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.domain import DoorState, DoorStatus, EventKind
from kiosk.door.clock import Clock, MonotonicClock
from kiosk.door.logic import DoorLogic, Due
from kiosk.door.relay import Relay
from kiosk.errors import ConfigError, RelayError

logger = logging.getLogger(__name__)

MAX_PULSE_S = 60.0
MAX_WAITING = 8
"""Unlock requests that may wait for the thread."""
_LONGEST_SLEEP_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Unlock:
    reason: str
    requested_at_ns: int


class DoorController:
    """Unlock a door for one pulse at a time and keep its relay connected.

    ``on_status`` is called with every change of :attr:`status`. ``on_fact`` is called with
    DOOR_UNLOCKED (detail: the reason), DOOR_LOCKED, RELAY_LOST, RELAY_BACK, and FAULT (detail: an
    unlock that was refused and why, or the end of the thread). Both are called on the thread
    ``door`` and should return at once; only a refusal in :meth:`unlock` itself calls ``on_fact``
    on the caller's thread. What they raise is logged.
    """

    def __init__(
        self,
        relay: Relay,
        pulse_s: float,
        on_status: Callable[[DoorStatus], None],
        on_fact: Callable[[EventKind, str], None],
        clock: Clock | None = None,
    ) -> None:
        """Take the relay over without touching it. Raises ConfigError for a pulse out of range."""
        # Written so that NaN fails it too.
        if not 0 < pulse_s <= MAX_PULSE_S:
            raise ConfigError(
                f"The door's pulse must be between 0 and {MAX_PULSE_S:g} s, not {pulse_s}."
            )
        self._relay = relay
        self._logic = DoorLogic(round(pulse_s * 1e9))
        self._on_status = on_status
        self._on_fact = on_fact
        self._clock = clock or MonotonicClock()
        self._condition = threading.Condition()
        self._waiting: deque[_Unlock] = deque()
        self._accepting = False
        self._stopping = False
        self._failed = False
        self._told_lost = False
        self._status = self._make_status("The relay has not been connected yet.")
        # Not a daemon: the interpreter would end it in the middle of a pulse.
        self._thread = threading.Thread(target=self._run, name="door", daemon=False)

    @property
    def status(self) -> DoorStatus:
        """The newest status."""
        return self._status

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def failed(self) -> bool:
        """Whether the thread was ended by an unexpected exception."""
        return self._failed

    def start(self) -> None:
        """Start the thread: it connects the relay, switched off. To be called once."""
        with self._condition:
            self._accepting = not self._stopping
        self._thread.start()

    def unlock(self, reason: str, now_ns: int) -> bool:
        """Ask for a pulse from now on; never blocks. ``now_ns`` is the monotonic time.

        Return whether the request was taken. Whatever becomes of it is told to ``on_fact``.
        """
        with self._condition:
            refusal = ""
            if not self._accepting:
                refusal = "the door controller does not run"
            elif len(self._waiting) >= MAX_WAITING:
                refusal = "too many requests are waiting"
            else:
                self._waiting.append(_Unlock(reason, now_ns))
                self._condition.notify_all()
        if refusal:
            self._refuse(reason, refusal)
        return not refusal

    def request_stop(self) -> None:
        """Ask the thread to end; returns at once."""
        with self._condition:
            self._stopping = True
            self._accepting = False
            self._condition.notify_all()

    def stop(self, timeout_s: float) -> bool:
        """End the thread with the relay off and its port closed; may be called twice.

        Return False when it still runs after ``timeout_s``, stuck in the relay's port.
        """
        self.request_stop()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # --- everything below runs on the thread "door" -------------------------------------------

    def _run(self) -> None:
        try:
            self._loop()
            self._end()
        except Exception:
            logger.exception("the door controller failed")
            self._failed = True
            self._end_after_failure()
        finally:
            self._close_relay()
            with self._condition:
                self._accepting = False
                left = list(self._waiting)
                self._waiting.clear()
            for unlock in left:
                self._refuse(unlock.reason, "the door controller has stopped")

    def _loop(self) -> None:
        while True:
            with self._condition:
                self._wait()
                if self._stopping:
                    return
                unlock = self._waiting.popleft() if self._waiting else None
            self._do_what_is_due()
            if unlock is not None:
                self._unlock(unlock)

    def _wait(self) -> None:
        """Wait until there is something to do or to end."""
        while not self._stopping and not self._waiting:
            now_ns = self._clock.now_ns()
            wake_at_ns = self._logic.wake_at_ns(now_ns)
            if wake_at_ns <= now_ns:
                return
            if not threading.main_thread().is_alive():
                # The program ended without stopping the door: nobody will.
                logger.error("the program has ended without stopping the door controller")
                self._stopping = True
                return
            self._clock.wait_until(self._condition, min(wake_at_ns, now_ns + _LONGEST_SLEEP_NS))

    def _do_what_is_due(self) -> None:
        due = self._logic.due(self._clock.now_ns())
        try:
            if due is Due.CONNECT:
                self._connect()
            elif due is Due.SWITCH_OFF:
                self._relay.switch_off()
                self._note_locked("end of the pulse")
            elif due is Due.CHECK:
                self._relay.check()
                self._logic.checked(self._clock.now_ns())
        except RelayError as error:
            self._lose(error)

    def _unlock(self, unlock: _Unlock) -> None:
        refusal = self._logic.accept(unlock.requested_at_ns, self._clock.now_ns())
        if refusal:
            self._refuse(unlock.reason, refusal)
            return
        try:
            self._relay.switch_on()
        except RelayError as error:
            self._lose(error)
            self._refuse(unlock.reason, str(error))
            return
        self._publish()
        self._tell(EventKind.DOOR_UNLOCKED, unlock.reason)

    def _connect(self) -> None:
        may_have_been_on = self._logic.may_be_on
        self._relay.connect()
        self._logic.connected(self._clock.now_ns())
        logger.info("connected: %s", self._relay.description)
        self._publish()
        if self._told_lost:
            self._told_lost = False
            self._tell(EventKind.RELAY_BACK, self._relay.description)
        if may_have_been_on:
            self._tell(EventKind.DOOR_LOCKED, "switched off after the relay came back")

    def _lose(self, error: RelayError) -> None:
        self._logic.lost(self._clock.now_ns())
        self._close_relay()
        self._publish(str(error))
        if not self._told_lost:
            self._told_lost = True
            logger.warning("relay lost: %s", error)
            self._tell(EventKind.RELAY_LOST, str(error))

    def _note_locked(self, detail: str) -> None:
        was_on = self._logic.may_be_on
        self._logic.switched_off(self._clock.now_ns())
        self._publish()
        if was_on:
            self._tell(EventKind.DOOR_LOCKED, detail)

    def _end(self) -> None:
        """Switch off, with one fresh connection if the old one does not do it."""
        if self._logic.state is not DoorState.FAULT:
            try:
                self._relay.switch_off()
                self._note_locked("the program stops")
            except RelayError as error:
                self._lose(error)
        if self._logic.may_be_on:
            try:
                self._connect()
            except RelayError as error:
                self._lose(error)
                logger.error("the relay may still be on: it could not be reached while stopping")  # noqa: TRY400

    def _end_after_failure(self) -> None:
        was_on = self._logic.may_be_on
        switched_off = False
        try:
            self._relay.switch_off()
            switched_off = True
        except Exception:
            logger.exception("the relay could not be switched off after a failure")
        self._logic.lost(self._clock.now_ns())
        sentence = "The door controller failed: restart the program and report its log."
        self._publish(sentence)
        self._tell(EventKind.FAULT, sentence)
        if was_on and switched_off:
            self._tell(EventKind.DOOR_LOCKED, "switched off after a failure")

    def _close_relay(self) -> None:
        try:
            self._relay.close()
        except Exception:
            logger.exception("closing the relay failed")

    # --- telling others -----------------------------------------------------------------------

    def _make_status(self, message: str = "") -> DoorStatus:
        return DoorStatus(
            state=self._logic.state,
            relay=self._relay.description,
            is_simulated=self._relay.is_simulated,
            relock_at_ns=self._logic.relock_at_ns,
            message=message,
        )

    def _publish(self, message: str = "") -> None:
        status = self._make_status(message)
        if status == self._status:
            return
        self._status = status
        try:
            self._on_status(status)
        except Exception:
            logger.exception("a listener to the door's status failed")

    def _refuse(self, reason: str, why: str) -> None:
        self._tell(EventKind.FAULT, f"Unlock refused ({reason}): {why}")

    def _tell(self, kind: EventKind, detail: str) -> None:
        logger.info("%s: %s", kind.value, detail)
        try:
            self._on_fact(kind, detail)
        except Exception:
            logger.exception("a listener to the door's facts failed")

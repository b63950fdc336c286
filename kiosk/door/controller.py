"""The door's thread: it alone works the latch, and it always ends with the door locked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from kiosk.domain import DoorState, DoorStatus, EventKind
from kiosk.door.clock import Clock, MonotonicClock
from kiosk.door.keeper import CHECK_NS, LatchKeeper
from kiosk.door.latch import Latch
from kiosk.door.logic import DoorLogic
from kiosk.door.machine import Fact, Facts
from kiosk.door.orders import Order, OrderQueue
from kiosk.door.rules import DoorRules
from kiosk.door.transitions import TABLE
from kiosk.errors import RelayError

logger = logging.getLogger(__name__)

_SWITCHING = (EventKind.DOOR_UNLOCKED, EventKind.DOOR_LOCKED)


class DoorController:
    """Work one door by orders, and keep its latch connected.

    ``on_status`` is called with every change of :attr:`status`. ``on_fact`` is called with every
    event of the state machine, after the latch has obeyed; with FAULT (detail: an order that was
    refused and why, what the latch found when it was connected, or the end of the thread).
    Both are called on the thread ``door`` and should return at once; only a refusal of an order
    that cannot even wait calls ``on_fact`` on the caller's thread. What they raise is logged.

    Orders never block and return whether they were taken; whatever becomes of one is told to
    ``on_fact``. ALARM_ACKNOWLEDGED is not: whoever acknowledges knows which alarm.
    """

    def __init__(
        self,
        latch: Latch,
        rules: DoorRules,
        on_status: Callable[[DoorStatus], None],
        on_fact: Callable[[EventKind, str], None],
        clock: Clock | None = None,
    ) -> None:
        """Take the latch over without touching it."""
        self._latch = latch
        self._logic = DoorLogic(rules, self._trace)
        self._keeper = LatchKeeper(latch, self._logic)
        self._on_status = on_status
        self._on_fact = on_fact
        self._clock = clock or MonotonicClock()
        self._condition = threading.Condition()
        self._orders = OrderQueue()
        self._accepting = False
        self._stopping = False
        self._failed = False
        self._status = self._make_status()
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
        """Start the thread: it connects the latch, locked. To be called once."""
        with self._condition:
            self._accepting = not self._stopping
        self._thread.start()

    def unlock(self, reason: str, now_ns: int, *, extended: bool = False) -> bool:
        """Ask for a pulse from now on, a longer one where ``extended``.

        ``now_ns`` is the monotonic time of whatever it was that gave the right to enter.
        """
        act = partial(self._logic.unlock, reason, now_ns, extended=extended)
        return self._put(Order("Unlock", act, reason, opens=True, lapses=True))

    def begin_free_access(self, until_ns: int | None, reason: str) -> bool:
        """Unlock for everybody until then (monotonic), or until told otherwise.

        A standing order: it outlives faults of the relay, but not the program.
        """
        act = partial(self._logic.begin_free_access, until_ns, reason)
        return self._put(Order("Free access", act, reason, opens=True))

    def end_free_access(self, reason: str) -> bool:
        """Lock again for all who have no right of their own."""
        return self._put(
            Order("End of free access", partial(self._logic.end_free_access, reason), reason)
        )

    def begin_lockdown(self, reason: str) -> bool:
        """Lock at once, end free access, and let nobody in until told otherwise.

        What waits and would open the door is refused.
        """
        act = partial(self._logic.begin_lockdown, reason)
        return self._put(Order("Lockdown", act, reason, goes_first=True))

    def end_lockdown(self, reason: str) -> bool:
        """Go back to work; free access that the lockdown ended does not come back by itself."""
        return self._put(
            Order("End of lockdown", partial(self._logic.end_lockdown, reason), reason)
        )

    def acknowledge(self, kind: EventKind | None = None) -> bool:
        """Silence the alarm that events of this kind tell of; None: whatever alarm there is."""
        return self._put(Order("Acknowledgement", partial(self._logic.acknowledge, kind=kind)))

    def request_stop(self) -> None:
        """Ask the thread to end; returns at once."""
        with self._condition:
            self._stopping = True
            self._accepting = False
            self._condition.notify_all()

    def stop(self, timeout_s: float) -> bool:
        """End the thread with the door locked and the latch closed; may be called twice.

        Return False when it still runs after ``timeout_s``, stuck in the relay's port.
        """
        self.request_stop()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _put(self, order: Order) -> bool:
        with self._condition:
            refusal = ""
            if not self._accepting:
                refusal = "the door controller does not run"
            elif not self._orders.put(order):
                refusal = "too many requests are waiting"
            else:
                self._condition.notify_all()
        if refusal:
            self._refuse(order, refusal)
        return not refusal

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
            self._keeper.close()
            with self._condition:
                self._accepting = False
                left = self._orders.take_all()
            for order in left:
                self._refuse(order, "the door controller has stopped")

    def _loop(self) -> None:
        while True:
            with self._condition:
                self._wait()
                if self._stopping:
                    return
                order = self._orders.take()
            now_ns = self._clock.now_ns()
            self._settle(self._logic.pass_time(now_ns))
            if order is not None:
                self._obey(order)
            self._tend()

    def _wait(self) -> None:
        """Wait until there is something to do or to end."""
        while not self._stopping and not self._orders:
            now_ns = self._clock.now_ns()
            wake_at_ns = self._wake_at_ns()
            if wake_at_ns <= now_ns:
                return
            if not threading.main_thread().is_alive():
                # The program ended without stopping the door: nobody will.
                logger.error("the program has ended without stopping the door controller")
                self._stopping = True
                return
            self._clock.wait_until(self._condition, min(wake_at_ns, now_ns + CHECK_NS))

    def _wake_at_ns(self) -> int:
        due_ns = self._logic.wake_at_ns()
        keep_ns = self._keeper.wake_at_ns
        return keep_ns if due_ns is None else min(due_ns, keep_ns)

    def _obey(self, order: Order) -> None:
        answer = order.act(now_ns=self._clock.now_ns())
        disobeyed = self._settle(answer.facts)
        if answer.refusal or (disobeyed and order.lapses):
            self._refuse(order, answer.refusal or disobeyed)

    def _settle(self, facts: Facts) -> str:
        """Bring the latch in line with the logic, then tell; return why it did not obey."""
        try:
            self._keeper.drive(self._clock.now_ns())
        except RelayError as error:
            for fact in facts:
                if fact.kind not in _SWITCHING:
                    self._tell(fact)
            self._lose(error)
            return str(error)
        self._tell_all(facts)
        return ""

    def _tend(self) -> None:
        """Connect, or look at the wires and whether the latch is still there, when it is time."""
        now_ns = self._clock.now_ns()
        try:
            if self._keeper.is_connect_due(now_ns):
                self._connect()
            elif self._keeper.is_look_due(now_ns):
                self._settle(self._keeper.look(now_ns))
        except RelayError as error:
            self._lose(error)

    def _connect(self) -> None:
        incident = self._keeper.connect(self._clock.now_ns())
        if incident:
            self._tell(Fact(EventKind.FAULT, incident))
        self._settle(self._keeper.look(self._clock.now_ns()))

    def _lose(self, error: RelayError) -> None:
        self._tell_all(self._keeper.lose(error, self._clock.now_ns()))

    def _end(self) -> None:
        """Lock, with one fresh connection if the old one does not do it."""
        self._settle(self._logic.stop(self._clock.now_ns()))
        if not self._logic.may_be_on:
            return
        try:
            self._connect()
        except RelayError as error:
            self._lose(error)
        if self._logic.may_be_on:
            logger.error("the relay may still be on: it could not be reached while stopping")
        elif self._logic.state is DoorState.FAULT:
            # There is no time to wait for what the wires say.
            self._tell(Fact(EventKind.DOOR_LOCKED, "the program stops"))

    def _end_after_failure(self) -> None:
        was_on = self._logic.may_be_on
        try:
            self._keeper.release()
        except Exception:
            logger.exception("the relay could not be switched off after a failure")
        sentence = "The door controller failed: restart the program and report its log."
        self._logic.lost(self._clock.now_ns(), sentence)
        self._publish()
        self._tell(Fact(EventKind.FAULT, sentence))
        if was_on and not self._logic.may_be_on:
            self._tell(Fact(EventKind.DOOR_LOCKED, "switched off after a failure"))

    # --- telling others -----------------------------------------------------------------------

    def _make_status(self) -> DoorStatus:
        logic = self._logic
        return DoorStatus(
            state=logic.state,
            relay=self._latch.description,
            is_simulated=self._latch.is_simulated,
            relock_at_ns=logic.relock_at_ns,
            message=logic.message,
            inputs=logic.inputs,
            alarm=logic.alarm,
            alarm_at_ns=logic.alarm_at_ns,
            is_unlocked=logic.may_be_on,
            is_free=logic.is_free,
            is_lockdown=logic.is_lockdown,
            live_alarm=logic.live_alarm,
            let_in=logic.let_in,
        )

    def _publish(self) -> None:
        status = self._make_status()
        if status == self._status:
            return
        self._status = status
        try:
            self._on_status(status)
        except Exception:
            logger.exception("a listener to the door's status failed")

    def _trace(self, index: int, before: DoorState, after: DoorState) -> None:
        logger.debug("%s: %s to %s", TABLE[index].cause.value, before.value, after.value)

    def _refuse(self, order: Order, why: str) -> None:
        reason = f" ({order.reason})" if order.reason else ""
        self._tell(Fact(EventKind.FAULT, f"{order.name} refused{reason}: {why}"))

    def _tell_all(self, facts: Facts) -> None:
        self._publish()
        for fact in facts:
            self._tell(fact)

    def _tell(self, fact: Fact) -> None:
        logger.info("%s: %s", fact.kind.value, fact.detail)
        try:
            self._on_fact(fact.kind, fact.detail)
        except Exception:
            logger.exception("a listener to the door's facts failed")

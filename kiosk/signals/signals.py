"""The thread ``mqtt``: connects, hands on what happens, and tries again for ever."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from kiosk.backoff import Backoff
from kiosk.config import MqttConfig
from kiosk.domain import DoorStatus
from kiosk.errors import ConfigError, KioskError
from kiosk.health import HealthRow
from kiosk.signals.commanddesk import CommandDesk
from kiosk.signals.commands import Command, Verifier
from kiosk.signals.lane import Lane
from kiosk.signals.link import Link, PahoLink, port_of
from kiosk.signals.messages import OFFLINE, Message, as_json, availability
from kiosk.signals.notes import Position, load_position
from kiosk.signals.secretfile import read_key
from kiosk.signals.session import WINDOW, Door, Session
from kiosk.signals.topics import Topics
from kiosk.signals.waker import Waker

_log = logging.getLogger(__name__)

_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
_WAIT_S = 1.0
_FAREWELL_S = 1.0
_MAX_CALLS = 64

MakeLink = Callable[[MqttConfig, str, Message, int], Link]


class Signals:
    """Tells a broker about the door. Nothing here waits or raises, but for the constructor.

    A fault of the broker is never one of the door: it is in :meth:`health_row` and in the
    program's log, and what happened meanwhile is sent later.
    """

    def __init__(
        self,
        config: MqttConfig,
        lane: Lane,
        on_command: Callable[[Command], Future[None]],
        door_name: str,
        now_ms: Callable[[], int],
        make_link: MakeLink = PahoLink,
        waits_s: tuple[float, float] = (_FIRST_WAIT_S, _LONGEST_WAIT_S),
    ) -> None:
        """Make it; nothing is opened before :meth:`start`.

        ``on_command`` is called on the thread ``mqtt`` with a genuine, new command that is
        already in the log; its future says whether the door obeyed. ``waits_s``: the first and
        the longest wait before trying again.

        Raises ConfigError for settings that cannot be meant.
        """
        check_config(config)
        self._config = config
        # Any name will do for a door that tells nobody.
        topics = Topics.of(config, door_name) if config.host else Topics("", "")
        self._door = Door(config, topics, door_name, now_ms)
        self._lane, self._make_link = lane, make_link
        self._backoff = Backoff(*waits_s)
        self._desk = CommandDesk(lane, on_command, self._answer, self._post, now_ms)
        self._waker: Waker | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        # These belong to the lock.
        self._status: DoorStatus | None = None
        self._is_status_new = self._is_log_new = False
        self._calls: deque[Callable[[], None]] = deque(maxlen=_MAX_CALLS)
        self._words = ("warning", "not connected yet")
        # These to the thread.
        self._position: Position | None = None
        self._session: Session | None = None
        # A name server may hang for minutes, and that must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    # --- for every thread -------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; without a broker in the settings nothing happens, here and below."""
        if self._config.host:
            self._waker = Waker()
            self._thread.start()

    def door_changed(self, status: DoorStatus) -> None:
        """Tell what the door is like now."""
        with self._lock:
            self._status, self._is_status_new = status, True
            # Hardly ever does it change without an event.
            self._is_log_new = True
        self._wake()

    def events_written(self) -> None:
        """Tell that there is something new in the log, or soon will be."""
        with self._lock:
            self._is_log_new = True
        self._wake()

    def request_stop(self) -> None:
        """Ask the thread to say good-bye and end."""
        self._stopping.set()
        self._wake()

    def stop(self, timeout_s: float) -> bool:
        """End the thread, before the lane is stopped; False when it hangs and is left behind."""
        self.request_stop()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        is_ended = not self._thread.is_alive()
        if is_ended and self._waker is not None:
            self._waker.close()
        return is_ended

    def health_row(self, newest_seq: int) -> HealthRow:
        """Say how the connection is; ``newest_seq`` is that of the newest event of the log."""
        if not self._config.host:
            return HealthRow("MQTT", "ok", "off: no broker is set")
        with self._lock:
            level, text = self._words
            position = self._position
        if position is not None:
            text += f"; {max(0, newest_seq - position.cursor)} events to be sent"
        return HealthRow("MQTT", level, text)

    def _wake(self) -> None:
        if self._waker is not None:
            self._waker.wake()

    def _post(self, call: Callable[[], None]) -> None:
        with self._lock:
            self._calls.append(call)
        self._wake()

    # --- on the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            said = self._until_it_fails()
            if not self._stopping.is_set():
                self._pause(said)

    def _until_it_fails(self) -> str:
        try:
            self._connection()
        except KioskError as error:
            return str(error)
        except Exception:
            # A bug of ours must not take the door along.
            _log.exception("telling the building failed")
            return "A fault in the program; see its log."
        return ""

    def _pause(self, said: str) -> None:
        now_s = time.monotonic()
        until_s = now_s + self._backoff.next_s(now_s)
        if self._say("warning", said):
            _log.warning("MQTT: %s", said)
        while not self._stopping.is_set() and (left_s := until_s - time.monotonic()) > 0:
            self._wait(left_s)

    def _connection(self) -> None:
        if self._position is None:
            self._position = self._loaded()
            if self._position is None:
                return
        config, topics = self._config, self._door.topics
        verifier, trouble = self._verifier()
        will = availability(topics, OFFLINE)
        link = self._make_link(config, f"door-kiosk-{topics.device_id}", will, WINDOW)
        session: Session | None = None
        try:
            session = self._session = Session(
                self._door,
                link,
                self._lane,
                self._position,
                verifier,
                self._desk.take,
                self._wake,
                time.monotonic(),
            )
            with self._lock:
                self._is_status_new = self._status is not None
            self._serve(session, trouble)
            self._leave(session)
        finally:
            self._session = None
            link.close()
            if session is not None:
                session.save(time.monotonic())
                self._keep(session.cursor)

    def _serve(self, session: Session, trouble: str) -> None:
        while not self._stopping.is_set():
            self._run_calls()
            with self._lock:
                status = self._status if self._is_status_new and session.is_up else None
                is_log_new = self._is_log_new
                self._is_log_new = False
                self._is_status_new = self._is_status_new and status is None
            if status is not None:
                session.say_state(status)
            if is_log_new:
                session.expect_events()
            self._step(session)
            if session.is_up:
                complaint = session.complaint or trouble
                place = f"connected to {self._config.host}:{port_of(self._config)}"
                self._say("warning" if complaint else "ok", complaint or place)

    def _leave(self, session: Session) -> None:
        if not session.is_up:
            return
        session.expect_events()
        session.farewell()
        until_s = time.monotonic() + _FAREWELL_S
        self._step(session)
        while not session.is_idle and time.monotonic() < until_s:
            self._step(session, 0.1)

    def _step(self, session: Session, wait_s: float = _WAIT_S) -> None:
        assert self._waker is not None
        session.step(time.monotonic(), wait_s, self._waker.fileno())
        self._waker.clear()
        self._keep(session.cursor)

    def _keep(self, cursor: int) -> None:
        position = self._position
        if position is not None and position.cursor != cursor:
            with self._lock:
                self._position = Position(position.log_id, cursor)

    def _loaded(self) -> Position | None:
        loading = self._lane.submit(load_position)
        loading.add_done_callback(lambda _done: self._wake())
        while not loading.done():
            if self._stopping.is_set():
                return None
            self._wait(_WAIT_S)
        return loading.result()

    def _verifier(self) -> tuple[Verifier | None, str]:
        config = self._config
        if config.commands == "off":
            return None, ""
        try:
            key = read_key(config.secret_file)
        except ConfigError as error:
            # The building still wants to know about its door.
            return None, f"No commands are taken: {error}"
        window_ms = config.command_window_s * 1000
        is_lockdown_only = config.commands == "lockdown"
        return Verifier(key, self._door.topics.command, window_ms, is_lockdown_only), ""

    def _answer(self, command: Command, refusal: str) -> None:
        if self._session is not None:
            tree = {
                "command": command.kind.value,
                "counter": command.counter,
                "ok": not refusal,
                "reason": refusal,
            }
            self._session.say(Message(self._door.topics.result, as_json(tree)))

    def _run_calls(self) -> None:
        while True:
            with self._lock:
                call = self._calls.popleft() if self._calls else None
            if call is None:
                return
            call()

    def _wait(self, timeout_s: float) -> None:
        assert self._waker is not None
        self._waker.wait(timeout_s)
        # A door that obeyed slowly is still answered for.
        self._run_calls()

    def _say(self, level: str, text: str) -> bool:
        with self._lock:
            is_new = self._words != (level, text)
            self._words = (level, text)
        return is_new


def check_config(config: MqttConfig) -> None:
    """Refuse settings that cannot be meant. Raises ConfigError."""
    if not config.host:
        return
    if config.key_file and not config.cert_file:
        raise ConfigError("[mqtt] key_file belongs to a cert_file: give both or none.")
    if (config.ca_file or config.cert_file) and not config.tls:
        raise ConfigError("[mqtt] has certificates but no TLS: set tls = true.")
    if config.commands != "off" and not config.secret_file:
        raise ConfigError("[mqtt] commands need a secret_file to be signed with.")

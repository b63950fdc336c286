"""The camera thread: delivery, loss, recovery, end and stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from kiosk.camera.capture import Capture
from kiosk.domain import CameraState, CameraStatus, Frame, Pixels
from kiosk.errors import CameraError
from kiosk.mailbox import Mailbox

OPENING, STREAMING = CameraState.OPENING, CameraState.STREAMING
LOST, ENDED = CameraState.LOST, CameraState.ENDED
PATIENCE_S = 10.0


class Hold:
    """A read that blocks until the test lets go of it."""


HOLD = Hold()
Read = Pixels | Exception | Hold | None
Session = Sequence[Read]


def picture(width: int = 64, height: int = 48) -> Pixels:
    return np.zeros((height, width, 3), np.uint8)


class ScriptedCamera:
    """Play one session per opening; a session that is an exception fails to open."""

    def __init__(
        self,
        sessions: Sequence[Session | Exception],
        is_live: bool = True,
        before_read: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = "scripted camera"
        self.is_live = is_live
        self.label = ""
        self.holding = threading.Event()
        self.released = threading.Event()
        self.calls: list[str] = []
        self.threads: set[str] = set()
        self._sessions = list(sessions)
        self._reads: list[Read] = []
        self._before_read = before_read

    def open(self) -> None:
        self._note("open")
        session = self._sessions.pop(0)
        if isinstance(session, Exception):
            raise session
        self._reads = list(session)

    def read(self) -> Pixels | None:
        self._note("read")
        self._before_read()
        item = self._reads.pop(0)
        if isinstance(item, Hold):
            self.holding.set()
            assert self.released.wait(PATIENCE_S)
            raise CameraError("let go")
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        self._note("close")

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self.threads.add(threading.current_thread().name)


class ImpatientEvent(threading.Event):
    """A stop event whose waits take no time; their lengths are recorded."""

    def __init__(self, stop_after: int = 1000) -> None:
        super().__init__()
        self.waits_s: list[float] = []
        self._stop_after = stop_after

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None:
            self.waits_s.append(timeout)
            if len(self.waits_s) >= self._stop_after:
                self.set()
        return self.is_set()


class SteppedClock:
    """Nanoseconds that pass only when told to."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000

    def __call__(self) -> int:
        return self.now_ns


class Recorder:
    """Keep what a capture delivers."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.statuses: list[CameraStatus] = []

    @property
    def states(self) -> list[CameraState]:
        return [status.state for status in self.statuses]


def run(camera: ScriptedCamera, **options: object) -> tuple[Recorder, Capture]:
    """Run a capture to its own end."""
    recorder = Recorder()
    capture = Capture(camera, [recorder.frames.append], recorder.statuses.append, **options)  # type: ignore[arg-type]
    capture.start()
    assert capture.join(PATIENCE_S)
    assert not capture.is_alive
    return recorder, capture


def test_finite_source_is_delivered_in_order_and_ends() -> None:
    clock = SteppedClock()

    def tick() -> None:
        clock.now_ns += 40_000_000

    camera = ScriptedCamera([[picture(), picture(), picture(), None]], False, tick)
    recorder, capture = run(camera, clock_ns=clock)
    assert [frame.sequence for frame in recorder.frames] == [0, 1, 2]
    stamps = [frame.captured_at_ns for frame in recorder.frames]
    assert stamps == [1_040_000_000, 1_080_000_000, 1_120_000_000]
    assert recorder.states == [OPENING, STREAMING, ENDED]
    assert recorder.statuses[1] == CameraStatus(STREAMING, "scripted camera", "", 64, 48)
    assert capture.frames_per_s == pytest.approx(25)
    assert capture.frame_count == 3
    assert camera.calls == ["open", "read", "read", "read", "read", "close"]
    assert camera.threads == {"camera"}


def test_frames_cannot_be_written_to() -> None:
    recorder, _ = run(ScriptedCamera([[picture(), None]], False))
    with pytest.raises(ValueError, match="read-only"):
        recorder.frames[0].pixels[0, 0] = 1


def test_frames_carry_the_label_of_the_source() -> None:
    camera = ScriptedCamera([[picture(), None]], False)
    camera.label = "face1.png"
    recorder, _ = run(camera)
    assert recorder.frames[0].label == "face1.png"


def test_change_of_size_is_reported() -> None:
    recorder, _ = run(ScriptedCamera([[picture(), picture(32, 24), picture(32, 24), None]], False))
    sizes = [(s.width_px, s.height_px) for s in recorder.statuses if s.state is STREAMING]
    assert sizes == [(64, 48), (32, 24)]


def test_lost_camera_is_retried_until_it_is_back() -> None:
    unplugged, missing = CameraError("unplugged"), CameraError("no camera")
    camera = ScriptedCamera(
        [[picture(), unplugged], missing, missing, [picture(), HOLD]],
    )
    stop = ImpatientEvent()
    recorder = Recorder()
    capture = Capture(camera, [recorder.frames.append], recorder.statuses.append, stop=stop)
    capture.start()
    assert camera.holding.wait(PATIENCE_S)
    assert recorder.states == [OPENING, STREAMING, LOST, LOST, STREAMING]
    assert [status.message for status in recorder.statuses[2:4]] == ["unplugged", "no camera"]
    assert [frame.sequence for frame in recorder.frames] == [0, 1]
    capture.request_stop()
    camera.released.set()
    assert capture.join(PATIENCE_S)
    assert recorder.states[-1] is STREAMING, "a loss while stopping is none"
    assert camera.calls.count("open") == camera.calls.count("close") == 4


def test_waits_between_tries_grow_to_a_limit(caplog: pytest.LogCaptureFixture) -> None:
    stop = ImpatientEvent(stop_after=6)
    recorder, _ = run(ScriptedCamera([CameraError("no camera")] * 9), stop=stop)
    assert stop.waits_s == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert recorder.states == [OPENING, LOST], "the same loss is reported once"
    assert caplog.messages == ["no camera"]


def test_waits_start_over_only_after_a_steady_connection() -> None:
    clock = SteppedClock()

    def tick() -> None:
        clock.now_ns += 2_000_000_000

    lost = CameraError("unplugged")
    brief: Session = [picture(), lost]
    steady: Session = [picture(), picture(), picture(), lost]
    stop = ImpatientEvent(stop_after=5)
    run(ScriptedCamera([brief, brief, brief, steady, brief], True, tick), stop=stop, clock_ns=clock)
    assert stop.waits_s == [0.5, 1.0, 2.0, 0.5, 1.0]


def test_stop_does_not_wait_for_the_next_try() -> None:
    lost = threading.Event()

    def note(status: CameraStatus) -> None:
        if status.state is LOST:
            lost.set()

    camera = ScriptedCamera([CameraError("no camera")] * 100)
    capture = Capture(camera, [], note)
    capture.start()
    assert lost.wait(PATIENCE_S)
    capture.request_stop()
    assert capture.join(0.4), "the stop waited for the retry"


def test_failed_finite_source_is_not_retried() -> None:
    camera = ScriptedCamera([CameraError("no images")], is_live=False)
    recorder, _ = run(camera)
    assert recorder.states == [OPENING, LOST]
    assert recorder.statuses[-1].message == "no images"
    assert camera.calls == ["open", "close"]


def test_raising_sink_is_logged_once_and_the_others_get_every_frame(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(frame: Frame) -> None:
        raise ZeroDivisionError

    frames: list[Frame] = []
    camera = ScriptedCamera([[picture(), picture(), picture(), None]], is_live=False)
    capture = Capture(camera, [broken, frames.append], lambda status: None)
    capture.start()
    assert capture.join(PATIENCE_S)
    assert len(frames) == 3
    assert capture.callback_failures == 3
    assert len([r for r in caplog.records if r.levelno >= logging.ERROR]) == 1


def test_raising_status_receiver_does_not_end_the_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(status: CameraStatus) -> None:
        raise ZeroDivisionError

    frames: list[Frame] = []
    capture = Capture(ScriptedCamera([[picture(), None]], False), [frames.append], broken)
    capture.start()
    assert capture.join(PATIENCE_S)
    assert len(frames) == 1
    assert capture.callback_failures == 3
    assert "status failed" in caplog.text


def test_reader_that_never_comes_costs_nothing_but_counted_frames() -> None:
    mailbox: Mailbox[Frame] = Mailbox()
    camera = ScriptedCamera([[*(picture() for _ in range(50)), None]], is_live=False)
    capture = Capture(camera, [mailbox.put], lambda status: None)
    capture.start()
    assert capture.join(PATIENCE_S)
    newest = mailbox.take()
    assert newest is not None
    assert newest.sequence == 49
    assert mailbox.dropped == 49


def test_hung_driver_is_reported_by_join(caplog: pytest.LogCaptureFixture) -> None:
    camera = ScriptedCamera([[picture(), HOLD]])
    capture = Capture(camera, [], lambda status: None)
    capture.start()
    assert camera.holding.wait(PATIENCE_S)
    capture.request_stop()
    assert not capture.join(0.05)
    assert capture.is_alive
    assert "scripted camera hangs in its driver" in caplog.text
    assert "close" not in camera.calls, "another thread closed the camera"
    camera.released.set()
    assert capture.join(PATIENCE_S)
    assert camera.calls[-1] == "close"


@pytest.mark.parametrize(
    ("session", "age_ns"),
    [([HOLD], 700_000_000), ([picture(), HOLD], 660_000_000)],
    ids=["since the start", "since the frame"],
)
def test_age_of_the_newest_frame(session: Session, age_ns: int) -> None:
    clock = SteppedClock()

    def tick() -> None:
        clock.now_ns += 40_000_000

    camera = ScriptedCamera([session], before_read=tick)
    capture = Capture(camera, [], lambda status: None, clock)
    assert capture.age_ns(99) == 0
    capture.start()
    assert camera.holding.wait(PATIENCE_S)
    assert capture.age_ns(1_700_000_000) == age_ns
    capture.request_stop()
    camera.released.set()
    assert capture.join(PATIENCE_S)


def test_join_before_start() -> None:
    capture = Capture(ScriptedCamera([]), [], lambda status: None)
    assert capture.join(0)
    assert not capture.is_alive


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_a_camera_is_shown_and_ends_the_thread() -> None:
    camera = ScriptedCamera([[picture(), KeyError("bug")]])
    recorder, _ = run(camera)
    assert recorder.states == [OPENING, STREAMING, LOST]
    assert "internal error" in recorder.statuses[-1].message
    assert camera.calls[-1] == "close"

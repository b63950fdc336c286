"""The program from the first paint to the exit code, with a pretend engine."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage

from kiosk.domain import CameraState, CameraStatus, DoorState, DoorStatus, Guidance, Phase
from kiosk.errors import StoreError
from kiosk.listener import KioskView
from tests.ui.conftest import FakeEngine, distinct_colours, done, drawn_frame, drawn_result, failed
from ui import app
from ui.app import EXIT_BUG, EXIT_OK, run_app, run_headless
from ui.bridge import EngineBridge
from ui.faults import BugCatcher
from ui.headless import print_at_once
from ui.signals import UnixSignals

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture(autouse=True)
def no_windows_left_to_other_threads() -> Iterator[None]:
    """Collect finished sessions here: a later test's thread must not destroy widgets."""
    yield
    gc.collect()


class Made:
    """Makes one engine and keeps it."""

    def __init__(self, script: Any, pin: str = "480913") -> None:
        self.script, self.pin = script, pin

    def __call__(self, listener: EngineBridge) -> FakeEngine:
        self.engine = FakeEngine(listener=listener, pin=self.pin)
        self.engine.script = self.script
        return self.engine


def a_visit(engine: FakeEngine) -> None:
    """Somebody comes, is recognised, and the pictures end."""
    listener = engine.listener
    listener.camera_changed(CameraStatus(CameraState.STREAMING, "clip", "", 1280, 720))
    listener.view_changed(KioskView(Phase.IDLE, warnings=("Simulated relay.",)))
    for view in (
        KioskView(Phase.GUIDANCE, Guidance.STEP_CLOSER),
        KioskView(Phase.CHECKING),
        KioskView(Phase.CHECKING),
        KioskView(Phase.WELCOME, None, "Ada Lovelace", time.monotonic_ns() + 5_900_000_000),
    ):
        frame = drawn_frame(time.monotonic_ns())
        engine.preview.put(frame)
        listener.frame_arrived()
        engine.results.put(drawn_result(frame))
        listener.result_arrived()
        listener.view_changed(view)
    listener.door_changed(
        DoorStatus(DoorState.UNLOCKED, "sim", True, time.monotonic_ns() + 5_900_000_000)
    )
    listener.door_changed(DoorStatus(DoorState.LOCKED, "sim", True))
    listener.camera_changed(CameraStatus(CameraState.ENDED, "clip"))


def test_a_headless_run_tells_what_happened(tmp_path: Path) -> None:
    lines: list[str] = []
    made = Made(a_visit)
    folder = tmp_path / "new" / "shots"
    code = run_headless(made, seconds=None, screenshot_dir=folder, print_line=lines.append)
    assert code == EXIT_OK
    told = [line.split(" s  ", 1)[1] for line in lines if " s  " in line]
    told = [re.sub(r"5\.\d s", "5.N s", words) for words in told]
    assert told == [
        "warning: Simulated relay.",
        "idle",
        "guidance: come closer",
        "checking",
        "welcome Ada Lovelace",
        "door unlocked 5.N s",
        "door locked",
        "the pictures have ended",
    ]
    assert [line.split(": ")[1] for line in lines if line.startswith("screenshot")] == [
        str(folder / "kiosk-welcome.png"),
        str(folder / "kiosk-end.png"),
    ]
    image = QImage(str(folder / "kiosk-welcome.png"))
    assert (image.width(), image.height()) == (1280, 800)
    assert distinct_colours(image) > 50
    assert [call[0] for call in made.engine.calls] == ["start", "recognise", "stop"]


def test_a_headless_run_ends_in_time(tmp_path: Path) -> None:
    lines: list[str] = []
    began = time.monotonic()
    code = run_headless(Made(None), seconds=0.3, screenshot_dir=tmp_path, print_line=lines.append)
    assert code == EXIT_OK
    assert 0.25 < time.monotonic() - began < 4
    assert (tmp_path / "kiosk-end.png").is_file()


class FourLines:
    """A reader like ``head -4``: it takes four lines and goes."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        if len(self.lines) == 4:
            raise BrokenPipeError(32, "Broken pipe")
        self.lines.append(line)


def test_a_reader_who_leaves_ends_the_run_in_order(tmp_path: Path, caplog: Any) -> None:
    made, reader = Made(a_visit), FourLines()
    began = time.monotonic()
    code = run_headless(made, seconds=30, screenshot_dir=tmp_path, print_line=reader)
    assert code == EXIT_OK
    assert time.monotonic() - began < 10
    assert len(reader.lines) == 4
    assert [call[0] for call in made.engine.calls] == ["start", "recognise", "stop"]
    assert "bug" not in caplog.text


def test_lines_come_at_once_and_a_closed_pipe_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with os.fdopen(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        print_at_once("one")
        assert os.read(reader, 100) == b"one\n"
        os.close(reader)
        with pytest.raises(BrokenPipeError):
            print_at_once("two")
        # As the interpreter does at its exit, with "two" still in the buffer.
        stdout.flush()


def test_a_closed_pipe_leaves_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kiosk", "run", "--data", str(tmp_path / "data")]
    command += ["--camera", "test", "--relay", "sim:", "--seconds", "1"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert " s  " in run.stdout.readline()
        run.stdout.close()
        complaints = run.stderr.read()
        assert run.wait(30) == EXIT_OK
    assert "Traceback" not in complaints
    assert "BrokenPipe" not in complaints
    assert "bug" not in complaints


def test_screenshots_that_cannot_be_written_are_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(StoreError, match="screenshots"):
        run_headless(
            Made(None), seconds=0.05, screenshot_dir=file / "x", print_line=lambda line: None
        )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_program_in_order(number: signal.Signals) -> None:
    made = Made(lambda engine: os.kill(os.getpid(), number))
    # Under nohup the tests themselves ignore SIGHUP, and the program then does so too.
    handler = signal.default_int_handler
    before = signal.signal(number, handler)
    try:
        assert run_app(made, windowed=True) == EXIT_OK
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)
    assert [call[0] for call in made.engine.calls if call[0] != "admin_pin_is_set"] == [
        "start",
        "recognise",
        "stop",
    ]


def test_started_with_nohup_it_outlives_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with UnixSignals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_bug_in_the_recognition_is_exit_code_70(caplog: Any) -> None:
    def broken(_: FakeEngine) -> None:
        raise ZeroDivisionError("bug")

    made = Made(broken)
    assert run_app(made, windowed=True) == EXIT_BUG
    assert made.engine.called("stop") == [()]
    assert "stopped by a bug" in caplog.text


def test_a_bug_in_another_thread_is_exit_code_70(caplog: Any) -> None:
    def broken() -> None:
        raise ZeroDivisionError("bug")

    def script(_: FakeEngine) -> None:
        threading.Thread(target=broken, name="helper").start()

    made = Made(script)
    assert run_app(made, windowed=True) == EXIT_BUG
    assert "thread helper" in caplog.text


def test_without_a_pin_the_kiosk_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.window import KioskWindow

    asked: list[bool] = []
    show_setup = KioskWindow.show_setup

    def note(window: KioskWindow) -> None:
        show_setup(window)
        asked.append(window.screen_shown is window.setup)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(KioskWindow, "show_setup", note)
    assert run_app(Made(None, pin=""), windowed=True) == EXIT_OK
    assert asked == [True]


def test_the_pin_is_asked_for_again_when_the_database_was_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ui.window import KioskWindow

    answers = iter([failed(StoreError("Locked.")), failed(StoreError("Locked.")), done(False)])
    made = Made(None, pin="")
    sessions: list[app.Session] = []

    def make(listener: EngineBridge) -> FakeEngine:
        engine = made(listener)
        engine.answers["admin_pin_is_set"] = lambda: next(answers)
        return engine

    begin = app.Session.begin

    def begin_impatiently(session: app.Session) -> None:
        assert session._pin_timer.interval() == 5000
        session._pin_timer.setInterval(1)
        sessions.append(session)
        begin(session)

    monkeypatch.setattr(app.Session, "begin", begin_impatiently)
    monkeypatch.setattr(KioskWindow, "show_setup", lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert run_app(make, windowed=True, seconds=20) == EXIT_OK
    assert len(made.engine.called("admin_pin_is_set")) == 3
    assert not sessions[0]._pin_timer.isActive()


def test_a_run_that_ends_asks_for_no_pin() -> None:
    made = Made(None)

    def make(listener: EngineBridge) -> FakeEngine:
        engine = made(listener)
        engine.answers["admin_pin_is_set"] = lambda: failed(StoreError("Locked."))
        return engine

    with BugCatcher() as bugs:
        session = app.Session(make, bugs, windowed=True)
        session._pin_unknown("Locked.")
        assert session._pin_timer.isActive()
        session.end()
        assert not session._pin_timer.isActive()
        # An answer that was on its way.
        session._pin_unknown("Locked.")
        assert not session._pin_timer.isActive()


def test_a_full_screen_kiosk_ends_when_it_is_told_to() -> None:
    """Its window refuses to be closed by people; a signal is not people."""
    made = Made(a_visit)
    QTimer.singleShot(300, lambda: os.kill(os.getpid(), signal.SIGTERM))
    began = time.monotonic()
    assert run_app(made, windowed=False, seconds=20) == EXIT_OK
    assert time.monotonic() - began < 10
    assert made.engine.calls[-1][0] == "stop"


def test_a_full_screen_trial_ends_in_time() -> None:
    made = Made(a_visit)
    began = time.monotonic()
    assert run_app(made, windowed=False, seconds=0.4) == EXIT_OK
    assert time.monotonic() - began < 10

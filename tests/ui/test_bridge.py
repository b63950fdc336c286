"""News from engine threads arrives on the GUI thread, whole and without piling up."""

from __future__ import annotations

import gc
import sys
import threading
import time
from concurrent.futures import Future
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QObject, QThread, Slot

from kiosk.domain import Phase
from kiosk.errors import StoreError
from kiosk.listener import KioskView
from tests.ui.conftest import FakeEngine, drawn_frame, drawn_result
from ui.bridge import EngineBridge
from ui.tasks import deliver
from ui.worker import RecognitionWorker


class Receiver(QObject):
    """Remembers what came, and on which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Any] = []
        self.errors: list[str] = []
        self.threads: set[int] = set()

    @Slot(object)
    def take(self, value: Any) -> None:
        self.got.append(value)
        self.threads.add(threading.get_ident())

    def fail(self, sentence: str) -> None:
        self.errors.append(sentence)


@pytest.fixture
def attached(qapp: Any) -> tuple[EngineBridge, FakeEngine, Receiver]:
    bridge, engine, receiver = EngineBridge(), FakeEngine(), Receiver()
    bridge.attach(engine)
    return bridge, engine, receiver


def test_views_from_a_python_thread_come_in_order(attached: Any, qtbot: Any) -> None:
    bridge, _, receiver = attached
    bridge.view_shown.connect(receiver.take)
    views = [KioskView(Phase.WELCOME, None, f"Person {n}") for n in range(200)]
    thread = threading.Thread(target=lambda: [bridge.view_changed(v) for v in views])
    thread.start()
    qtbot.waitUntil(lambda: len(receiver.got) == 200, timeout=3000)
    thread.join()
    assert receiver.got == views
    assert receiver.threads == {threading.get_ident()}


def test_frames_do_not_pile_up(attached: Any, qtbot: Any) -> None:
    bridge, engine, receiver = attached
    bridge.frame_shown.connect(receiver.take)
    frame = drawn_frame(0, width=64, height=48)

    def produce() -> None:
        for _ in range(300):
            engine.preview.put(frame)
            bridge.frame_arrived()

    thread = threading.Thread(target=produce)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(receiver.got), timeout=3000)
    QCoreApplication.processEvents()
    assert len(receiver.got) == 1
    assert engine.preview.dropped == 299
    # The announcement is free again.
    engine.preview.put(frame)
    bridge.frame_arrived()
    qtbot.waitUntil(lambda: len(receiver.got) == 2, timeout=3000)


def test_results_door_and_camera_arrive(attached: Any, qtbot: Any) -> None:
    bridge, engine, receiver = attached
    for signal in (bridge.result_shown, bridge.door_shown, bridge.enrolment_shown):
        signal.connect(receiver.take)
    result = drawn_result(drawn_frame(0, width=64, height=48))
    engine.results.put(result)
    bridge.result_arrived()
    bridge.door_changed("door")
    bridge.enrolment_changed("progress")
    qtbot.waitUntil(lambda: len(receiver.got) == 3, timeout=3000)
    assert set(map(id, receiver.got)) >= {id(result)}
    assert bridge.result is result


def test_nothing_comes_after_close(attached: Any) -> None:
    bridge, _, receiver = attached
    bridge.view_shown.connect(receiver.take)
    bridge.view_changed(KioskView(Phase.IDLE))
    bridge.close()
    bridge.view_changed(KioskView(Phase.IDLE))
    QCoreApplication.processEvents()
    assert receiver.got == []


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None and True are immortal from 3.12 on")
def test_signals_keep_the_reference_counts(qapp: Any) -> None:
    """A PySide6 that drops references to None and True aborts after some hundred signals."""
    bridge, receiver = EngineBridge(), Receiver()
    bridge.view_shown.connect(receiver.take)
    # Should counts fall, the padding keeps the process alive to tell.
    padding = [None] * 10**6 + [True] * 10**6
    gc.collect()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(1000):
        bridge.view_changed(None)  # type: ignore[arg-type]
    QCoreApplication.processEvents()
    assert len(receiver.got) == 1000
    receiver.got.clear()
    gc.collect()
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert len(padding) == 2 * 10**6
    assert after[0] > before[0] - 500
    assert after[1] > before[1] - 500


# --- results of futures -----------------------------------------------------------------------


def finish_on_a_thread(future: Future[Any], act: Any) -> None:
    thread = threading.Thread(target=lambda: act(future))
    thread.start()
    thread.join()


def test_a_result_is_delivered_on_the_gui_thread(qapp: Any, qtbot: Any) -> None:
    receiver, future = Receiver(), Future()
    deliver(future, receiver, receiver.take, receiver.fail)
    finish_on_a_thread(future, lambda f: f.set_result(5))
    qtbot.waitUntil(lambda: receiver.got == [5])
    assert receiver.threads == {threading.get_ident()}


def test_a_fault_is_delivered_as_its_sentence(qapp: Any, qtbot: Any) -> None:
    receiver, future = Receiver(), Future()
    deliver(future, receiver, receiver.take, receiver.fail)
    finish_on_a_thread(future, lambda f: f.set_exception(StoreError("The disk is full.")))
    qtbot.waitUntil(lambda: receiver.errors == ["The disk is full."])


def test_a_bug_reaches_the_excepthook(qapp: Any, qtbot: Any) -> None:
    receiver, future = Receiver(), Future()
    deliver(future, receiver, receiver.take, receiver.fail)
    with qtbot.captureExceptions() as caught:
        finish_on_a_thread(future, lambda f: f.set_exception(ZeroDivisionError("bug")))
        qtbot.waitUntil(lambda: bool(caught))
    assert caught[0][0] is ZeroDivisionError
    assert receiver.got == receiver.errors == []


def test_a_result_for_nobody_is_discarded(qapp: Any) -> None:
    from shiboken6 import delete

    owner, receiver, future = QObject(), Receiver(), Future()
    deliver(future, owner, receiver.take, receiver.fail)
    delete(owner)
    finish_on_a_thread(future, lambda f: f.set_result(5))
    QCoreApplication.processEvents()
    cancelled: Future[int] = Future()
    deliver(cancelled, receiver, receiver.take, receiver.fail).cancel()
    cancelled.set_result(1)
    gone: Future[int] = Future()
    deliver(gone, receiver, receiver.take, receiver.fail)
    gone.cancel()
    QCoreApplication.processEvents()
    assert receiver.got == receiver.errors == []


# --- the worker -------------------------------------------------------------------------------


def test_the_worker_starts_recognises_and_stops(qapp: Any, qtbot: Any) -> None:
    engine = FakeEngine()
    worker = RecognitionWorker(engine)
    with qtbot.waitSignal(worker.started_up):
        worker.start()
    qtbot.waitUntil(lambda: bool(engine.called("recognise")))
    assert engine.called("recognise") == [("recognition",)]
    assert engine.calls[0] == ("start",)
    assert worker.stop()
    assert not worker.isRunning()


def test_a_bug_in_the_loop_is_reported(qapp: Any, qtbot: Any, caplog: Any) -> None:
    engine = FakeEngine()

    def broken(_: FakeEngine) -> None:
        raise ZeroDivisionError("bug")

    engine.script = broken
    worker = RecognitionWorker(engine)
    with qtbot.waitSignal(worker.failed) as failure:
        worker.start()
    assert worker.wait(2000)
    assert "ZeroDivisionError" in failure.args[0]
    assert "stopped by a bug" in caplog.text


def test_stopping_while_starting_does_not_hang(qapp: Any) -> None:
    engine, entered, go = FakeEngine(), threading.Event(), threading.Event()

    def slow_start() -> None:
        entered.set()
        go.wait(5)

    engine.start = slow_start  # type: ignore[method-assign]
    worker: QThread = RecognitionWorker(engine)
    worker.start()
    assert entered.wait(2)
    threading.Timer(0.05, go.set).start()
    began = time.monotonic()
    assert worker.stop()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 3
    assert engine.called("recognise") == []

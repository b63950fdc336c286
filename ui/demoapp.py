"""The demonstration on the screen, or without one as text and a screenshot of each chapter."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from PySide6.QtCore import QTimer, Slot

from kiosk.demo.demonstration import Demonstration, demonstration_config, temporary_folder
from kiosk.demo.narrator import Caption, Outcome
from kiosk.demo.story import Chapter
from kiosk.errors import StoreError
from kiosk.facemodels import load_face_models
from kiosk.listener import KioskView
from kiosk.models.pack import embedded_pack
from ui import demotexts
from ui.app import EXIT_BUG, EXIT_OK, Session, make_application, quit_after, run_app
from ui.bridge import EngineBridge, EngineLike
from ui.director import DemoDirector
from ui.faults import BugCatcher
from ui.headless import PAINT_MS, PrintLine, Reporter, print_at_once
from ui.qtlog import log_qt_messages
from ui.signals import UnixSignals
from ui.systemlibs import choose_platform
from ui.window import KioskWindow

STORY_LIMIT_S = 150.0
"""Without a display the story is given up after so long, on a machine that is too slow for it."""

EXIT_NOT_AS_TOLD = 1


def main(*, windowed: bool, seconds: float | None, screenshots: Path) -> int:
    """Run the demonstration and return the exit code.

    Without a display: 0 when every chapter came out as told, else 1, and pictures in
    ``screenshots``. Raises KioskError when the networks are damaged or a folder cannot be written.
    """
    pack = embedded_pack()
    # A damaged network is said here and now: without it no town moves in, and no story is told.
    load_face_models(pack, demonstration_config().recognition.min_detection_score)
    is_headless = choose_platform(os.environ).split(":")[0] == "offscreen"
    with temporary_folder() as folder:
        demonstration = Demonstration(folder, pack, date.today())
        if is_headless:
            return run_headless_story(
                demonstration,
                seconds=STORY_LIMIT_S if seconds is None else seconds,
                screenshots=screenshots,
            )
        make_application()
        config = demonstration.config.kiosk
        return run_app(
            _engine_maker(demonstration),
            windowed=windowed,
            seconds=seconds,
            door_name=config.door_name,
            admin_timeout_s=config.admin_timeout_s,
            director=DemoDirector(demonstration),
        )


def _engine_maker(demonstration: Demonstration) -> Callable[[EngineBridge], EngineLike]:
    def make_engine(listener: EngineBridge) -> EngineLike:
        return demonstration.make_engine(listener)

    return make_engine


def run_headless_story(
    demonstration: Demonstration,
    *,
    seconds: float,
    screenshots: Path,
    print_line: PrintLine = print_at_once,
) -> int:
    """Play the story without a display: a line for all that happens, a picture of each chapter.

    Returns 0 when every chapter came out as told, 1 when not or when ``seconds`` were too few.
    Raises StoreError when ``screenshots`` cannot be written.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    make_folder(screenshots)
    log_qt_messages()
    application = make_application()
    director = DemoDirector(demonstration)
    with BugCatcher() as bugs, UnixSignals() as signals:
        session = Session(
            _engine_maker(demonstration),
            bugs,
            windowed=True,
            door_name=demonstration.config.kiosk.door_name,
            asks_for_pin=False,
            director=director,
        )
        reporter = StoryReporter(
            session.bridge,
            session.window,
            director,
            demonstration.chapters,
            screenshots,
            print_line,
        )
        reporter.finished.connect(session.leave)
        signals.received.connect(session.stop_for_signal)
        bugs.caught.connect(session.leave)
        limit = quit_after(seconds, session)
        try:
            session.begin()
            application.exec()
        finally:
            limit.stop()
            session.end()
    outcomes = demonstration.narrator.outcomes
    told = reporter.tell_outcomes(outcomes, len(demonstration.chapters))
    if bugs.has_caught:
        return EXIT_BUG
    return EXIT_OK if told else EXIT_NOT_AS_TOLD


def make_folder(folder: Path) -> None:
    """Make the folder for the screenshots. Raises StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"Cannot create the folder for screenshots {folder.absolute()}: {error.strerror}. "
            "Start the demonstration in a folder that can be written."
        ) from error


class StoryReporter(Reporter):
    """Prints captions and what the engine does, and pictures each chapter."""

    def __init__(
        self,
        bridge: EngineBridge,
        window: KioskWindow,
        director: DemoDirector,
        chapters: Sequence[Chapter],
        folder: Path,
        print_line: PrintLine,
    ) -> None:
        super().__init__(bridge, window, print_line)
        # What a chapter comes to is pictured at its end; what it begins with, where that differs.
        self._beginnings = {c.name: c.expected[0] for c in chapters if len(c.expected) > 1}
        self._begun_timer = QTimer(self)
        self._begun_timer.setSingleShot(True)
        self._begun_timer.setInterval(PAINT_MS)
        self._begun_timer.timeout.connect(self._picture_beginning)
        bridge.view_shown.connect(self._look_for_beginning)
        self._folder = folder
        self._caption = Caption("", "")
        self._pictured: set[str] = set()
        self._fulfilled_timer = QTimer(self)
        self._fulfilled_timer.setSingleShot(True)
        # The picture beside the words must show the same moment.
        self._fulfilled_timer.setInterval(PAINT_MS)
        self._fulfilled_timer.timeout.connect(self._picture)
        director.caption_shown.connect(self._tell_caption)
        director.fulfilled.connect(self._tell_fulfilled)
        director.ended.connect(self._story_ended)

    def tell_outcomes(self, outcomes: tuple[Outcome, ...], chapters: int) -> bool:
        """Print what the chapters came to; True when all came out as told."""
        for outcome in outcomes:
            self._print(
                demotexts.outcome_line(outcome.chapter.title, outcome.as_told, outcome.shown)
            )
        told = sum(outcome.as_told for outcome in outcomes)
        self._print(demotexts.summary(told, len(outcomes), chapters))
        return told == chapters

    @Slot(object)
    def _tell_caption(self, caption: Caption) -> None:
        self._fulfilled_timer.stop()
        self._begun_timer.stop()
        self._picture()
        self._caption = caption
        self._say(
            demotexts.chapter_line(caption.chapter, caption.chapters, caption.title, caption.text)
        )

    @Slot(object)
    def _tell_fulfilled(self, chapter: Chapter) -> None:
        if chapter.name == self._caption.name:
            self._fulfilled_timer.start()

    @Slot(object)
    def _story_ended(self, outcomes: tuple[Outcome, ...]) -> None:
        self.finished.emit()

    @Slot()
    def _grab_state(self) -> None:
        """Chapters are pictured, not states."""

    @Slot()
    def _picture(self) -> None:
        """Save a picture of the chapter unless there is one. Raises StoreError."""
        caption = self._caption
        if not caption.chapter or caption.name in self._pictured:
            return
        self._pictured.add(caption.name)
        self._save(f"{caption.chapter:02d}-{caption.name}.png")

    @Slot(object)
    def _look_for_beginning(self, view: KioskView) -> None:
        sight = self._beginnings.get(self._caption.name)
        if sight is not None and sight.is_seen_in(view):
            del self._beginnings[self._caption.name]
            self._begun_timer.start()

    @Slot()
    def _picture_beginning(self) -> None:
        caption = self._caption
        self._save(f"{caption.chapter:02d}-{caption.name}-begins.png")

    def _save(self, name: str) -> None:
        path = self._folder / name
        if self._window.grab().save(str(path)):
            self._say(f"screenshot: {path}")
        else:
            self._say(f"the screenshot {path} cannot be written; check the disk")

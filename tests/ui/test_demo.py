"""The demonstration on the screen: banner, caption, cues, and the run without a display."""

from __future__ import annotations

import gc
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from kiosk.datafolder import DataFolder
from kiosk.demo.demonstration import PIN, Demonstration
from kiosk.demo.narrator import Caption
from kiosk.demo.story import Sight
from kiosk.domain import Phase
from kiosk.errors import ModelError, StoreError
from kiosk.listener import KioskView
from kiosk.models.pack import Pack, embedded_folder, embedded_pack
from kiosk.simulator.visits_script import Script
from tests.ui.conftest import FakeEngine, Stage, clipped_labels, distinct_colours
from ui import demoapp, demotexts
from ui.app import EXIT_BUG
from ui.demoapp import run_headless_story
from ui.director import DemoDirector
from ui.widgets.demostrip import DemoBanner

SIMULATED = ("Simulated relay: no real door is driven.",)


@pytest.fixture
def demonstration(tmp_path: Path) -> Demonstration:
    made = Demonstration(DataFolder(tmp_path), Pack(tmp_path, ()), date(2026, 11, 21))
    made.narrator.saw(KioskView(Phase.IDLE))
    return made


@pytest.fixture
def director(qapp: Any, demonstration: Demonstration) -> DemoDirector:
    return DemoDirector(demonstration)


@pytest.fixture
def stage(make_stage: Callable[..., Stage], director: DemoDirector) -> Stage:
    return make_stage(director=director)


def longest_caption(demonstration: Demonstration) -> Caption:
    chapter = max(demonstration.chapters, key=lambda c: len(c.title + c.caption))
    return Caption(chapter.title, chapter.caption, 10, 11, chapter.name)


class TestOnTheScreen:
    def test_the_banner_is_on_every_screen(self, stage: Stage) -> None:
        banner = stage.window.findChild(DemoBanner)
        for show in (
            stage.window.show_kiosk,
            stage.window.show_login,
            stage.window.show_admin,
            stage.window.show_setup,
        ):
            show()
            stage.settle()
            assert banner.isVisible()
            assert banner.words.text() == demotexts.BANNER
        assert "simulated people only. No door is driven" in demotexts.BANNER
        assert PIN in banner.pin_label.text()

    def test_a_kiosk_on_the_wall_has_none_of_it(self, make_stage: Callable[..., Stage]) -> None:
        stage = make_stage()
        assert stage.window.findChild(DemoBanner) is None
        assert stage.window.kiosk.strip is None

    def test_a_caption_said_in_another_thread_is_shown(
        self, stage: Stage, demonstration: Demonstration
    ) -> None:
        told = threading.Thread(target=lambda: demonstration.script.moment(0.0))
        told.start()
        told.join()
        strip = stage.window.kiosk.strip
        stage.qtbot.waitUntil(lambda: strip.title.text() != "")
        first = demonstration.chapters[0]
        assert (strip.title.text(), strip.text.text()) == (first.title, first.caption)
        assert strip.place.text() == "1 / 11"

    @pytest.mark.parametrize(("key", "name"), [("S", "stranger"), ("p", "photograph"), ("9", "")])
    def test_keys_send_visitors_in(
        self, stage: Stage, demonstration: Demonstration, key: str, name: str
    ) -> None:
        stage.qtbot.keyClicks(stage.window, key)
        assert demonstration.script.moment(0.0)[0].name == (name or "dead-camera")

    def test_n_is_the_next_of_the_story(self, stage: Stage, demonstration: Demonstration) -> None:
        demonstration.script.moment(0.0)
        stage.qtbot.keyClicks(stage.window, "n")
        assert demonstration.script.moment(0.1)[0] is demonstration.chapters[1].visit

    def test_buttons_send_visitors_in_and_leave_the_keys_alone(
        self, stage: Stage, demonstration: Demonstration
    ) -> None:
        buttons = stage.window.kiosk.strip.buttons
        assert set(buttons) == {*"N123456789SP"}
        for now_s, pick in enumerate(demonstration.picks):
            stage.qtbot.mouseClick(buttons[pick.key], Qt.MouseButton.LeftButton)
            assert demonstration.script.moment(float(now_s))[0] is pick.visit
        stage.qtbot.keyClicks(stage.window, "s")
        assert demonstration.script.moment(99.0)[0].name == "stranger"

    def test_keys_typed_in_the_administration_send_nobody(
        self, stage: Stage, demonstration: Demonstration
    ) -> None:
        stage.open_admin()
        stage.qtbot.keyClicks(stage.window, "s")
        assert demonstration.script.waiting == 0

    def test_anybody_may_close_it_even_without_a_frame(
        self, qapp: Any, qtbot: Any, director: DemoDirector, make_stage: Callable[..., Stage]
    ) -> None:
        from ui.window import KioskWindow

        helper = make_stage()
        window = KioskWindow(helper.engine, helper.bridge, windowed=False, director=director)
        qtbot.addWidget(window)
        assert not window.windowFlags() & Qt.WindowType.FramelessWindowHint
        assert window.cursor().shape() is not Qt.CursorShape.BlankCursor
        with qtbot.waitSignal(window.closed):
            qtbot.keyClick(window, Qt.Key.Key_Escape)

    @pytest.mark.parametrize("size", [(1280, 800), (800, 1280), (1024, 600), (480, 800)])
    def test_everything_fits(
        self,
        size: tuple[int, int],
        make_stage: Callable[..., Stage],
        director: DemoDirector,
        demonstration: Demonstration,
        screenshots: Path,
    ) -> None:
        stage = make_stage(size, director=director, door_name="Demonstration")
        stage.streaming()
        stage.show_view(KioskView(Phase.NOT_RECOGNISED, warnings=SIMULATED))
        stage.show_people()
        director.caption_changed(longest_caption(demonstration))
        stage.settle()
        self.check(stage, size, screenshots / f"demo-kiosk-{size[0]}x{size[1]}.png")
        stage.open_admin()
        self.check(stage, size, screenshots / f"demo-admin-{size[0]}x{size[1]}.png")

    @staticmethod
    def check(stage: Stage, size: tuple[int, int], path: Path) -> None:
        image = stage.window.grab().toImage()
        assert image.save(str(path))
        assert (image.width(), image.height()) == size
        assert distinct_colours(image) > 8
        assert clipped_labels(stage.window) == []
        for button in stage.window.kiosk.strip.buttons.values():
            if button.isVisible():
                assert button.fontMetrics().horizontalAdvance(button.text()) <= button.width()


# --- without a display ----------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_windows_left_to_other_threads() -> Iterator[None]:
    yield
    gc.collect()


def shown(sight: Sight) -> KioskView:
    return KioskView(sight.phase, sight.guidance, sight.person)


class Performed:
    """An engine that shows what it is told to for each chapter, in its own thread."""

    def __init__(self, demonstration: Demonstration, views: Callable[[Any], list[KioskView]]):
        self._demonstration, self._views = demonstration, views

    def __call__(self, listener: Any) -> FakeEngine:
        from kiosk.demo.demonstration import DemoListener

        engine = FakeEngine(listener=DemoListener(listener, self._demonstration))
        engine.script = self.perform
        return engine

    def perform(self, engine: FakeEngine) -> None:
        engine.listener.view_changed(KioskView(Phase.STARTING))
        engine.listener.view_changed(KioskView(Phase.IDLE, warnings=SIMULATED))
        # Chapters follow on each other at once instead of after their seconds.
        script = Script((), self._demonstration.narrator.begin)
        for now_s, chapter in enumerate(self._demonstration.chapters):
            script.play_now(chapter.visit)
            script.moment(float(now_s))
            for view in [KioskView(Phase.CHECKING), *self._views(chapter)]:
                engine.listener.view_changed(view)
        script.moment(1000.0)


def play(
    demonstration: Demonstration, folder: Path, views: Callable[[Any], list[KioskView]]
) -> tuple[int, list[str]]:
    demonstration.make_engine = Performed(demonstration, views)  # type: ignore[method-assign]
    lines: list[str] = []
    code = run_headless_story(
        demonstration, seconds=30, screenshots=folder, print_line=lines.append
    )
    return code, lines


def test_a_story_as_told_ends_with_zero_and_a_picture_of_each_chapter(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "shots"
    code, lines = play(demonstration, folder, lambda chapter: [*map(shown, chapter.expected)])
    assert code == 0
    assert lines[-1] == "11 of 11 chapters as told."
    told = [line.split(" s  ", 1)[1] for line in lines if " s  " in line]
    captions = [line for line in told if line.startswith("== [")]
    assert len(captions) == 11
    assert captions[2].startswith("== [3/11] A stranger: ")
    assert "not recognised" in told
    pictures = [Path(line.removeprefix("screenshot: ")) for line in told if "screenshot" in line]
    assert [path.name for path in pictures] == [
        f"{n + 1:02d}-{chapter.name}.png" for n, chapter in enumerate(demonstration.chapters)
    ]
    for path in pictures:
        image = QImage(str(path))
        assert (image.width(), image.height()) == (1280, 800)
    assert lines[-12:-1] == [f"as told: {chapter.title}" for chapter in demonstration.chapters]


def test_a_stranger_who_is_let_in_ends_with_one(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    def views(chapter: Any) -> list[KioskView]:
        wrong = [KioskView(Phase.WELCOME, person_name="Ada Brook")]
        return [*map(shown, chapter.expected), *(wrong if chapter.name == "stranger" else [])]

    code, lines = play(demonstration, tmp_path / "shots", views)
    assert code == 1
    assert lines[-1] == "10 of 11 chapters as told."
    assert any(
        line.startswith("not as told: A stranger (") and "welcome Ada Brook" in line
        for line in lines
    )


def test_a_story_that_is_cut_short_says_so(demonstration: Demonstration, tmp_path: Path) -> None:
    demonstration.make_engine = lambda listener: FakeEngine(listener=listener)  # type: ignore
    lines: list[str] = []
    code = run_headless_story(
        demonstration, seconds=0.2, screenshots=tmp_path / "shots", print_line=lines.append
    )
    assert code == 1
    assert lines[-1] == "The story ended early: 0 of 11 chapters played, 0 as told."


def test_a_bug_is_exit_code_70(
    demonstration: Demonstration, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(chapter: Any) -> list[KioskView]:
        raise ZeroDivisionError("bug")

    code, _ = play(demonstration, tmp_path / "shots", broken)
    assert code == EXIT_BUG
    assert "stopped by a bug" in caplog.text


def test_pictures_that_cannot_be_written_are_said_before_the_story(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="screenshots"):
        run_headless_story(demonstration, seconds=1, screenshots=tmp_path / "file" / "x")


def test_a_damaged_network_ends_it_before_it_begins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "embedded"
    shutil.copytree(embedded_folder(), folder)
    (folder / "sim-liveness-80.selftest.npz").unlink()
    monkeypatch.setattr("ui.demoapp.embedded_pack", lambda: embedded_pack(folder))
    with pytest.raises(ModelError, match="install it again"):
        demoapp.main(windowed=True, seconds=None, screenshots=tmp_path / "shots")
    assert not (tmp_path / "shots").exists()

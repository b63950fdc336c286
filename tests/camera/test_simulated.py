"""The simulated camera, mostly on a clock that flies and with a renderer that only notes scenes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kiosk.camera.simulated import FRAMES_PER_S, SimulatedCamera
from kiosk.camera.source import parse_source
from kiosk.config import CameraConfig
from kiosk.domain import Pixels
from kiosk.errors import CameraError, ConfigError
from kiosk.simulator.render import Renderer
from kiosk.simulator.scene import Rendering, Scene
from kiosk.simulator.visits import VISITS, Visit, visit
from kiosk.simulator.visits_script import Script

CONFIG = CameraConfig(source="sim:", width_px=160, height_px=120, frames_per_s=30)


class Clock:
    """Time passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class NotingRenderer:
    """Paints the number of the scene, and keeps the scenes."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.shape = (height_px, width_px, 3)
        self.scenes: list[Scene] = []

    def render(self, scene: Scene) -> Rendering:
        self.scenes.append(scene)
        return Rendering(np.full(self.shape, len(self.scenes) % 200 + 20, np.uint8), ())


class Rig:
    """A camera on a flying clock."""

    def __init__(self, *visits: Visit, config: CameraConfig = CONFIG) -> None:
        self.clock = Clock()
        self.renderers: list[NotingRenderer] = []
        self.script = Script(visits)
        self.camera = SimulatedCamera(
            config,
            self.script,
            clock=self.clock,
            sleep=self.clock.sleep,
            make_renderer=self.make_renderer,
        )

    def make_renderer(self, width_px: int, height_px: int) -> NotingRenderer:
        self.renderers.append(NotingRenderer(width_px, height_px))
        return self.renderers[-1]

    def read(self, frames: int) -> list[Pixels]:
        return [self.camera.read() for _ in range(frames)]


def test_time_in_the_scene_is_time_on_the_clock() -> None:
    rig = Rig(visit("approach"))
    rig.camera.open()
    frames = rig.read(31)
    assert frames[0].shape == (120, 160, 3) and frames[0].dtype == np.uint8
    assert rig.clock.now_s == pytest.approx(101.0)
    expected = visit("approach").scene_at(1.0, 160, 120)
    shown = rig.renderers[0].scenes[-1]
    assert shown.actors[0].x_px == pytest.approx(expected.actors[0].x_px, abs=0.1)
    assert rig.camera.label == "approach"


def test_a_slow_machine_shows_fewer_frames_and_not_slower_people() -> None:
    rig = Rig(visit("approach"))
    rig.camera.open()
    for _ in range(10):
        rig.camera.read()
        rig.clock.sleep(0.2)  # as long as rendering takes there
    last = rig.renderers[0].scenes[-1]
    expected = visit("approach").scene_at(1.8, 160, 120)
    assert last.actors[0].x_px == pytest.approx(expected.actors[0].x_px, abs=0.5)


@pytest.mark.parametrize(("wanted", "given"), [(10, 10), (30, 30), (60, FRAMES_PER_S)])
def test_never_more_than_thirty_frames_a_second(wanted: int, given: int) -> None:
    rig = Rig(config=replace(CONFIG, frames_per_s=wanted))
    rig.camera.open()
    rig.read(given + 1)
    assert rig.clock.now_s == pytest.approx(101.0)


def test_a_dead_camera_is_lost_and_comes_back() -> None:
    rig = Rig(visit("approach"), visit("dead-camera"))
    rig.camera.open()
    with pytest.raises(CameraError, match="Wait until it comes back"):
        rig.read(1000)
    assert rig.clock.now_s == pytest.approx(100 + visit("approach").seconds, abs=0.1)
    rig.camera.close()
    with pytest.raises(CameraError):
        rig.camera.open()
    rig.clock.sleep(visit("dead-camera").fault_seconds + 0.1)
    rig.camera.open()
    assert rig.read(2)[1].any()
    assert len(rig.renderers) == 1, "heads that are painted are kept"


def test_a_frozen_camera_repeats_one_picture() -> None:
    rig = Rig(visit("frozen-camera"))
    rig.camera.open()
    rig.read(60)
    rendered = len(rig.renderers[0].scenes)
    frozen = rig.read(60)
    assert all(frame is frozen[0] for frame in frozen)
    assert len(rig.renderers[0].scenes) == rendered


def test_a_black_camera_delivers_black() -> None:
    rig = Rig(visit("black-camera"))
    rig.camera.open()
    assert rig.read(5)[-1].any()
    assert not rig.read(60)[-1].any()


def test_who_is_sent_in_comes() -> None:
    rig = Rig()
    rig.camera.open()
    rig.read(3)
    assert rig.camera.label == "empty"
    assert rig.script.send_in(visit("stranger"))
    rig.read(30)
    assert rig.camera.label == "stranger"
    assert rig.renderers[0].scenes[-1].actors


def test_it_must_be_opened_first() -> None:
    rig = Rig()
    with pytest.raises(CameraError, match="Open it"):
        rig.camera.read()


class TestTheSetting:
    def test_names_a_scene_that_is_repeated(self) -> None:
        camera = parse_source("sim:approach", CONFIG)
        assert camera.name == "simulated camera (approach)"
        assert camera.is_live
        assert self.played(camera, 20) == ["approach", "empty", "approach", "empty", "approach"]

    def test_alone_plays_all_in_turn_for_ever(self) -> None:
        camera = parse_source("sim:", CONFIG)
        seconds = sum(VISITS_SECONDS) + 1.6 * len(VISITS_SECONDS)
        played = [name for name in self.played(camera, seconds + 9) if name != "empty"]
        names = [name for name in VISITS if name != "empty"]
        assert played[: len(names)] == names
        assert played[len(names)] == names[0]

    def test_an_unknown_scene_lists_the_scenes(self) -> None:
        with pytest.raises(ConfigError) as caught:
            parse_source("sim:nap", CONFIG)
        assert "'nap'" in str(caught.value)
        assert all(f"sim:{name}" in str(caught.value) for name in VISITS)

    def test_another_turn_moves_otherwise(self) -> None:
        camera = parse_source("sim:approach", CONFIG)
        script = camera._script  # type: ignore[attr-defined]
        first, _ = script.moment(0.0)
        script.moment(first.seconds)
        second, _ = script.moment(first.seconds + 2)
        assert (first.name, second.name) == ("approach", "approach")
        assert first.scene_at(2.0, 160, 120) != second.scene_at(2.0, 160, 120)

    @staticmethod
    def played(camera: object, seconds: float) -> list[str]:
        script = camera._script  # type: ignore[attr-defined]
        names: list[str] = []
        for step in range(int(seconds * 10)):
            name = script.moment(step / 10)[0].name
            if not names or names[-1] != name:
                names.append(name)
        return names


VISITS_SECONDS = [visit(name).seconds for name in VISITS if name != "empty"]


@pytest.mark.parametrize("name", VISITS)
def test_every_scene_can_be_drawn(name: str) -> None:
    """Above all where something leaves the picture."""
    played, size = visit(name), (96, 72)
    renderer = Renderer(*size)
    for t_s in np.arange(0, played.seconds, 0.12):
        pixels = renderer.render(played.scene_at(float(t_s), *size)).pixels
        assert pixels.shape == (72, 96, 3)


def test_the_real_renderer_shows_somebody_who_walks_up() -> None:
    clock = Clock()
    config = replace(CONFIG, frames_per_s=5)
    script = Script([visit("approach")])
    camera = SimulatedCamera(config, script, clock=clock, sleep=clock.sleep)
    camera.open()
    frames = [camera.read().astype(int) for _ in range(16)]
    # From the empty room: nothing but noise at first, then somebody in the middle.
    assert np.abs(frames[1] - frames[0]).mean() < 4
    middle = (slice(30, 100), slice(55, 105))
    assert np.abs(frames[15][middle] - frames[0][middle]).mean() > 12

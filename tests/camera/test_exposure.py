"""Exposure for the face: the rule on a clock of its own, and devices that obey or do not."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.camera.capture import Capture
from kiosk.camera.exposure import RELEASE, FaceExposure, FaceMeter
from kiosk.domain import Pixels
from kiosk.errors import CameraError

MS = 1_000_000
FRAME_NS = 33 * MS
MODE, TIME, GAIN = cv2.CAP_PROP_AUTO_EXPOSURE, cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_GAIN
MANUAL, APERTURE = 1.0, 3.0


class ScriptedDevice:
    """A webcam before a face: luma follows light, exposure time and gain; it sees a bit late."""

    def __init__(
        self,
        light: float,
        *,
        automatic: float = APERTURE,
        time: float = 150.0,
        longest: float = 2047.0,
        gain: float | None = 10.0,
        deaf: bool = False,
        fixed_mode: bool = False,
    ) -> None:
        self.light = light
        self.values = {MODE: automatic, TIME: time}
        if gain is not None:
            self.values[GAIN] = gain
        self.sets: list[tuple[int, float]] = []
        self._longest, self._deaf, self._fixed_mode = longest, deaf, fixed_mode

    def number(self, prop: int) -> float:
        return self.values.get(prop, -1.0)

    def set(self, prop: int, value: float) -> bool:
        self.sets.append((prop, value))
        if prop not in self.values or (prop == MODE and self._fixed_mode):
            return False
        if prop == TIME:
            if self._deaf or self.values[MODE] != MANUAL:
                return True  # some say yes and do nothing
            value = min(max(value, 1.0), self._longest)
        if prop == GAIN:
            value = min(max(value, 0.0), 64.0)
        self.values[prop] = value
        return True

    @property
    def luminance(self) -> float:
        gain = 1 + self.values.get(GAIN, 0.0) / 32
        linear = self.light * self.values[TIME] * gain
        return float(min(255.0, 255 * linear ** (1 / 2.2)))


class Scene:
    """Lets a face stand before a device for a while."""

    def __init__(self, device: ScriptedDevice) -> None:
        self.device = device
        self.exposure = FaceExposure(device, 30)
        self.now_ns = 0
        self._late = [device.luminance] * 3

    def stand(self, seconds: float, luminance: float | None = None) -> float:
        for _ in range(round(seconds * 30)):
            self.now_ns += FRAME_NS
            self._late.append(self.device.luminance)
            self.exposure.meter(luminance or self._late.pop(0), self.now_ns)
        return self.device.luminance

    def leave(self, seconds: float) -> None:
        for _ in range(round(seconds * 30)):
            self.now_ns += FRAME_NS
            self.exposure.meter(None, self.now_ns)


def test_a_face_before_a_bright_door_is_brought_to_its_light() -> None:
    device = ScriptedDevice(light=0.0002)
    scene = Scene(device)
    before = device.luminance
    after = scene.stand(4)
    assert before < 70
    assert 110 <= after <= 140
    assert device.values[MODE] == MANUAL
    assert device.values[TIME] <= 333  # a frame's length at 30 a second, in 100 µs


def test_a_face_in_a_spotlight_is_darkened() -> None:
    device = ScriptedDevice(light=0.006)
    assert device.luminance > 200
    assert 110 <= Scene(device).stand(4) <= 140


def test_gain_helps_where_the_exposure_ends_and_goes_first() -> None:
    device = ScriptedDevice(light=0.00015, time=333.0)
    scene = Scene(device)
    assert scene.stand(6) >= 95
    assert device.values[TIME] == 333
    assert device.values[GAIN] > 10
    device.light = 0.006
    scene.stand(0.5)
    assert device.values[TIME] == 333
    scene.stand(6)
    assert device.values[GAIN] == 10
    assert 110 <= device.luminance <= 140


def test_a_well_lit_face_is_left_to_the_camera() -> None:
    device = ScriptedDevice(light=0.0011)
    scene = Scene(device)
    assert 100 < scene.stand(10) < 155
    assert device.sets == []


def test_once_right_it_rests_until_it_is_clearly_wrong() -> None:
    device = ScriptedDevice(light=0.0002)
    scene = Scene(device)
    scene.stand(4)
    count = len(device.sets)
    scene.stand(5, luminance=100.0)
    scene.stand(5, luminance=155.0)
    assert len(device.sets) == count
    scene.stand(1, luminance=165.0)
    assert len(device.sets) > count


def test_a_glance_of_shadow_does_not_take_the_exposure_over() -> None:
    device = ScriptedDevice(light=0.0011)
    scene = Scene(device)
    for _ in range(10):
        scene.stand(0.4, luminance=60.0)
        scene.stand(0.2, luminance=120.0)
    assert device.sets == []


def test_the_camera_has_its_exposure_back_when_nobody_is_there() -> None:
    device = ScriptedDevice(light=0.0001, time=333.0)
    scene = Scene(device)
    scene.stand(4)
    assert (device.values[MODE], device.values[GAIN]) != (APERTURE, 10)
    scene.leave(2.5)
    assert device.values[MODE] == MANUAL  # somebody may only have looked away
    scene.leave(1)
    assert (device.values[MODE], device.values[GAIN]) == (APERTURE, 10)
    count = len(device.sets)
    scene.leave(5)
    assert len(device.sets) == count


def test_closing_gives_the_exposure_back_once() -> None:
    device = ScriptedDevice(light=0.0002)
    scene = Scene(device)
    scene.stand(2)
    scene.exposure.release()
    assert device.values[MODE] == APERTURE
    count = len(device.sets)
    scene.exposure.release()
    assert len(device.sets) == count


def test_manual_mode_of_an_earlier_run_is_ended() -> None:
    device = ScriptedDevice(light=0.0011, automatic=MANUAL)
    assert FaceExposure(device, 30).is_available
    assert device.values[MODE] == APERTURE


def test_a_camera_without_controls_is_left_alone() -> None:
    device = ScriptedDevice(light=0.0002)
    device.values = {}
    exposure = FaceExposure(device, 30)
    assert not exposure.is_available
    for n in range(200):
        exposure.meter(20.0, n * FRAME_NS)
    exposure.release()
    assert device.sets == []


@pytest.mark.parametrize("fault", ["deaf", "fixed_mode"])
def test_a_camera_that_does_not_obey_gets_its_automatic_exposure_back(fault: str) -> None:
    device = ScriptedDevice(light=0.02, gain=None, **{fault: True})
    scene = Scene(device)
    scene.stand(5)
    assert not scene.exposure.is_available
    assert device.values[MODE] == APERTURE
    count = len(device.sets)
    scene.stand(5)
    assert len(device.sets) == count


def test_a_shorter_range_than_expected_is_no_disobedience() -> None:
    device = ScriptedDevice(light=0.00005, longest=200.0, gain=None)
    scene = Scene(device)
    scene.stand(4)
    assert scene.exposure.is_available
    assert device.values[TIME] == 200
    device.light = 0.01
    assert 110 <= scene.stand(4) <= 140


@given(
    st.lists(
        st.tuples(st.none() | st.floats(0, 255), st.integers(1, 2000)), min_size=1, max_size=60
    )
)
def test_steps_are_bounded_spaced_and_in_the_right_direction(
    visits: list[tuple[float | None, int]],
) -> None:
    meter, now_ns, stepped_ns, metering = FaceMeter(), 0, None, False
    for luminance, pause_ms in visits:
        now_ns += pause_ms * MS
        wish = meter.step(luminance, now_ns)
        if wish is RELEASE:
            assert luminance is None
            assert metering
            metering = False
        elif isinstance(wish, float):
            assert luminance is not None
            assert 0.5 <= wish <= 2
            assert (wish > 1) == (luminance < 125)
            assert stepped_ns is None or not metering or now_ns - stepped_ns >= 250 * MS
            stepped_ns, metering = now_ns, True


class MeteredCamera:
    """Notes in which thread it is told what."""

    name, is_live = "metered", False

    def __init__(self, frames: int) -> None:
        self.told: list[tuple[float | None, str]] = []
        self._left = frames

    def open(self) -> None: ...

    def read(self) -> Pixels | None:
        self._left -= 1
        if self._left < 0:
            raise CameraError("over")
        return np.zeros((8, 8, 3), np.uint8)

    def meter(self, luminance: float | None, at_ns: int) -> None:
        self.told.append((luminance, threading.current_thread().name))

    def close(self) -> None: ...


def test_the_capture_passes_on_what_is_recent_in_its_own_thread() -> None:
    camera, now = MeteredCamera(4), [0]
    script = iter([lambda: None, lambda: capture.meter(90.0), lambda: None, lambda: None])

    def sink(_: object) -> None:
        next(script)()
        now[0] += 300 * MS

    capture = Capture(camera, [sink], lambda status: None, clock_ns=lambda: now[0])
    capture.start()
    assert capture.join(10)
    assert camera.told == [
        (None, "camera"),
        (90.0, "camera"),
        (90.0, "camera"),
        (None, "camera"),
    ]

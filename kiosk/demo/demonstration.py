"""One demonstration: its own data folder, a simulated camera and relay, and the story.

The engine is the kiosk's own. What is simulated is what stands before it: people, light, camera,
relay. Nothing of the demonstration reaches into a decision.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from kiosk.access.pin import PinVault
from kiosk.camera.simulated import SimulatedCamera
from kiosk.camera.source import Camera
from kiosk.clockwatch import GivenTime
from kiosk.config import CameraConfig, Config, DoorConfig, KioskConfig
from kiosk.datafolder import DataFolder
from kiosk.demo.narrator import Caption, Narrator
from kiosk.demo.sitter import Sitter
from kiosk.demo.story import ROOM, Pick, make_picks, make_story
from kiosk.demo.town import VISITOR, enrol_town, residents
from kiosk.domain import CameraStatus, DoorStatus
from kiosk.engine import Engine
from kiosk.enrolment import EnrolmentProgress
from kiosk.errors import KioskError
from kiosk.facemodels import load_face_models
from kiosk.listener import KioskView, Listener
from kiosk.models.pack import Pack
from kiosk.simulator.visits_script import Script
from kiosk.store.store import opened

_log = logging.getLogger(__name__)

PIN = "271828"
"""Of the demonstration's administration; it is shown on the screen."""

_MOVING_IN = Caption(
    "The town moves in", "Twelve people who do not exist are enrolled, each in five views."
)
_WAITING = Caption(
    "Your turn",
    "Send somebody in with the buttons, or enrol the visitor in the administration.",
)


class Demonstration:
    """What happens in front of the kiosk, and the engine that is to cope with it."""

    def __init__(self, folder: DataFolder, pack: Pack, today: date) -> None:
        """``folder`` is empty and for this demonstration alone. Nothing runs yet."""
        self.folder = folder
        self.pin = PIN
        self.config = demonstration_config()
        self.picks: tuple[Pick, ...] = make_picks(today)
        self.chapters = make_story(today)
        self.narrator = Narrator(self.chapters, self.picks, _WAITING)
        self._pack = pack
        self._today = today
        self.script = Script(self.narrator.programme(), self.narrator.begin)
        self._lock = threading.Lock()
        self._sitter: Sitter | None = None
        self._replayed = 0

    def make_engine(self, listener: Listener, camera: Camera | None = None) -> Engine:
        """Return the engine; the town moves in when it is started.

        ``camera`` takes the place of the one that films the script in real time.
        """
        camera = camera or SimulatedCamera(self.config.camera, self.script)
        return _TownEngine(self, DemoListener(listener, self), camera, self._pack)

    def move_in(self, engine: _TownEngine) -> None:
        """Enrol the town and choose the PIN. Raises KioskError."""
        self.narrator.say(_MOVING_IN)
        models = load_face_models(self._pack, self.config.recognition.min_detection_score)
        with opened(self.folder.database) as store:
            PinVault(store.settings).set_pin(PIN)
            now_ms = time.time_ns() // 1_000_000
            enrol_town(store, models, residents(self._today), now_ms, lambda: engine.is_wanted)

    # --- who comes next ---------------------------------------------------------------------------

    def next_visitor(self) -> None:
        """End what is played now and go on with the story; over, it begins again."""
        if not self.narrator.has_ended:
            self.script.end_current()
            return
        chapter = self.chapters[self._replayed % len(self.chapters)]
        self._replayed += 1
        self.script.play_now(chapter.visit)

    def send_in(self, key: str) -> bool:
        """Let the visitor of a key come now; False when the key stands for nobody."""
        for pick in self.picks:
            if pick.key == key.upper():
                self.script.play_now(pick.visit)
                return True
        return False

    def follow_enrolment(self, progress: EnrolmentProgress) -> None:
        """Bring the visitor in front of the camera, and let them hear what is asked for."""
        with self._lock:
            sitter = self._sitter
            if sitter is None or sitter.is_leaving:
                if progress.finished:
                    # All views are taken: nobody has to come for that.
                    return
                sitter = self._sitter = Sitter(VISITOR, ROOM)
                self.script.play_now(sitter)
        sitter.follow(progress)


class DemoListener:
    """Passes the engine's news on to the screens, and lets the narrator overhear them."""

    def __init__(self, inner: Listener, demonstration: Demonstration) -> None:
        self._inner = inner
        self._demonstration = demonstration
        self.frame_arrived = inner.frame_arrived
        self.result_arrived = inner.result_arrived

    def view_changed(self, view: KioskView) -> None:
        self._inner.view_changed(view)
        self._demonstration.narrator.saw(view)

    def door_changed(self, status: DoorStatus) -> None:
        self._inner.door_changed(status)

    def camera_changed(self, status: CameraStatus) -> None:
        self._inner.camera_changed(status)

    def enrolment_changed(self, progress: EnrolmentProgress) -> None:
        self._inner.enrolment_changed(progress)
        self._demonstration.follow_enrolment(progress)

    def alarms_changed(self) -> None:
        self._inner.alarms_changed()


class _TownEngine(Engine):
    """The engine of a door whose town moves in first, in the thread that starts it."""

    def __init__(
        self, demonstration: Demonstration, listener: Listener, camera: Camera, pack: Pack
    ) -> None:
        super().__init__(
            demonstration.config,
            demonstration.folder,
            listener,
            camera,
            pack=pack,
            # The story's hours shall be told on a computer without a clock of its own as well.
            clock=GivenTime(),
        )
        self._demonstration = demonstration
        self.is_wanted = True

    def start(self) -> None:
        try:
            self._demonstration.move_in(self)
        except KioskError as error:
            # The engine meets the same fault and shows it; without a town there is no welcome.
            _log.error("the town cannot move in: %s", error)
        if self.is_wanted:
            super().start()

    def request_stop(self) -> None:
        self.is_wanted = False
        super().request_stop()


def demonstration_config() -> Config:
    """Return the settings: a small picture, a simulated relay, short welcomes."""
    return Config(
        camera=CameraConfig(source="sim:", width_px=640, height_px=480, frames_per_s=20),
        door=DoorConfig(relay="sim:", pulse_s=1.5),
        kiosk=KioskConfig(welcome_s=1.8, door_name="Demonstration"),
    )


@contextlib.contextmanager
def temporary_folder() -> Iterator[DataFolder]:
    """Make a data folder for one demonstration, and remove it at the end. Raises KioskError."""
    try:
        made = tempfile.TemporaryDirectory(prefix="door-kiosk-demo-")
    except OSError as error:
        raise KioskError(
            f"The demonstration needs a folder for temporary files: {error.strerror}. "
            "Name one that can be written in the variable TMPDIR."
        ) from error
    with made as name:
        folder = DataFolder(Path(name) / "data")
        folder.create()
        yield folder

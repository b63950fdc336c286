"""How fast, how hot and how hungry on a board: the figures that no PC can show.

Each network is timed alone, on the runtime chosen for this computer, and on an NPU also with
several contexts at once; then the whole step of a frame, while the computer's sensors are read.
"""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kiosk.board.sensors import BoardReading
from kiosk.board.soc import Soc, read_soc
from kiosk.board.watch import Sensors
from kiosk.config import ModelsConfig
from kiosk.domain import Frame, FrameResult
from kiosk.drawnface import draw_face
from kiosk.facemodels import load_tested, load_uncalibrated_models, open_chosen
from kiosk.models.card import ONNX, ModelCard, Role
from kiosk.models.choice import npu_of
from kiosk.models.pack import Pack
from kiosk.models.rknn import RknnRuntime
from kiosk.models.runtime import Runtime
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery

FRAME_PX = (1280, 720)
FACE_PX = 160.0
GALLERY = 1000
MAX_CONTEXTS = 3
_WARM_UP = 20
_FRAME_INTERVAL_NS = 33_000_000
_SAMPLE_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Speed:
    """Durations in ms and runs per second, one after another."""

    p50_ms: float
    p90_ms: float
    per_s: float


@dataclass(frozen=True, slots=True)
class NetworkSpeed:
    """One network alone, from raw picture to outputs."""

    role: str
    name: str
    precision: str
    target: str
    speed: Speed
    contexts_per_s: tuple[float, ...]
    """On an NPU: runs per second of one, two and three contexts at once, in threads of their own
    and spread over the cores. Empty elsewhere."""


@dataclass(frozen=True, slots=True)
class FrameSpeed:
    """The whole step of a frame, and what the computer said meanwhile."""

    speed: Speed
    frames: int
    minutes: float
    refusal: str
    """Why the drawn face did not go all the way; empty when it did. If not, this is no step."""
    samples: tuple[BoardReading, ...]


@dataclass(frozen=True, slots=True)
class BoardReport:
    """Everything that was measured."""

    machine: str
    soc: Soc | None
    rounds: int
    networks: tuple[NetworkSpeed, ...]
    frame: FrameSpeed
    is_on_npu: bool
    """Whether both the detector and the embedder ran on an NPU."""
    before: BoardReading
    after: BoardReading
    """After the frames, the networks still loaded."""
    metered_watts: float | None
    """Read off a meter by a person."""


LoadContext = Callable[[Pack, ModelCard, int], Runtime]
LoadModels = Callable[[Pack, float, ModelsConfig], FaceModels]


def load_context(pack: Pack, card: ModelCard, number: int) -> Runtime:
    """Load a further context of a network; on a chip with several cores on core ``number``.

    Raises ModelError.
    """
    own = read_soc()
    chip = npu_of(card, own)
    if chip is None:
        return load_tested(pack, card)
    mask = 1 << number % chip.npu_cores if chip.takes_core_mask else 0
    path = pack.file(card)
    return RknnRuntime(card, path, chip, is_attached=chip is not own, core_mask=mask)


@dataclass(frozen=True, slots=True)
class BoardBenchmark:
    """What to measure with."""

    sensors: Sensors
    soc: Soc | None
    settings: ModelsConfig
    min_score: float
    stranger_rate: float
    margin: float
    rounds: int = 200
    minutes: float = 0.0
    """For how long frames are examined without a pause; 0: for ``rounds`` frames."""
    load_one: LoadContext = load_context
    load_models: LoadModels = load_uncalibrated_models
    clock_ns: Callable[[], int] = time.perf_counter_ns

    def run(
        self, models: Path | Pack, watts: float | None, tell: Callable[[str], object]
    ) -> BoardReport:
        """Measure a pack, or the one in use in a folder.

        ``watts`` was read off a meter; ``tell`` takes what is being done. Raises ModelError.
        """
        cv2.setNumThreads(1)
        pack = open_chosen(models, self.settings, self.soc)
        before = self.sensors.read()
        networks = []
        for card in pack.cards:
            tell(f"{card.name} {card.precision} on {card.target}")
            networks.append(self._time_network(pack, card))
        tell("the whole step of a frame")
        loaded = self.load_models(pack, self.min_score, self.settings)
        with contextlib.closing(loaded):
            frame = self._time_frames(loaded)
            after = self.sensors.read()
        needed = (pack.card(Role.DETECTOR), pack.card(Role.EMBEDDER))
        return BoardReport(
            machine=f"{platform.machine()}, Python {platform.python_version()}",
            soc=self.soc,
            rounds=self.rounds,
            networks=tuple(networks),
            frame=frame,
            is_on_npu=all(card.target != ONNX for card in needed),
            before=before,
            after=after,
            metered_watts=watts,
        )

    def _time_network(self, pack: Pack, card: ModelCard) -> NetworkSpeed:
        pixels = draw_face(card.width_px, card.height_px, card.width_px * 0.45)
        contexts = MAX_CONTEXTS if card.target != ONNX else 1
        with contextlib.ExitStack() as stack:
            runtimes = []
            for number in range(contexts):
                runtime = self.load_one(pack, card, number)
                stack.callback(runtime.close)
                runtimes.append(runtime)
            runs = [_Repeated(runtime, pixels) for runtime in runtimes]
            for run in runs:
                run(_WARM_UP)
            speed = _speed([self._timed_ms(runs[0]) for _ in range(self.rounds)])
            together = [self._together(runs[: n + 1]) for n in range(contexts)]
        return NetworkSpeed(
            role=card.role.value,
            name=card.name,
            precision=card.precision,
            target=card.target,
            speed=speed,
            contexts_per_s=tuple(together) if card.target != ONNX else (),
        )

    def _timed_ms(self, run: _Repeated) -> float:
        began = self.clock_ns()
        run(1)
        return (self.clock_ns() - began) / 1e6

    def _together(self, runs: Sequence[_Repeated]) -> float:
        with ThreadPoolExecutor(len(runs), thread_name_prefix="board benchmark") as threads:
            began = self.clock_ns()
            for done in [threads.submit(run, self.rounds) for run in runs]:
                done.result()
            took_s = (self.clock_ns() - began) / 1e9
        return round(len(runs) * self.rounds / took_s, 1)

    def _time_frames(self, models: FaceModels) -> FrameSpeed:
        pipeline = Pipeline(
            models, _strangers(models), VisitDecider(VisitRules()), self.stranger_rate, self.margin
        )
        pixels = draw_face(*FRAME_PX, FACE_PX)
        times_ms: list[float] = []
        samples: list[BoardReading] = []
        result: FrameResult | None = None
        shown = 0
        deadline_ns = sampled_ns = self.clock_ns()
        while result is None or len(times_ms) < self.rounds or self.clock_ns() < deadline_ns:
            shown += 1
            frame = Frame(pixels, shown * _FRAME_INTERVAL_NS)
            began = self.clock_ns()
            result = pipeline.step(frame)
            ended = self.clock_ns()
            if shown == _WARM_UP:
                deadline_ns = ended + round(self.minutes * 60e9)
                sampled_ns = ended
            if shown > _WARM_UP:
                times_ms.append((ended - began) / 1e6)
                if ended - sampled_ns >= _SAMPLE_NS:
                    samples.append(self.sensors.read())
                    sampled_ns = self.clock_ns()
        # At once, while the driver's figures are still those of the last second's work.
        samples.append(self.sensors.read())
        refusal = result.report.refusal
        return FrameSpeed(
            speed=_speed(times_ms),
            frames=len(times_ms),
            minutes=self.minutes,
            refusal="" if refusal is None else refusal.value,
            samples=tuple(samples),
        )


class _Repeated:
    """A network with a picture that is ready."""

    def __init__(self, runtime: Runtime, pixels: np.ndarray) -> None:
        self._runtime, self._pixels = runtime, pixels

    def __call__(self, times: int) -> None:
        for _ in range(times):
            self._runtime.infer(self._pixels)


def _strangers(models: FaceModels) -> Gallery:
    size = models.embedder.embedding_size
    vectors = np.random.default_rng(7).standard_normal((GALLERY, size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Gallery(models.embedder.model, np.arange(GALLERY, dtype=np.int64), vectors)


def _speed(times_ms: list[float]) -> Speed:
    p50, p90 = np.percentile(times_ms, [50, 90])
    mean = float(np.mean(times_ms))
    return Speed(round(float(p50), 2), round(float(p90), 2), round(1000 / mean, 1))

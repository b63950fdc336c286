"""Look at people and scenes that no network was trained on, through the program's own runtime."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Detection, Frame
from kiosk.models.card import Role
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import MANIFEST, Pack, builtin_folder, read_manifest
from kiosk.simulator.render import Renderer
from kiosk.simulator.sampling import portrait_scene
from kiosk.simulator.scene import Truth
from kiosk.vision.alignment import align
from kiosk.vision.detector import RetinaFaceDetector, iou
from kiosk.vision.embedder import FaceEmbedder
from kiosk.vision.head_pose_network import HeadPoseNetwork
from kiosk.vision.liveness import LivenessNetwork

SCENE_PEOPLE = 200_000
IDENTITY_PEOPLE = 250_000
"""The first numbers of the people in scenes and of those compared; none of them was used in
training or validation, nor for the thresholds (kiosk/simulatedshots.py)."""
WIDTH_PX, HEIGHT_PX = 640, 480
TEXTURE_PX = 384
_SEED = 77
_PEOPLE_PER_JOB = 20

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of a pack; a real pack has no head pose, and liveness only perhaps."""

    detector: RetinaFaceDetector
    embedder: FaceEmbedder
    head_pose: HeadPoseNetwork | None
    liveness: LivenessNetwork | None


@functools.lru_cache(maxsize=2)
def networks(folder: Path) -> Networks:
    """Load the networks in a folder with a manifest, or of the catalogue. Raises ModelError."""
    cv2.setNumThreads(1)
    own = folder / MANIFEST
    cards = read_manifest(own if own.is_file() else builtin_folder() / "catalogue.toml")
    pack = Pack(folder, tuple(card for card in cards if (folder / card.file).is_file()))

    def runtime(role: Role) -> OnnxRuntime | None:
        card = pack.optional_card(role)
        return None if card is None else OnnxRuntime(card, pack.file(card))

    head_pose, liveness = runtime(Role.HEAD_POSE), runtime(Role.LIVENESS)
    detector, embedder = pack.card(Role.DETECTOR), pack.card(Role.EMBEDDER)
    return Networks(
        RetinaFaceDetector(OnnxRuntime(detector, pack.file(detector))),
        FaceEmbedder(OnnxRuntime(embedder, pack.file(embedder))),
        None if head_pose is None else HeadPoseNetwork(head_pose),
        None if liveness is None else LivenessNetwork(liveness),
    )


def in_processes(
    work: Callable[[Job], Result], jobs: Sequence[Job], processes: int
) -> Iterable[Result]:
    """Do jobs in processes of their own; the results come in order."""
    # Forked from a process in which networks have run, a child would wait for their threads.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=fresh) as pool:
        for done, result in enumerate(pool.map(work, jobs), 1):
            print(f"  {done}/{len(jobs)}", end="\r", flush=True)
            yield result
    print(end="\033[K")


def best_match(detections: tuple[Detection, ...], truth: Truth) -> Detection | None:
    """Return the detection that overlaps the true face most; None when none does by 0.4."""
    if not detections:
        return None
    boxes = np.array([[d.box.left, d.box.top, d.box.right, d.box.bottom] for d in detections])
    box = truth.box
    overlap = iou(
        np.array([box.left, box.top, box.right, box.bottom], np.float32), boxes.astype(np.float32)
    )
    best = int(overlap.argmax())
    return detections[best] if overlap[best] >= 0.4 else None


@dataclass(frozen=True, slots=True)
class PortraitJob:
    """People to look at: a template each, and a probe in each of the conditions."""

    folder: Path
    first: int
    count: int
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Portraits:
    """Unit vectors of people: ``templates`` (P, D) and ``probes`` (P, C, D).

    A face that was not found has a vector of NaN.
    """

    people: NDArray[np.int64]
    templates: NDArray[np.float32]
    probes: NDArray[np.float32]


def portraits(
    folder: Path, first: int, count: int, conditions: tuple[str, ...], processes: int
) -> Portraits:
    """Enrol ``count`` people from the front and look at each once in every condition."""
    jobs = [
        PortraitJob(folder, first + start, min(_PEOPLE_PER_JOB, count - start), conditions)
        for start in range(0, count, _PEOPLE_PER_JOB)
    ]
    parts = list(in_processes(_look_at_people, jobs, processes))
    return Portraits(
        np.concatenate([part.people for part in parts]),
        np.concatenate([part.templates for part in parts]),
        np.concatenate([part.probes for part in parts]),
    )


def _look_at_people(job: PortraitJob) -> Portraits:
    nets = networks(job.folder)
    renderer = Renderer(WIDTH_PX, HEIGHT_PX, TEXTURE_PX)
    people = np.arange(job.first, job.first + job.count)
    templates, probes = [], []
    for person in people.tolist():
        rng = np.random.default_rng([_SEED, person])
        templates.append(_vector(nets, renderer, rng, person, "frontal", is_template=True))
        probes.append(
            [_vector(nets, renderer, rng, person, name, False) for name in job.conditions]
        )
    return Portraits(people, np.array(templates), np.array(probes))


def _vector(
    nets: Networks,
    renderer: Renderer,
    rng: np.random.Generator,
    person: int,
    condition: str,
    is_template: bool,
) -> NDArray[np.float32]:
    drawn = renderer.render(portrait_scene(rng, person, condition, WIDTH_PX, HEIGHT_PX))
    frame = Frame(drawn.pixels, 0)
    face = best_match(nets.detector.detect(frame), drawn.truths[0])
    if face is None:
        return np.full(nets.embedder.embedding_size, np.nan, np.float32)
    chip = align(frame, face, nets.embedder.chip_size_px)
    embed = nets.embedder.embed_mirrored if is_template else nets.embedder.embed
    return np.array(embed(chip).vector)

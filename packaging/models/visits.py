"""How soon people are let in, and whether strangers ever are: simulated visits, real pipeline.

``python packaging/models/visits.py --data DATA --thresholds FILE [--live N] [--strangers N]``

Each visit is two seconds at 15 frames a second of 640×480: somebody comes the last step to the
door, looking at it, in some light. ``--thresholds`` are those of the embedder in DATA measured on
simulated people (``door-kiosk calibrate --simulated``): who does not exist is no measure for real
thresholds.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path

import cv2
import numpy as np

from kiosk.config import RecognitionConfig
from kiosk.domain import Frame, LivenessPolicy, Template
from kiosk.enrolment import made_templates
from kiosk.evaluation import gallery_of
from kiosk.facemodels import load_uncalibrated_models
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholdfile import load_calibration
from kiosk.simulator.render import Renderer
from kiosk.simulator.scene import Actor, Light, Scene
from kiosk.vision.quality import ENROLMENT

WIDTH_PX, HEIGHT_PX = 640, 480
_FRAMES, _EVERY_NS = 30, 1_000_000_000 // 15
_ENROLLED = 200
_FIRST_ENROLLED, _FIRST_STRANGER = 1_500_000, 1_600_000
_SEED = 11
_VIEWS = ((0.0, 0.0), (20.0, 0.0), (-20.0, 0.0))


def main() -> None:
    """Play the visits and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--thresholds", type=Path, required=True)
    parser.add_argument("--live", type=int, default=300)
    parser.add_argument("--strangers", type=int, default=1000)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    models = load_uncalibrated_models(args.data / "models", 0.6)
    calibration = load_calibration(args.thresholds, models.embedder.model)
    models = dataclasses.replace(models, calibration=calibration)
    renderer = Renderer(WIDTH_PX, HEIGHT_PX)
    gallery = enrolled(models, renderer)
    print(f"{gallery.people} people enrolled, {len(gallery)} templates", flush=True)
    waits, refused, wrong = [], 0, 0
    for number in range(args.live):
        person = number % _ENROLLED
        granted, wait_s = visit(models, gallery, renderer, _FIRST_ENROLLED + person, number)
        wrong += granted not in (None, person)
        refused += granted is None
        if wait_s is not None:
            waits.append(wait_s)
    p50, p95 = np.percentile(waits, [50, 95])
    print(
        f"{args.live} visits of people enrolled: granted {1 - refused / args.live:.2%}, "
        f"wrong person {wrong}; from the first usable frame p50 {p50:.2f} s, p95 {p95:.2f} s",
        flush=True,
    )
    let_in = 0
    for number in range(args.strangers):
        granted, _ = visit(models, gallery, renderer, _FIRST_STRANGER + number, number)
        let_in += granted is not None
        if (number + 1) % 250 == 0:
            print(f"{number + 1} visits of strangers: {let_in} let in", flush=True)


def enrolled(models: FaceModels, renderer: Renderer) -> Gallery:
    """Enrol people from three views each, as a guided capture does."""
    pipeline = door(models, Gallery.empty(models.embedder.model))
    templates: list[Template] = []
    for person in range(_ENROLLED):
        for yaw, pitch in _VIEWS:
            actor = Actor(
                _FIRST_ENROLLED + person, WIDTH_PX / 2, 220, 62, yaw_deg=yaw, pitch_deg=pitch
            )
            pixels = renderer.render(Scene((actor,), Light(), 3, seed=person)).pixels
            frame = Frame(pixels, 0)
            report = pipeline.examine(frame, limits=ENROLMENT)
            if report.refusal is not None:
                continue
            made = made_templates(pipeline.template(frame, report), None, "photo", 0)
            templates += [dataclasses.replace(each, person_id=person) for each in made]
    return gallery_of(models.embedder.model, templates)


def visit(
    models: FaceModels, gallery: Gallery, renderer: Renderer, person: int, number: int
) -> tuple[int | None, float | None]:
    """Return who was let in, and how long after the first usable frame."""
    rng = np.random.default_rng([_SEED, person, number])
    light, room = some_light(rng), int(rng.integers(1000))
    sway, speed, side = rng.uniform(2, 7), rng.uniform(0.7, 1.6), rng.uniform(-60, 60)
    near = rng.uniform(46, 68)
    pipeline = door(models, gallery)
    usable_ns: int | None = None
    for step in range(_FRAMES):
        t_s = step / 15
        come = 1 - 0.25 * math.exp(-3 * t_s)
        actor = Actor(
            person,
            WIDTH_PX / 2 + side * math.exp(-2 * t_s) + 3 * math.sin(5 * t_s),
            215 + 2 * math.sin(3 * t_s),
            near * come,
            yaw_deg=sway * math.sin(speed * 6.28 * t_s / 2 + 1),
            pitch_deg=3 * math.sin(speed * 4 * t_s),
            smile=max(0.0, math.sin(t_s * 2 + sway)) * 0.6,
            blink=1.0 if step % 23 == 9 else 0.0,
        )
        scene = Scene((actor,), light, room, motion_px=2.5 * math.exp(-2 * t_s), seed=step)
        at_ns = 1_000_000_000 + step * _EVERY_NS
        result = pipeline.step(Frame(renderer.render(scene).pixels, at_ns))
        if usable_ns is None and result.report.embedding is not None:
            usable_ns = at_ns
        if result.decision.granted_now and usable_ns is not None:
            return result.decision.person_id, (at_ns - usable_ns) / 1e9
    return None, None


def some_light(rng: np.random.Generator) -> Light:
    """Return the light of an entrance: mostly fair, now and then dim or from one side."""
    return Light(
        level=float(rng.choice([1.0, 1.2, 0.7, 0.4], p=[0.5, 0.2, 0.2, 0.1])),
        azimuth_deg=float(rng.uniform(-50, 50)),
        directness=float(rng.uniform(0.2, 0.6)),
        warmth=float(rng.uniform(-0.3, 0.3)),
    )


def door(models: FaceModels, gallery: Gallery) -> Pipeline:
    """Return a door with the program's defaults."""
    settings = RecognitionConfig()
    decider = VisitDecider(VisitRules(votes=settings.votes, vote_window_s=settings.vote_window_s))
    pipeline = Pipeline(models, gallery, decider, settings.stranger_rate, settings.margin)
    # Live or not is measured elsewhere.
    pipeline.set_liveness_policy(LivenessPolicy.OFF)
    return pipeline


if __name__ == "__main__":
    main()

"""Fit the occlusion scores on photographs, half of them with something painted over the face.

python packaging/models/fit_occlusion.py --pack DIR --shared DIR [--write]

Photographs are those of SHARED/faces/lfw whose people are in no protocol list there, odd-numbered
people for the fit and even ones for the check, likewise frontal and three-quarter views of
SHARED/faces/london, and simulated people. Each is given as it is, with
a mask, a hand before the mouth, dark glasses and a hidden side, and each of these once more spoiled
by a random degradation. Prints detection at 1 % and 0.5 % false alarms on the even people and on
the masks that somebody else drew (SHARED/faces/lfw_masked, london_masked); ``--write`` replaces
kiosk/vision/occlusiontable.py.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from occluders import hide_mouth_by_hand, hide_side, wear_dark_glasses

from kiosk.camera.imagefile import read_image
from kiosk.degradation import GROUPS, random_degradation
from kiosk.domain import Detection, Frame, Pixels
from kiosk.facemodels import load_detector, open_chosen
from kiosk.simulator.render import Renderer
from kiosk.simulator.sampling import portrait_scene
from kiosk.vision.alignment import align
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.occlusion import features
from kiosk.vision.paintedmask import paint_mask, random_style
from kiosk.vision.subject import choose_subject

TABLE = Path(__file__).parents[2] / "kiosk" / "vision" / "occlusiontable.py"
STATES = ("plain", "mask", "hand", "glasses", "side")
_HIDDEN_IN = {"MOUTH": ("mask", "hand"), "EYES": ("glasses",), "SIDE": ("side",)}
_RIDGE = 3.0
_STEPS = 40
_SIMULATED = 120

Face = tuple[Pixels, Detection]
Sample = tuple[str, str, NDArray[np.float32]]


def main() -> None:
    """Fit, report, and write when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder of models with a detector")
    parser.add_argument("--shared", type=Path, required=True, help="folder with faces/")
    parser.add_argument("--write", action="store_true", help="replace the table of the program")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    detector = load_detector(open_chosen(options.pack), 0.6)
    faces = options.shared / "faces"
    fit, check = _unlisted(faces)
    samples = [
        *_samples(_photographs(faces, fit + _london(faces, 1), detector), 1),
        *_samples(_simulated(), 2),
    ]
    held_out = [*_samples(_photographs(faces, check, detector), 3)]
    foreign = {
        name: [
            features(align(Frame(pixels, 0), face, 112))
            for pixels, face in _photographs(faces, paths, detector)
        ]
        for name, paths in _foreign(faces).items()
    }
    turned = [one for one in _london(faces, 0) if "3quarter" in one]
    held_turned = [*_samples(_photographs(faces, turned, detector), 4)]
    for state in STATES:
        foreign[f"{state}, London three-quarter"] = [
            row for s, group, row in held_turned if s == state and group == "as_is"
        ]
    tables = {}
    for head, hidden in _HIDDEN_IN.items():
        table = fitted(*_columns(samples, hidden))
        tables[head] = table
        _report(head, table, hidden, held_out, foreign)
    if options.write:
        TABLE.write_text(_module(tables, len(samples)), encoding="utf-8")


def _unlisted(faces: Path) -> tuple[list[str], list[str]]:
    """Return the photographs of people in no list: of odd-numbered and of even-numbered ones."""
    listed = set()
    for name in ("lfw_enroll.csv", "lfw_probe.csv"):
        with (faces / name).open(encoding="utf-8", newline="") as file:
            listed |= {row["path"].split("/")[1] for row in csv.DictReader(file)}
    parts: tuple[list[str], list[str]] = ([], [])
    for folder in sorted((faces / "lfw").iterdir()):
        if folder.name not in listed:
            part = parts[1 - int(folder.name[1:]) % 2]
            part += [f"lfw/{folder.name}/{file.name}" for file in sorted(folder.iterdir())[:3]]
    return parts


def _london(faces: Path, remainder: int) -> list[str]:
    """Return the frontal and three-quarter views of odd- (1) or even-numbered (0) people."""
    return [
        str(file.relative_to(faces))
        for view in ("front", "3quarter")
        for file in sorted((faces / "london").glob(f"*/*{view}.jpg"))
        if int(file.parent.name[1:]) % 2 == remainder
    ]


def _foreign(faces: Path) -> dict[str, list[str]]:
    """Return what is judged as it is: masks that somebody else drew, and other people's views."""
    masks = {
        f"masks by others, {name}": [
            str(file.relative_to(faces)) for file in sorted((faces / name).glob("*/*.jpg"))
        ]
        for name in ("lfw_masked", "london_masked")
    }
    profiles = sorted((faces / "london").glob("*/*_profile.jpg"))
    front = [path for path in _london(faces, 0) if "front" in path]
    return masks | {
        "plain, London front": front,
        "plain, London profile": [str(file.relative_to(faces)) for file in profiles],
    }


def _photographs(faces: Path, paths: list[str], detector: RetinaFaceDetector) -> Iterator[Face]:
    for path in paths:
        frame = Frame(read_image(faces / path), 0)
        face, _ = choose_subject(frame, detector.detect(frame))
        if face is not None:
            yield frame.pixels, face


def _simulated() -> Iterator[Face]:
    renderer = Renderer(640, 480)
    rng = np.random.default_rng(11)
    for person in range(_SIMULATED):
        for condition in ("frontal", "masked", "turned"):
            view = "masked" if condition == "masked" else "frontal"
            scene = portrait_scene(rng, person, view, 640, 480)
            if condition == "turned":
                actor = dataclasses.replace(scene.actors[0], yaw_deg=float(rng.uniform(-50, 50)))
                scene = dataclasses.replace(scene, actors=(actor,))
            rendering = renderer.render(scene)
            truth = rendering.truths[0]
            score = -1.0 if scene.actors[0].mask else 0.0
            yield rendering.pixels, Detection(truth.box, truth.landmarks, score)


def _samples(photographs: Iterator[Face], seed: int) -> Iterator[Sample]:
    """Yield state, degradation group and features."""
    rng = np.random.default_rng(seed)
    painters = {"hand": hide_mouth_by_hand, "glasses": wear_dark_glasses, "side": hide_side}
    for pixels, face in photographs:
        # The simulator marks a mask of its own by a score below zero.
        states = ("mask",) if face.score < 0 else STATES
        for state in states:
            shown = pixels
            if state == "mask" and face.score >= 0:
                shown = paint_mask(pixels, face.landmarks, random_style(rng))
            elif state in painters:
                shown = painters[state](pixels, face.landmarks, rng)
            group = GROUPS[int(rng.integers(len(GROUPS)))]
            spoilt = random_degradation(rng, group).apply(shown, face.landmarks, rng)
            pictures = [("as_is", shown), (group, spoilt)]
            if state == "plain":
                # Most visitors hide nothing: false alarms are what must be rare.
                more = GROUPS[int(rng.integers(len(GROUPS)))]
                again = random_degradation(rng, more).apply(shown, face.landmarks, rng)
                pictures.append((more, again))
            for name, picture in pictures:
                # A detector sees the landmarks of a hidden part where it expects them.
                stray = rng.normal(0, 0.03, (5, 2)) * face.eye_distance_px
                seen = dataclasses.replace(face, landmarks=np.float32(face.landmarks + stray))
                yield state, name, features(align(Frame(picture, 0), seen, 112))


def _columns(
    samples: list[Sample], hidden: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Other coverings are no counter-example of this one where they overlap it.
    used = [one for one in samples if not (one[0] == "side" and hidden != ("side",))]
    x = np.array([one[2] for one in used], np.float64)
    return x, np.array([one[0] in hidden for one in used], np.float64)


def fitted(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return intercept and coefficients of ridge logistic regression, the classes of equal weight.

    Newton's method on standardised columns; the coefficients are given back in the columns' units.
    """
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    columns = np.hstack([np.ones((len(x), 1)), (x - mean) / spread])
    weight = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    penalty = np.diag([0.0] + [_RIDGE] * x.shape[1])
    beta = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(columns @ beta, -30, 30)))
        gradient = columns.T @ (weight * (p - y)) + penalty @ beta
        curved = columns * (weight * np.maximum(p * (1 - p), 1e-6))[:, None]
        curvature = curved.T @ columns + penalty
        step = np.linalg.solve(curvature, gradient)
        beta -= step
        if np.abs(step).max() < 1e-6:
            break
    slopes = beta[1:] / spread
    return np.concatenate([[beta[0] - slopes @ mean], slopes])


def _report(
    head: str,
    table: NDArray[np.float64],
    hidden: tuple[str, ...],
    held_out: list[Sample],
    foreign: dict[str, list[NDArray[np.float32]]],
) -> None:
    def scores(rows: list[NDArray[np.float32]]) -> NDArray[np.float64]:
        logits = np.array(rows, np.float64) @ table[1:] + table[0]
        return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))

    plain = scores([row for state, group, row in held_out if state == "plain" and group == "as_is"])
    limits = {share: float(np.quantile(plain, 1 - share)) for share in (0.01, 0.005)}
    print(f"\n## {head}: {len(plain)} plain faces")
    print(f"score at 1 %: {limits[0.01]:.3f}, at 0.5 %: {limits[0.005]:.3f}\n")
    print("| faces | number | above at 1 % | at 0.5 % | above 0.5 |\n|---|---|---|---|---|")
    rows = {}
    for state in STATES:
        rows[state] = [row for s, group, row in held_out if s == state and group == "as_is"]
        rows[f"{state}, spoilt"] = [r for s, g, r in held_out if s == state and g != "as_is"]
    for group in GROUPS:
        rows["plain, " + group] = [r for s, g, r in held_out if s == "plain" and g == group]
        rows["hidden, " + group] = [r for s, g, r in held_out if s in hidden and g == group]
    for name, some in (rows | foreign).items():
        if some:
            found = scores(some)
            shares = [100 * float((found > limit).mean()) for limit in (*limits.values(), 0.5)]
            print(f"| {name} | {len(some)} | " + " | ".join(f"{s:.1f} %" for s in shares) + " |")


def _module(tables: dict[str, NDArray[np.float64]], count: int) -> str:
    lines = [
        '"""Coefficients of the occlusion scores: the intercept, then one for each feature.',
        "",
        f"Fitted by packaging/models/fit_occlusion.py on {count:,} pictures of 340 people in press",
        "and studio photographs and 120 simulated ones, with masks, hands, dark glasses and hidden",
        "sides painted over them, and spoiled by light, blur, noise and compression.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "import numpy as np",
        "",
        "# fmt: off",
    ]
    for head, table in tables.items():
        lines.append(f"{head} = np.array((")
        numbers = [f"{value:.4g}," for value in table]
        line = "   "
        for number in numbers:
            if len(line) + len(number) + 1 > 98:
                lines.append(line)
                line = "   "
            line += " " + number
        lines += [line, "), np.float32)"]
    return "\n".join([*lines, "# fmt: on", ""])


if __name__ == "__main__":
    main()

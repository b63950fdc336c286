"""How many pictures of faces the door lets in, and how many live people it keeps out.

Simulated visits before the whole pipeline: people who are enrolled come live, and impostors come
with a picture of them, printed flat, printed and bent, cut out, on a telephone, on a tablet. Who is
asked to turn the head answers as such people do (:mod:`kiosk.simulator.answering`). Each visit
stands before two doors at once, one of each policy, and lasts until both have decided.

What simulated pictures do says how well the parts work together, not what real ones will do:
packaging/liveness/PROTOCOL.md says how to measure those.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from kiosk.domain import Decision, Embedding, Frame, Guidance, LivenessPolicy
from kiosk.errors import ConfigError, EnrolmentError
from kiosk.livenesstable import ATTACK, GRANTED, LIVE, NEITHER, Course, LivenessReport, count_tries
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.gallery import Gallery
from kiosk.simulator.answering import Manner, Visitor
from kiosk.simulator.render import Renderer
from kiosk.simulator.scene import Actor, Attack, Light, Scene
from kiosk.vision.quality import ENROLMENT

MakePipeline = Callable[[LivenessPolicy, Gallery], Pipeline]
"""Makes the door of a policy; the models are those of the report."""

SPECIES: dict[str, Attack] = {
    LIVE: Attack.NONE,
    "print, flat": Attack.FLAT_PRINT,
    "print, bent": Attack.BENT_PRINT,
    "cut-out": Attack.CUT_OUT,
    "phone": Attack.PHONE,
    "tablet": Attack.TABLET,
}
POLICIES = (LivenessPolicy.PASSIVE, LivenessPolicy.PASSIVE_CHALLENGE)
_FIRST_VICTIM = 1_200_000
_POSES = ((0.0, 0.0), (24.0, 0.0), (-24.0, 0.0), (0.0, 15.0), (0.0, -15.0))
_TURNS = {Guidance.TURN_LEFT: 1, Guidance.TURN_RIGHT: -1}


@dataclass(frozen=True, slots=True)
class LivenessTrial:
    """One visit to be played."""

    species: str
    index: int
    victim: int
    """The id in the gallery of whom it is about."""
    manner: Manner
    room: int
    eye: float
    light: Light

    @property
    def seed(self) -> int:
        return self.index * len(SPECIES) + list(SPECIES).index(self.species)


def plan_trials(visits: int, people: Sequence[int], seed: int) -> Iterator[LivenessTrial]:
    """Return the visits of every species in turn, so that a run cut short is balanced."""
    for index in range(visits):
        for species, attack in SPECIES.items():
            chance = random.Random(f"{seed} {species} {index}")
            manner = (
                list(Manner)[index % len(Manner)] if attack is not Attack.NONE else Manner.STILL
            )
            light = Light(
                level=chance.uniform(0.9, 1.4),
                azimuth_deg=chance.uniform(-40, 40),
                directness=chance.uniform(0.2, 0.6),
                warmth=chance.uniform(-0.3, 0.3),
            )
            yield LivenessTrial(
                species,
                index,
                chance.choice(people),
                manner,
                chance.randrange(1 << 30),
                chance.uniform(0.095, 0.125),
                light,
            )


def enrol_victims(
    models: FaceModels, make_pipeline: MakePipeline, people: int, size_px: tuple[int, int]
) -> Gallery:
    """Return a gallery of simulated people in five views, through the gate of enrolment.

    Person ``_FIRST_VICTIM`` + n of the simulator has the id n + 1; who is refused is left out.
    Raises EnrolmentError when fewer than ``people`` of twice as many can be enrolled, ModelError.
    """
    pipeline = make_pipeline(LivenessPolicy.OFF, Gallery.empty(models.embedder.model))
    renderer = Renderer(*size_px)
    ids: list[int] = []
    views: list[Embedding] = []
    for person in range(2 * people):
        for number, (yaw_deg, pitch_deg) in enumerate(_POSES):
            actor = Actor(
                _FIRST_VICTIM + person,
                size_px[0] / 2,
                size_px[1] * 0.45,
                size_px[1] * 0.13,
                yaw_deg=yaw_deg,
                pitch_deg=pitch_deg,
            )
            scene = Scene((actor,), Light(1.3, directness=0.4), 3, seed=number)
            frame = Frame(renderer.render(scene).pixels, number)
            found = pipeline.examine(frame, limits=ENROLMENT)
            if found.refusal is None:
                ids.append(person + 1)
                views.append(pipeline.template(frame, found))
            elif number == 0:
                break
        if len(set(ids)) == people:
            return Gallery(
                models.embedder.model,
                np.array(ids, np.int64),
                np.stack([view.vector for view in views]),
                conditions=[view.conditions for view in views],
                poses=[view.pose for view in views],
            )
    raise EnrolmentError(
        "Too few simulated people can be enrolled with these models: they cannot be measured on "
        "simulated people. Use the models that come along."
    )


class TrialPlayer:
    """Plays visits before one door of each policy, one after the other."""

    def __init__(
        self,
        doors: dict[LivenessPolicy, Pipeline],
        size_px: tuple[int, int] = (640, 480),
        frames_per_s: float = 8.0,
        patience_s: float = 10.0,
    ) -> None:
        self._doors = doors
        self._size_px = size_px
        self._renderer = Renderer(*size_px)
        self._frames_per_s = frames_per_s
        self._patience_s = patience_s
        self._began_s = 0.0

    def play(self, trial: LivenessTrial) -> list[Course]:
        """Return what each door made of the visit. Raises ModelError."""
        visitor = Visitor(
            _FIRST_VICTIM + trial.victim - 1,
            trial.seed,
            SPECIES[trial.species],
            trial.manner,
            trial.room,
            trial.light,
            trial.eye,
        )
        courses: dict[LivenessPolicy, Course] = {}
        asked: Guidance | None = None
        # Another visit, after everybody has been away for long enough.
        self._began_s += self._patience_s + 60.0
        for number in range(round(self._patience_s * self._frames_per_s)):
            t_s = number / self._frames_per_s
            pixels = self._renderer.render(visitor.scene_at(t_s, *self._size_px)).pixels
            frame = Frame(pixels, round((self._began_s + t_s) * 1e9), number)
            for policy, door in self._doors.items():
                if policy in courses:
                    continue
                decision = door.step(frame).decision
                if (outcome := _outcome(decision)) is not None:
                    courses[policy] = Course(policy.value, outcome, t_s)
                turn = decision.guidance if decision.guidance in _TURNS else None
                if policy is not LivenessPolicy.PASSIVE_CHALLENGE or turn is asked:
                    continue
                if asked is not None:
                    visitor.release(t_s)
                if turn is not None:
                    visitor.ask(t_s, _TURNS[turn])
                asked = turn
            if len(courses) == len(self._doors):
                break
        for door in self._doors.values():
            door.end_visit()
        return [
            courses.get(policy, Course(policy.value, NEITHER, self._patience_s))
            for policy in self._doors
        ]


def _outcome(decision: Decision) -> str | None:
    if decision.granted_now:
        return GRANTED
    return ATTACK if decision.attacked_now else None


def liveness_report(
    models: FaceModels,
    make_pipeline: MakePipeline,
    visits: int = 300,
    people: int = 40,
    seed: int = 1,
    frames_per_s: float = 8.0,
    log: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LivenessReport:
    """Play ``visits`` visits of every species and count.

    ``log``: a file of JSON lines, one a visit; visits that are there are not played again, so that
    a run can be interrupted. Raises ModelError, EnrolmentError, ConfigError for a log of something
    else, OSError.
    """
    size_px = (640, 480)
    done = _read_log(log)
    total = visits * len(SPECIES)
    gallery = enrol_victims(models, make_pipeline, people, size_px)
    doors = {policy: make_pipeline(policy, gallery) for policy in POLICIES}
    player = TrialPlayer(doors, size_px, frames_per_s)
    victims = sorted(set(gallery.person_ids.tolist()))
    for number, trial in enumerate(plan_trials(visits, victims, seed)):
        key = (trial.species, trial.index)
        if key not in done:
            done[key] = player.play(trial)
            _append(log, trial, done[key])
        progress(number + 1, total)
    liveness = models.liveness.name if models.liveness is not None else "no liveness network"
    tries = [
        (species, course)
        for (species, index), courses in done.items()
        for course in courses
        if index < visits
    ]
    return LivenessReport(liveness, frames_per_s, count_tries(tries, tuple(SPECIES)))


def _read_log(log: Path | None) -> dict[tuple[str, int], list[Course]]:
    if log is None or not log.exists():
        return {}
    text = log.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        # Cut short while a line was written: that visit is played again.
        text = text[: text.rfind("\n") + 1]
        log.write_text(text, encoding="utf-8")
    done = {}
    number = 0
    try:
        for line in text.splitlines():
            number += 1
            tree = json.loads(line)
            done[tree["species"], tree["index"]] = [Course(**each) for each in tree["courses"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{log}, line {number}, is no visit of a liveness report. Name another file."
        ) from error
    return done


def _append(log: Path | None, trial: LivenessTrial, courses: list[Course]) -> None:
    if log is None:
        return
    tree = {
        "species": trial.species,
        "index": trial.index,
        "manner": trial.manner.value,
        "courses": [asdict(course) for course in courses],
    }
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(tree) + "\n")

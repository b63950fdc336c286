"""The residents of the demonstration's town, and how they are enrolled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kiosk.domain import Embedding, Event, EventKind, Frame
from kiosk.enrolment import View, made_templates
from kiosk.errors import EnrolmentError
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.simulator.render import Renderer
from kiosk.simulator.scene import Actor, Light, Scene
from kiosk.simulator.visits import FIRST_PERSON
from kiosk.store.store import Store
from kiosk.vision.quality import ENROLMENT

VISITOR = FIRST_PERSON + 1
"""Somebody who is not enrolled."""
SECOND_VISITOR = FIRST_PERSON + 6

_POSES = (
    (View.FRONT, 0.0, 0.0),
    (View.LEFT, 25.0, 0.0),
    (View.RIGHT, -25.0, 0.0),
    (View.UP, 0.0, 16.0),
    (View.DOWN, 0.0, -16.0),
)
_SIZE_PX = (640, 480)
_EYE_PX = 64.0
_ROOM = 3
_LIGHT = Light(level=1.3, directness=0.4)
"""Whoever enrols people sees to good light."""
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody of the town."""

    name: str
    person: int
    """The number the simulator invents them from."""
    number: str
    """Badge number."""
    hours: str = ""
    """When they may enter; empty: always."""


def _resident(name: str, person: int, number: str) -> Resident:
    return Resident(name, FIRST_PERSON + person, number)


# Faces that differ much, and names that fit them.
ADA = _resident("Ada Brook", 32, "1001")
SOREN = _resident("Søren Lindqvist", 5, "1002")
ZOFIA = _resident("Zofia Wiśniewska", 7, "1003")
IRINA = _resident("Ирина Полева", 3, "1004")
NIKOS = _resident("Νίκος Αλεξίου", 33, "1005")
WANG = _resident("王小雨", 16, "1006")
HANEUL = _resident("김하늘", 37, "1007")
SAKURA = _resident("田中さくら", 27, "1008")
TRANG = _resident("Nguyễn Thu Trang", 24, "1009")
AMARA = _resident("Amara Okafor", 18, "1010")
JOSE = _resident("José Peña", 19, "1011")
GULSEN = _resident("Gülşen Yıldız", 9, "1012")


def residents(today: date) -> tuple[Resident, ...]:
    """Return the town; whoever has hours has them on another day than ``today``."""
    return (
        ADA,
        SOREN,
        ZOFIA,
        IRINA,
        NIKOS,
        replace(WANG, hours="Mon-Sun 00:00-24:00"),
        HANEUL,
        SAKURA,
        TRANG,
        AMARA,
        replace(JOSE, hours=hours_on_another_day(today)),
        GULSEN,
    )


def hours_on_another_day(today: date) -> str:
    """Return access hours that are far from ``today`` at any time of the day."""
    # Three days away in both directions at least, so that no midnight and no time zone matters.
    return f"{_WEEKDAYS[(today + timedelta(days=3)).weekday()]} 09:00-17:00"


def enrol_town(
    store: Store,
    models: FaceModels,
    town: tuple[Resident, ...],
    now_ms: int,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Enrol the residents in guided views, through the gate of every enrolment.

    Ends early when ``go_on`` says False. Returns how many were enrolled. Raises EnrolmentError
    when somebody's front view is refused, ModelError, StoreError.
    """
    pipeline = Pipeline(
        models, Gallery.empty(models.embedder.model), VisitDecider(VisitRules()), 0.005, 0.05
    )
    renderer = Renderer(*_SIZE_PX)
    enrolled = 0
    for resident in town:
        if not go_on():
            break
        templates = [
            template
            for view, embedding, masked in _views(resident, pipeline, renderer)
            for template in made_templates(embedding, masked, view.value, now_ms)
        ]
        with store.database.writing():
            person = store.people.enrol(resident.name, resident.number, now_ms, templates, now_ms)
            if resident.hours:
                store.people.set_hours(person.id, resident.hours)
            detail = f"{len(templates)} templates of {models.embedder.model}"
            store.events.append(
                Event(EventKind.ENROLLED, now_ms, person.id, person.name, detail=detail)
            )
        enrolled += 1
    return enrolled


def _views(
    resident: Resident, pipeline: Pipeline, renderer: Renderer
) -> list[tuple[View, Embedding, Embedding | None]]:
    """Return the views that pass the gate. Raises EnrolmentError without a front view."""
    taken: list[tuple[View, Embedding, Embedding | None]] = []
    for n, (view, yaw_deg, pitch_deg) in enumerate(_POSES):
        actor = Actor(
            resident.person,
            _SIZE_PX[0] / 2,
            _SIZE_PX[1] * 0.45,
            _EYE_PX,
            yaw_deg=yaw_deg,
            pitch_deg=pitch_deg,
        )
        pixels = renderer.render(Scene((actor,), _LIGHT, _ROOM, seed=n)).pixels
        frame = Frame(pixels, captured_at_ns=n, label=view.value)
        report = pipeline.examine(frame, limits=ENROLMENT)
        if report.refusal is None:
            masked = pipeline.masked_template(frame, report) if pipeline.knows_masks else None
            taken.append((view, pipeline.template(frame, report), masked))
        elif view is View.FRONT:
            raise EnrolmentError(
                f"The simulated person {resident.name} cannot be enrolled: "
                f"{report.refusal.value.replace('_', ' ')}. Run door-kiosk models verify."
            )
    return taken

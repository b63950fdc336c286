"""Who is enrolled, as the recognition thread needs it: a gallery and the names, one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kiosk.access.rights import AccessRules, RightsBook
from kiosk.config import AccessConfig, Config
from kiosk.domain import Embedding, ModelId, Person, Template, TemplateKind
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholds import Calibration, comparison_rate
from kiosk.store.store import Store
from kiosk.store.templates import StoredTemplates


@dataclass(frozen=True, slots=True, eq=False)
class EnrolledPeople:
    """People with templates of one model."""

    gallery: Gallery
    """Who may be recognised: the enabled ones. People who look alike are one person in it, under
    the id of one of them: a face can be either's, and takes no margin to the other."""
    everybody: Gallery
    """The disabled ones as well: whoever is enrolled anew is compared with them all."""
    names: Mapping[int, str]
    """Of the enabled ones."""
    all_names: Mapping[int, str]
    without_template: int
    """Enabled people who have templates of another model only, and so are not recognised."""
    groups: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """All who may be taken for each other, disabled ones too, by each of their ids."""
    with_pin: frozenset[int] = frozenset()
    """Who has a personal PIN."""
    rights: RightsBook = field(default_factory=lambda: RightsBook.build((), (), (), ()))
    """What everybody may; whoever it does not know may nothing."""
    free_schedule: int | None = None
    """The schedule by which the door is free for everybody."""
    generation: int = 0
    """See :meth:`kiosk.store.rights.RightsTable.generation`."""

    @property
    def recognised(self) -> int:
        """How many people may be recognised."""
        return len(set(self.everybody.person_ids.tolist()) & self.names.keys())

    @property
    def pinless(self) -> int:
        """How many of them have a look-alike and no PIN, and so are not let in."""
        return len(self.groups.keys() & self.names.keys() - self.with_pin)

    def is_ambiguous(self, person_id: int) -> bool:
        """Tell whether a face recognised as this person may be somebody else's as well."""
        return person_id in self.groups

    def candidates(self, person_id: int) -> frozenset[int]:
        """Return who may enter of those that a face recognised as this person may belong to."""
        return self.groups.get(person_id, frozenset({person_id})) & self.names.keys()

    def name_of(self, person_id: int) -> str:
        """Return a person's name; empty when they are no longer enrolled."""
        return self.names.get(person_id, "")


def access_here(config: Config) -> AccessConfig:
    """Return the rules of this door, with its name."""
    return replace(config.access, door=config.access.door or config.kiosk.door_name)


def rights_book(store: Store, access: AccessConfig | None = None) -> RightsBook:
    """Read what everybody may. Raises StoreError, and AccessError for an unknown time zone.

    Whoever has damaged rights is left out, and so may nothing.
    """
    access = access or AccessConfig()
    stored = store.rights.read()
    return RightsBook.build(
        stored.schedules,
        stored.groups,
        stored.holidays,
        stored.people,
        zone=access.zone,
        door=access.door,
        rules=AccessRules.of(access),
    )


def load_people(store: Store, model: ModelId, access: AccessConfig | None = None) -> EnrolledPeople:
    """Read the snapshot; ``access`` is what :func:`access_here` says.

    Raises StoreError, and AccessError for an unknown time zone. Runs on the store's thread.
    """
    # First of all, so that a change while the rest is read shows.
    generation = store.rights.generation()
    people = store.people.find()
    names = {person.id: person.name for person in people if person.enabled}
    groups = store.look_alikes.groups()
    stand_ins = {
        person: min(group & names.keys()) for person, group in groups.items() if person in names
    }
    return EnrolledPeople(
        gallery=_gallery(model, store.people.templates(model), stand_ins),
        everybody=everybody(store, model),
        names=names,
        all_names={person.id: person.name for person in people},
        without_template=store.people.count_without(model),
        groups=groups,
        with_pin=frozenset(person.id for person in people if person.has_pin),
        rights=rights_book(store, access),
        free_schedule=store.rights.free_schedule(),
        generation=generation,
    )


def everybody(store: Store, model: ModelId) -> Gallery:
    """Return the gallery of all who have templates of ``model``, each for themselves."""
    return _gallery(model, store.people.templates(model, include_disabled=True), {})


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """When people are look-alikes: where the door, with the picture of one, would take the other.

    The thresholds are the door's own, for the conditions of both pictures.
    """

    calibration: Calibration
    stranger_rate: float

    def whom(
        self, gallery: Gallery, faces: Iterable[Embedding], templates: int = 0
    ) -> dict[int, float]:
        """Return whom any of these faces is as much like as a match, and the similarity.

        The threshold is that of a gallery of so many ``templates``, if it has more than this one.
        Raises ModelError for faces of another model.
        """
        calibrated = gallery.calibrated(self.calibration)
        fmr = comparison_rate(self.stranger_rate, max(templates, len(gallery)))
        found: dict[int, float] = {}
        for face in faces:
            similarities = calibrated.similarities(face)
            for place in np.flatnonzero(calibrated.excesses(face, fmr) >= 0):
                person = int(calibrated.person_ids[place])
                found[person] = max(found.get(person, -1.0), float(similarities[place]))
        return found


def alike_pairs(store: Store, model: ModelId, likeness: Likeness) -> dict[tuple[int, int], float]:
    """Return all pairs that are as much alike as a match, lower id first, with the similarity."""
    stored = store.people.templates(model, include_disabled=True)
    faces: dict[int, list[Embedding]] = {}
    for row, kind in enumerate(stored.kinds):
        if kind is TemplateKind.PLAIN:
            face = Embedding(
                stored.vectors[row],
                model,
                conditions=stored.conditions[row],
                pose=stored.poses[row],
            )
            faces.setdefault(int(stored.person_ids[row]), []).append(face)
    gallery = _gallery(model, stored, {}).calibrated(likeness.calibration)
    found: dict[tuple[int, int], float] = {}
    for person, own in faces.items():
        for other, similarity in likeness.whom(gallery, own).items():
            if other != person:
                first, second = sorted((person, other))
                found[first, second] = max(found.get((first, second), -1.0), similarity)
    return found


def mark_look_alikes(
    store: Store, person_id: int, templates: Sequence[Template], likeness: Likeness
) -> list[Person]:
    """Remember whom somebody just enrolled resembles, and return them.

    Who was marked before stays marked: new pictures do not make a face another one. Raises
    StoreError.
    """
    embeddings = [t.embedding for t in templates if t.kind is TemplateKind.PLAIN]
    if not embeddings:
        return []
    others = everybody(store, embeddings[0].model).without(person_id)
    found = likeness.whom(others, embeddings).keys()
    store.look_alikes.mark(person_id, found)
    return [person for person in store.people.find() if person.id in found]


def _gallery(model: ModelId, templates: StoredTemplates, stand_ins: Mapping[int, int]) -> Gallery:
    if not len(templates):
        return Gallery.empty(model)
    ids: NDArray[np.int64] = np.array(
        [stand_ins.get(int(person), int(person)) for person in templates.person_ids], np.int64
    )
    return Gallery(
        model,
        ids,
        templates.vectors,
        kinds=templates.kinds,
        conditions=templates.conditions,
        poses=templates.poses,
    )

"""Who is enrolled, as the recognition thread needs it: a gallery and the names, one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.domain import ModelId
from kiosk.recognition.gallery import Gallery
from kiosk.store.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class EnrolledPeople:
    """Enabled people with templates of one model."""

    gallery: Gallery
    names: Mapping[int, str]
    without_template: int
    """Enabled people who have templates of another model only, and so are not recognised."""

    def name_of(self, person_id: int) -> str:
        """Return a person's name; empty when they are no longer enrolled."""
        return self.names.get(person_id, "")


def load_people(store: Store, model: ModelId) -> EnrolledPeople:
    """Read the snapshot. Raises StoreError. Runs on the store's thread."""
    ids, vectors = store.people.templates(model)
    names = {person.id: person.name for person in store.people.find() if person.enabled}
    gallery = Gallery(model, ids, vectors) if len(ids) else Gallery.empty(model)
    return EnrolledPeople(gallery, names, store.people.count_without(model))

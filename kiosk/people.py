"""Who is enrolled, as the recognition thread needs it: a gallery and the names, one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kiosk.access.hours import AccessHours
from kiosk.domain import ModelId
from kiosk.errors import AccessError
from kiosk.recognition.gallery import Gallery
from kiosk.store.store import Store


@dataclass(frozen=True, slots=True)
class Denial:
    """Why somebody enrolled must not enter now."""

    reason: str
    """For the log."""
    hours: str
    """When they may, in words; empty where nobody knows."""


@dataclass(frozen=True, slots=True, eq=False)
class EnrolledPeople:
    """People with templates of one model."""

    gallery: Gallery
    """Who may be recognised: the enabled ones."""
    everybody: Gallery
    """The disabled ones as well: whoever is enrolled anew is compared with them all."""
    names: Mapping[int, str]
    """Of the enabled ones."""
    all_names: Mapping[int, str]
    without_template: int
    """Enabled people who have templates of another model only, and so are not recognised."""
    hours: Mapping[int, str] = field(default_factory=dict)
    """When they may enter, of those who may not always."""

    def name_of(self, person_id: int) -> str:
        """Return a person's name; empty when they are no longer enrolled."""
        return self.names.get(person_id, "")

    def denial(self, person_id: int, local: datetime) -> Denial | None:
        """Say why somebody must not enter at this local time, or None when they may.

        Hours that cannot be read are a reason: nobody knows what they allowed.
        """
        text = self.hours.get(person_id, "")
        try:
            hours = AccessHours.parse(text)
        except AccessError:
            return Denial("access hours that cannot be read", "")
        if hours.allows(local):
            return None
        return Denial(f"outside hours {hours}", str(hours))


def load_people(store: Store, model: ModelId) -> EnrolledPeople:
    """Read the snapshot. Raises StoreError. Runs on the store's thread."""
    people = store.people.find()
    return EnrolledPeople(
        gallery=_gallery(model, *store.people.templates(model)),
        everybody=_gallery(model, *store.people.templates(model, include_disabled=True)),
        names={person.id: person.name for person in people if person.enabled},
        all_names={person.id: person.name for person in people},
        without_template=store.people.count_without(model),
        hours={person.id: person.hours for person in people if person.hours},
    )


def _gallery(
    model: ModelId, person_ids: NDArray[np.int64], vectors: NDArray[np.float32]
) -> Gallery:
    return Gallery(model, person_ids, vectors) if len(person_ids) else Gallery.empty(model)

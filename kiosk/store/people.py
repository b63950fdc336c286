"""The people who are enrolled, and their templates."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import peewee

from kiosk.domain import ModelId, Person, Template, TemplateKind
from kiosk.errors import EnrolmentError, StoreError
from kiosk.store.database import Database
from kiosk.store.generation import advance
from kiosk.store.names import clean_name, clean_number, searchable
from kiosk.store.templates import StoredTemplates, pack_picture, unpack_picture
from kiosk.store.vectors import pack_vector, unpack_vectors

_log = logging.getLogger(__name__)
_peewee: Any = peewee
_KINDS = {kind.value: kind for kind in TemplateKind}


class PeopleTable:
    """People and templates. Every method raises StoreError when the disk does not play along.

    A change is on the disk when the method returns, or has not happened at all.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._people = database.tables.people
        # A damaged one is none.
        self._is_enabled = self._people.enabled == 1
        self._templates = database.tables.templates
        self._damaged = 0
        # Written out once: peewee takes longer to write it than SQLite to answer it.
        self._one, values = self._select().where(self._people.id == 0).sql()
        self._one_values = tuple(values[:-1])

    @property
    def damaged_templates(self) -> int:
        """Templates that the last :meth:`templates` found damaged and left out."""
        return self._damaged

    def add(self, name: str, number: str, consent_at_ms: int | None, now_ms: int) -> Person:
        """Add somebody without templates; ``number`` may be empty.

        Raises EnrolmentError when the name is not usable or the number is taken.
        """
        name, number = clean_name(name), clean_number(number)
        with self._database.writing():
            if number:
                self._refuse_taken(number)
            advance(self._database)
            person_id = self._people.insert(
                name=name,
                number=number or None,
                enabled=True,
                consent_at_ms=consent_at_ms,
                created_at_ms=now_ms,
            ).execute()
            return self._existing(int(person_id))

    def enrol(
        self,
        name: str,
        number: str,
        consent_at_ms: int | None,
        templates: Sequence[Template],
        now_ms: int,
    ) -> Person:
        """Add somebody together with their templates, or not at all.

        The ``person_id`` inside the templates is ignored. Raises EnrolmentError as :meth:`add`
        does, and when there is no template or one is not usable.
        """
        with self._database.writing():
            person = self.add(name, number, consent_at_ms, now_ms)
            return self.add_templates(person.id, templates)

    def get(self, person_id: int) -> Person | None:
        """Return somebody, or None when nobody has that id."""
        rows = self._database.execute(self._one, (*self._one_values, person_id))
        return _person(rows[0]) if rows else None

    def may_enter(self, person_id: int) -> bool:
        """Tell whether somebody is enrolled and enabled."""
        return bool(
            self._database.execute(
                "SELECT 1 FROM people WHERE id = ? AND enabled = 1", (person_id,)
            )
        )

    def find(self, search: str = "") -> list[Person]:
        """Return people whose name or number contains ``search``, by name; empty finds all.

        Letter case is ignored in every script, and no character is a wildcard.
        """
        wanted = searchable(search.strip())
        with self._database.reading():
            people = [_person(row) for row in self._select().tuples()]
        # SQLite's LIKE folds ASCII only.
        found = [
            p for p in people if wanted in searchable(p.name) or wanted in searchable(p.number)
        ]
        return sorted(found, key=lambda p: (searchable(p.name), p.id))

    def set_enabled(self, person_id: int, enabled: bool) -> Person:
        """Allow or stop somebody being recognised. Raises EnrolmentError when unknown."""
        return self._change(person_id, enabled=enabled)

    def rename(self, person_id: int, name: str) -> Person:
        """Change a name; events keep the former one. Raises EnrolmentError."""
        return self._change(person_id, name=clean_name(name))

    def set_number(self, person_id: int, number: str) -> Person:
        """Change a number; empty for none. Raises EnrolmentError when unknown or it is taken."""
        number = clean_number(number)
        with self._database.writing():
            if number and self._existing(person_id).number != number:
                self._refuse_taken(number)
            return self._change(person_id, number=number or None)

    def set_hours(self, person_id: int, hours: str) -> Person:
        """Say when somebody may enter; what the text means is not looked at here.

        Raises EnrolmentError when unknown.
        """
        return self._change(person_id, hours=hours)

    def delete(self, person_id: int) -> None:
        """Remove somebody, what belongs to them and their name in events; bytes are overwritten.

        Copies made earlier (a backup, an exported log) are not reached. Raises EnrolmentError
        when unknown.
        """
        events = self._database.tables.events
        with self._database.writing():
            self._existing(person_id)
            advance(self._database)
            self._people.delete().where(self._people.id == person_id).execute()
            events.update(person_name="").where(events.person_id == person_id).execute()
        try:
            truncated = self._database.truncate_log()
        except StoreError as error:
            _log.warning("deleted data stays in the write-ahead log for now: %s", error)
        else:
            if not truncated:
                _log.warning("deleted data stays in the write-ahead log until it is idle")

    def replace_templates(
        self, person_id: int, templates: Sequence[Template], consent_at_ms: int | None = None
    ) -> Person:
        """Put templates in the place of all former ones, of any model. Raises EnrolmentError.

        ``consent_at_ms``: when the person agreed to these; None: with what they agreed to before.
        """
        with self._database.writing():
            if consent_at_ms is not None:
                self._change(person_id, consent_at_ms=consent_at_ms)
            self._templates.delete().where(self._templates.person_id == person_id).execute()
            return self.add_templates(person_id, templates)

    def add_templates(self, person_id: int, templates: Sequence[Template]) -> Person:
        """Add templates to somebody; the ``person_id`` inside them is ignored.

        Raises EnrolmentError when the person is unknown, or there is no or no usable template.
        """
        if not templates:
            raise EnrolmentError("There is nothing to enrol: take at least one view of the face.")
        with self._database.writing():
            self._existing(person_id)
            advance(self._database)
            for template in templates:
                model = template.embedding.model
                self._templates.insert(
                    person_id=person_id,
                    view=template.view,
                    vector=pack_vector(template.embedding),
                    dim=int(template.embedding.vector.size),
                    model_name=model.name,
                    model_version=model.version,
                    precision=model.precision,
                    created_at_ms=template.created_at_ms,
                    kind=template.kind.value,
                    picture=pack_picture(template.conditions, template.pose),
                ).execute()
            return self._existing(person_id)

    def templates(self, model: ModelId, include_disabled: bool = False) -> StoredTemplates:
        """Return the templates of ``model`` of all enabled people, or of everybody.

        They come in the order they were added. Damaged rows are left out, logged and counted in
        :attr:`damaged_templates`; so are those of a kind that is not known, for nobody can say
        what they may be compared with.
        """
        people, table = self._people, self._templates
        query = (
            table.select(
                table.person_id,
                table.vector,
                table.kind.cast("TEXT"),
                table.picture.cast("TEXT"),
            )
            .join(people, on=(people.id == table.person_id))
            .where(self._is_of(model), self._is_enabled | include_disabled)
            .order_by(table.id)
        )
        with self._database.reading():
            rows = list(query.tuples())
        known = [row for row in rows if row[2] in _KINDS]
        vectors, usable = unpack_vectors([row[1] for row in known])
        self._damaged = len(rows) - len(vectors)
        if self._damaged:
            _log.error("%d of %d templates are damaged and not used", self._damaged, len(rows))
        good = [row for row, is_usable in zip(known, usable, strict=True) if is_usable]
        pictures = [unpack_picture(row[3]) for row in good]
        return StoredTemplates(
            person_ids=np.array([row[0] for row in good], dtype=np.int64),
            vectors=vectors,
            kinds=tuple(_KINDS[row[2]] for row in good),
            conditions=tuple(conditions for conditions, _ in pictures),
            poses=tuple(pose for _, pose in pictures),
        )

    def people_by_model(self) -> dict[ModelId, int]:
        """Count the enabled people who have templates, for each model there are any of."""
        people, table = self._people, self._templates
        columns = (table.model_name, table.model_version, table.precision)
        query = (
            table.select(*columns, _peewee.fn.COUNT(table.person_id.distinct()))
            .join(people, on=(people.id == table.person_id))
            .where(self._is_enabled)
            .group_by(*columns)
        )
        with self._database.reading():
            return {ModelId(*row[:3]): int(row[3]) for row in query.tuples()}

    def count_without(self, model: ModelId) -> int:
        """Count the enabled people who have templates, but none of ``model``."""
        people, table = self._people, self._templates
        anything = table.select(table.person_id)
        usable = table.select(table.person_id).where(self._is_of(model))
        query = people.select().where(
            self._is_enabled, people.id.in_(anything), people.id.not_in(usable)
        )
        with self._database.reading():
            return int(query.count())

    def _is_of(self, model: ModelId) -> Any:
        table = self._templates
        return (
            (table.model_name == model.name)
            & (table.model_version == model.version)
            & (table.precision == model.precision)
        )

    def _select(self) -> Any:
        people, table = self._people, self._templates
        pairs = self._database.tables.look_alikes
        return (
            people.select(
                people.id,
                people.name,
                people.number,
                self._is_enabled,
                people.consent_at_ms,
                people.created_at_ms,
                # As text, whatever a damaged row holds: peewee fails on bytes that are none.
                people.hours.cast("TEXT"),
                _peewee.fn.COUNT(table.id),
                people.pin != "",
                people.id.in_(pairs.select(pairs.first_id))
                | people.id.in_(pairs.select(pairs.second_id)),
                people.duress_pin != "",
            )
            .join(
                table,
                _peewee.JOIN.LEFT_OUTER,
                # Those with a drawn mask are of the same pictures.
                on=(table.person_id == people.id) & (table.kind == TemplateKind.PLAIN.value),
            )
            .group_by(people.id)
        )

    def _change(self, person_id: int, **columns: Any) -> Person:
        with self._database.writing():
            self._existing(person_id)
            advance(self._database)
            self._people.update(**columns).where(self._people.id == person_id).execute()
            return self._existing(person_id)

    def _existing(self, person_id: int) -> Person:
        person = self.get(person_id)
        if person is None:
            raise EnrolmentError(
                "This person is no longer enrolled. Go back to the list and choose again."
            )
        return person

    def _refuse_taken(self, number: str) -> None:
        holders = self._database.execute("SELECT name FROM people WHERE number = ?", (number,))
        if holders:
            raise EnrolmentError(
                f"Number {number} already belongs to {holders[0][0]}. Enter another number, or "
                "leave it empty."
            )


def _person(row: tuple[Any, ...]) -> Person:
    return Person(
        id=int(row[0]),
        name=str(row[1]),
        number=row[2] or "",
        enabled=bool(row[3]),
        consent_at_ms=row[4],
        created_at_ms=int(row[5]),
        # None would read as "always"; this reads as nothing that is understood.
        hours=str(row[6]),
        template_count=int(row[7]),
        has_pin=bool(row[8]),
        is_look_alike=bool(row[9]),
        has_duress_pin=bool(row[10]),
    )

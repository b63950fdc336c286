"""What an administrator may do, as futures: every call runs off the caller's thread.

Database work runs on the store's thread, slow media (USB sticks) on a thread of their own, so that
neither the screen nor the log ever waits for a stick.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from kiosk.access.lockout import read_lockout_clock
from kiosk.access.pin import PinVault, PinVerdict
from kiosk.domain import Event, EventKind, Person
from kiosk.enrolment import Shot
from kiosk.errors import EnrolmentError
from kiosk.people import Likeness, mark_look_alikes
from kiosk.personalpins import PIN_REMOVED, PIN_SET, remove_pin, set_pin
from kiosk.rightscsv import MAX_BYTES, decode
from kiosk.store.events import EventQuery
from kiosk.store.export import ExportReceipt, export_to_medium
from kiosk.store.lane import StoreLane
from kiosk.store.removable import RemovableMedium, find_removable_media
from kiosk.store.stickfiles import csv_names, read_file, write_list
from kiosk.store.store import Store


class Administration:
    """People, log, export and PIN; one owner of the thread ``media``."""

    def __init__(
        self,
        lane: StoreLane,
        record: Callable[[EventKind, int | None, str, str], None],
        people_changed: Callable[[Store], None],
        now_ms: Callable[[], int],
    ) -> None:
        """``record`` writes an event (kind, person id, name, detail).

        ``people_changed`` is called on the store's thread after every change of people, before
        the caller learns that it is done: when a deletion is confirmed, the face is gone from the
        gallery as well.
        """
        self._lane = lane
        self._record = record
        self._people_changed = people_changed
        self._now_ms = now_ms
        self._media = ThreadPoolExecutor(max_workers=1, thread_name_prefix="media")

    def close(self) -> None:
        """Refuse further work on media and wait for what is under way."""
        self._media.shutdown(wait=True, cancel_futures=True)

    def people(self, search: str = "") -> Future[list[Person]]:
        """Find people by a part of name or number."""
        return self._lane.submit(lambda store: store.people.find(search))

    def save_person(
        self,
        name: str,
        number: str,
        shots: tuple[Shot, ...],
        existing_id: int | None,
        likeness: Likeness | None,
    ) -> Future[Person]:
        """Enrol somebody, or give an existing person new templates; consent is given now.

        Whom they resemble, by ``likeness``, is remembered.
        """

        def work(store: Store) -> Person:
            if not shots or likeness is None:
                raise EnrolmentError("The capture is not finished. Take all views first.")
            now_ms = self._now_ms()
            templates = [each for shot in shots for each in shot.templates(now_ms)]
            with store.database.writing():
                if existing_id is None:
                    person = store.people.enrol(name, number, now_ms, templates, now_ms)
                else:
                    person = store.people.replace_templates(existing_id, templates, now_ms)
                alike = mark_look_alikes(store, person.id, templates, likeness)
            self._people_changed(store)
            detail = f"{len(templates)} templates of {templates[0].embedding.model}"
            self._record(EventKind.ENROLLED, person.id, person.name, detail)
            for other in alike:
                for who, like in ((person, other), (other, person)):
                    self._record(
                        EventKind.PERSON_CHANGED, who.id, who.name, f"looks like {like.id}"
                    )
            return store.people.get(person.id) or person

        return self._lane.submit(work)

    def look_alikes(self, person_id: int) -> Future[list[Person]]:
        """Find who may be taken for somebody at the door."""

        def work(store: Store) -> list[Person]:
            others = store.look_alikes.group_of(person_id) - {person_id}
            return [person for person in store.people.find() if person.id in others]

        return self._lane.submit(work)

    def set_person_pin(self, person_id: int, pin: str) -> Future[Person]:
        """Give somebody a PIN; the future fails with PinError when it cannot be that one."""

        def work(store: Store) -> Person:
            return self._pin_changed(store, set_pin(store, person_id, pin), PIN_SET)

        return self._lane.submit(work)

    def remove_person_pin(self, person_id: int) -> Future[Person]:
        """Take somebody's PIN away."""

        def work(store: Store) -> Person:
            return self._pin_changed(store, remove_pin(store, person_id), PIN_REMOVED)

        return self._lane.submit(work)

    def _pin_changed(self, store: Store, person: Person, detail: str) -> Person:
        self._people_changed(store)
        self._record(EventKind.PERSON_CHANGED, person.id, person.name, detail)
        return person

    def set_person_enabled(self, person_id: int, enabled: bool) -> Future[Person]:
        """Let somebody be recognised again, or not for now."""

        def work(store: Store) -> Person:
            person = store.people.set_enabled(person_id, enabled)
            self._people_changed(store)
            detail = "enabled" if enabled else "disabled"
            self._record(EventKind.PERSON_CHANGED, person.id, person.name, detail)
            return person

        return self._lane.submit(work)

    def delete_person(self, person_id: int) -> Future[None]:
        """Delete somebody with their templates, and their name in the log."""

        def work(store: Store) -> None:
            store.people.delete(person_id)
            self._people_changed(store)
            self._record(EventKind.PERSON_DELETED, person_id, "", "")

        return self._lane.submit(work)

    def events(self, query: EventQuery) -> Future[list[Event]]:
        """Read the log."""
        return self._lane.submit(lambda store: store.events.query(query))

    def removable_media(self) -> Future[list[RemovableMedium]]:
        """Look for USB sticks and the like."""
        return self._media.submit(find_removable_media)

    def export_events(self, medium: RemovableMedium, query: EventQuery) -> Future[ExportReceipt]:
        """Write the log to a medium, verified. The future fails with ExportError."""

        def work() -> ExportReceipt:
            events = self._lane.submit(lambda store: store.events.query(query)).result()
            receipt = export_to_medium(events, medium, self._now_ms())
            self._record(
                EventKind.EXPORTED, None, "", f"{receipt.rows} rows, SHA-256 {receipt.sha256}"
            )
            return receipt

        return self._media.submit(work)

    def lists_on(self, medium: RemovableMedium) -> Future[list[str]]:
        """Name the lists on a medium, newest first. The future fails with ExportError."""
        return self._media.submit(csv_names, medium)

    def read_list(self, medium: RemovableMedium, name: str) -> Future[str]:
        """Read a list of people. The future fails with ExportError or AccessError."""
        return self._media.submit(lambda: decode(read_file(medium, name, MAX_BYTES)))

    def write_list(self, medium: RemovableMedium, text: str) -> Future[ExportReceipt]:
        """Write a list of people to a medium, verified. The future fails with ExportError."""

        def work() -> ExportReceipt:
            receipt = write_list(text, medium, self._now_ms())
            self._record(EventKind.EXPORTED, None, "", f"list of people, SHA-256 {receipt.sha256}")
            return receipt

        return self._media.submit(work)

    def admin_pin_is_set(self) -> Future[bool]:
        """Tell whether an administrator's PIN was chosen."""
        return self._lane.submit(lambda store: PinVault(store.settings).is_set())

    def set_admin_pin(self, pin: str) -> Future[None]:
        """Choose the PIN; the future fails with PinError when it is too easy to guess."""

        def work(store: Store) -> None:
            PinVault(store.settings).set_pin(pin)
            self._record(EventKind.PIN_CHANGED, None, "", "")

        return self._lane.submit(work)

    def check_admin_pin(self, pin: str) -> Future[PinVerdict]:
        """Check a PIN; failures count towards the lockout."""

        def work(store: Store) -> PinVerdict:
            verdict = PinVault(store.settings).check(pin, read_lockout_clock())
            if verdict.accepted:
                self._record(EventKind.ADMIN_LOGIN, None, "", "")
            elif verdict.wait_s > 0:
                self._record(EventKind.ADMIN_LOCKOUT, None, "", f"{verdict.wait_s:.0f} s")
            else:
                self._record(EventKind.ADMIN_REFUSED, None, "", "")
            return verdict

        return self._lane.submit(work)

"""What an administrator may do with rights, as futures: every call runs on the store's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeVar

from kiosk.access.model import Group, Holiday, PersonRights, Schedule
from kiosk.access.rights import warnings
from kiosk.config import AccessConfig
from kiosk.domain import Event, EventKind, Person
from kiosk.errors import AccessError
from kiosk.people import rights_book
from kiosk.personalpins import set_pin
from kiosk.rightsimport import ImportPlan, apply_plan, export_csv, plan_import
from kiosk.store.lane import StoreLane
from kiosk.store.store import Store

T = TypeVar("T")


class RightsDesk:
    """Schedules, holidays, groups, what people may, guests, alarms and the CSV list.

    A future fails with AccessError when something cannot be as it was asked for, with
    EnrolmentError for somebody who is not enrolled or whose name or number is not usable, with
    StoreError when the disk does not play along; nothing was changed then.
    """

    def __init__(
        self,
        lane: StoreLane,
        record: Callable[[EventKind, int | None, str, str], None],
        people_changed: Callable[[Store], None],
        now_ms: Callable[[], int],
        access: AccessConfig | None = None,
    ) -> None:
        """``record`` writes an event (kind, person id, name, detail).

        ``people_changed`` is called on the store's thread after every change of rights, before
        the caller learns that it is done. ``access`` names the zone and the door, see
        :func:`kiosk.people.access_here`.
        """
        self._lane = lane
        self._record = record
        self._people_changed = people_changed
        self._now_ms = now_ms
        self._access = access or AccessConfig()

    # --- schedules and holidays -------------------------------------------------------------------

    def schedules(self) -> Future[list[Schedule]]:
        """Return all schedules, by name."""
        return self._lane.submit(lambda store: store.rights.schedules())

    def save_schedule(self, schedule: Schedule) -> Future[Schedule]:
        """Change a schedule, or add one whose ``id`` is None; return it with its id."""
        return self._change(
            lambda store: store.rights.save_schedule(schedule),
            lambda saved: f"schedule {saved.id} saved",
        )

    def delete_schedule(self, schedule_id: int) -> Future[None]:
        """Delete a schedule; refused while a group or free access uses it."""
        return self._change(
            lambda store: store.rights.delete_schedule(schedule_id),
            lambda _: f"schedule {schedule_id} deleted",
        )

    def free_schedule(self) -> Future[int | None]:
        """Return the schedule by which the door is free for everybody, if there is one."""
        return self._lane.submit(lambda store: store.rights.free_schedule())

    def set_free_schedule(self, schedule_id: int | None) -> Future[None]:
        """Choose the schedule by which the door is free for everybody, or none."""
        return self._change(
            lambda store: store.rights.set_free_schedule(schedule_id),
            lambda _: f"free access by schedule {schedule_id}" if schedule_id else "no free access",
        )

    def holidays(self) -> Future[list[Holiday]]:
        """Return all holidays, by date. Fails with AccessError when one is damaged."""
        return self._lane.submit(lambda store: store.rights.holidays())

    def save_holidays(self, holidays: tuple[Holiday, ...]) -> Future[None]:
        """Put these in the place of all holidays."""
        return self._change(
            lambda store: store.rights.save_holidays(holidays),
            lambda _: f"{len(holidays)} holidays saved",
        )

    # --- groups and people ------------------------------------------------------------------------

    def groups(self) -> Future[list[Group]]:
        """Return all groups, by name."""
        return self._lane.submit(lambda store: store.rights.groups())

    def save_group(self, group: Group) -> Future[Group]:
        """Change a group, or add one whose ``id`` is None; return it with its id."""
        return self._change(
            lambda store: store.rights.save_group(group), lambda saved: f"group {saved.id} saved"
        )

    def delete_group(self, group_id: int) -> Future[None]:
        """Delete a group; refused while it has members, who might then enter at any time."""
        return self._change(
            lambda store: store.rights.delete_group(group_id),
            lambda _: f"group {group_id} deleted",
        )

    def member_counts(self) -> Future[dict[int, int]]:
        """Return how many people belong to each group that has any."""
        return self._lane.submit(lambda store: store.rights.member_counts())

    def rights_of(self, person_id: int) -> Future[PersonRights]:
        """Return what somebody may. Fails with AccessError when that is damaged: save it anew."""
        return self._lane.submit(lambda store: store.rights.rights_of(person_id))

    def save_rights(self, rights: PersonRights) -> Future[PersonRights]:
        """Say what somebody may, in place of all they might before."""

        def work(store: Store) -> PersonRights:
            saved = store.rights.save_rights(rights)
            person = store.people.get(rights.person_id)
            self._people_changed(store)
            name = person.name if person else ""
            self._record(EventKind.RIGHTS_CHANGED, rights.person_id, name, "rights saved")
            return saved

        return self._lane.submit(work)

    def add_guest(
        self,
        name: str,
        number: str,
        until_ms: int | None,
        uses: int | None,
        group_ids: Iterable[int],
        pin: str = "",
    ) -> Future[Person]:
        """Let a guest in until a time or for so many entries; one of both at least.

        The face may be enrolled afterwards as that of an existing person. With a ``pin`` they
        enter by number and PIN where a schedule of their groups allows that. Fails with PinError
        as well, when the PIN is not acceptable.
        """
        guest = PersonRights(
            0, frozenset(group_ids), valid_until_ms=until_ms, uses_left=uses, is_guest=True
        )

        def work(store: Store) -> Person:
            person = admit_guest(store, name, number, guest, self._now_ms(), pin)
            self._people_changed(store)
            self._record(EventKind.RIGHTS_CHANGED, person.id, person.name, "guest admitted")
            return person

        return self._lane.submit(work)

    def warnings(self) -> Future[list[str]]:
        """Return a sentence for everything that is surely not meant, and for what is damaged."""

        def work(store: Store) -> list[str]:
            return [*store.rights.read().damage, *warnings(rights_book(store, self._access))]

        return self._lane.submit(work)

    # --- alarms -----------------------------------------------------------------------------------

    def open_alarms(self) -> Future[list[Event]]:
        """Return the alarms nobody has acknowledged, newest first."""
        return self._lane.submit(lambda store: store.alarms.open())

    def acknowledge_alarm(self, seq: int, now_ms: int | None = None) -> Future[None]:
        """Say that somebody has seen an alarm; doing so twice does no harm."""
        return self._lane.submit(
            lambda store: store.alarms.acknowledge(
                seq, self._now_ms() if now_ms is None else now_ms
            )
        )

    # --- the list as CSV --------------------------------------------------------------------------

    def import_plan(self, text: str) -> Future[ImportPlan]:
        """Say what a list would change and what is wrong with it; nothing is changed."""
        return self._lane.submit(
            lambda store: plan_import(store, text, self._now_ms(), self._access.zone)
        )

    def apply_plan(self, plan: ImportPlan) -> Future[int]:
        """Carry a plan out and return how many people changed.

        Fails with AccessError while the plan has problems, or when anything changed since.
        """

        def work(store: Store) -> int:
            # It records each person itself, together with the change.
            count = apply_plan(store, plan, self._now_ms())
            self._people_changed(store)
            return count

        return self._lane.submit(work)

    def export_csv(self) -> Future[str]:
        """Return everybody's rights as a list that can be imported again."""
        return self._lane.submit(lambda store: export_csv(store, self._access.zone))

    def _change(self, work: Callable[[Store], T], detail: Callable[[T], str]) -> Future[T]:
        def changed(store: Store) -> T:
            result = work(store)
            self._people_changed(store)
            # Ids only: names in details could never be blanked.
            self._record(EventKind.RIGHTS_CHANGED, None, "", detail(result))
            return result

        return self._lane.submit(changed)


def admit_guest(
    store: Store, name: str, number: str, rights: PersonRights, now_ms: int, pin: str = ""
) -> Person:
    """Add a guest without a face; the ``person_id`` inside ``rights`` is ignored.

    Raises AccessError, EnrolmentError and PinError as :meth:`RightsDesk.add_guest` says.
    """
    if rights.valid_until_ms is None and rights.uses_left is None:
        raise AccessError("Say until when the guest may enter, or how often.")
    if rights.valid_until_ms is not None and rights.valid_until_ms <= now_ms:
        raise AccessError("The guest pass would be over already. Choose a later end.")
    if rights.uses_left is not None and rights.uses_left < 1:
        raise AccessError("A guest may enter once at least. Choose a number from 1 on.")
    if pin and not number.strip():
        raise AccessError("Give the guest a number: it is typed before the PIN.")
    with store.database.writing():
        person = store.people.add(name, number, None, now_ms)
        store.rights.save_rights(replace(rights, person_id=person.id, is_guest=True))
        return set_pin(store, person.id, pin) if pin else person

"""The tables as peewee models, made anew for each database so that several can be open at once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import peewee

# peewee 4.5 brings partial types and 3.17 none: as Any the code reads the same under both.
_peewee: Any = peewee
_Model: Any = peewee.Model


@dataclass(frozen=True, slots=True)
class Tables:
    """The model class of each table."""

    people: Any
    templates: Any
    events: Any
    settings: Any
    look_alikes: Any
    schedules: Any
    holidays: Any
    groups: Any
    members: Any
    open_alarms: Any

    def all(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))


def bind_tables(database: Any) -> Tables:
    """Make models of the current schema that belong to ``database``; nothing is executed."""
    pw = _peewee
    bound = database

    class Base(_Model):  # type: ignore[misc]
        class Meta:
            database = bound
            legacy_table_names = False

    class People(Base):
        id = pw.AutoField()
        name = pw.TextField()
        number = pw.TextField(null=True, unique=True)
        enabled = pw.BooleanField(default=True)
        consent_at_ms = pw.IntegerField(null=True)
        created_at_ms = pw.IntegerField()
        hours = pw.TextField(default="")
        pin = pw.TextField(default="")
        pin_lockout = pw.TextField(default="")
        group_count = pw.IntegerField(default=0)
        valid_from_ms = pw.IntegerField(null=True)
        valid_until_ms = pw.IntegerField(null=True)
        uses_left = pw.IntegerField(null=True)
        is_slow = pw.BooleanField(default=False)
        is_guest = pw.BooleanField(default=False)
        duress_pin = pw.TextField(default="")

    class Templates(Base):
        id = pw.AutoField()
        person_id = pw.IntegerField()
        view = pw.TextField()
        vector = pw.BlobField()
        dim = pw.IntegerField()
        model_name = pw.TextField()
        model_version = pw.TextField()
        precision = pw.TextField()
        created_at_ms = pw.IntegerField()
        kind = pw.TextField(default="plain")
        picture = pw.TextField(default="")

    class Events(Base):
        seq = pw.AutoField()
        kind = pw.TextField()
        at_ms = pw.IntegerField()
        person_id = pw.IntegerField(null=True)
        person_name = pw.TextField(default="")
        detail = pw.TextField(default="")
        similarity = pw.FloatField(null=True)
        threshold = pw.FloatField(null=True)
        digest = pw.BlobField()

    class Settings(Base):
        key = pw.TextField(primary_key=True)
        value = pw.TextField()

    class LookAlikes(Base):
        first_id = pw.IntegerField()
        second_id = pw.IntegerField()

        class Meta:
            primary_key = pw.CompositeKey("first_id", "second_id")

    class Schedules(Base):
        id = pw.AutoField()
        name = pw.TextField()
        week = pw.TextField()
        holiday = pw.TextField()
        mode = pw.TextField()
        waits_for_first = pw.BooleanField()
        zone = pw.TextField()

    class Holidays(Base):
        day = pw.TextField(primary_key=True)
        name = pw.TextField()
        is_yearly = pw.BooleanField()

    class Groups(Base):
        id = pw.AutoField()
        name = pw.TextField()
        schedule_ids = pw.TextField()
        doors = pw.TextField()
        needs_two = pw.BooleanField()
        is_first = pw.BooleanField()
        ignores_passback = pw.BooleanField()

        class Meta:
            table_name = "access_groups"

    class Members(Base):
        person_id = pw.IntegerField()
        group_id = pw.IntegerField()

        class Meta:
            table_name = "group_members"
            primary_key = pw.CompositeKey("person_id", "group_id")

    class OpenAlarms(Base):
        seq = pw.IntegerField(primary_key=True)

    return Tables(
        people=People,
        templates=Templates,
        events=Events,
        settings=Settings,
        look_alikes=LookAlikes,
        schedules=Schedules,
        holidays=Holidays,
        groups=Groups,
        members=Members,
        open_alarms=OpenAlarms,
    )

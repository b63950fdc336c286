"""From parsed options to what a command works with: folder, settings, pipeline, events."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.config import Config, load_config
from kiosk.datafolder import DataFolder, default_data_dir
from kiosk.errors import EnrolmentError
from kiosk.health import folder_owner

if TYPE_CHECKING:
    from kiosk.domain import EventKind, Person
    from kiosk.pipeline import FaceModels, Pipeline
    from kiosk.store.store import Store


def data_folder(args: argparse.Namespace) -> DataFolder:
    """Return the data folder that ``--data`` or the environment names."""
    chosen = args.data
    return DataFolder(Path(chosen) if chosen else default_data_dir(os.environ))


def settings(args: argparse.Namespace, folder: DataFolder) -> Config:
    """Return the settings of ``--config``, else of the data folder. Raises ConfigError."""
    chosen = getattr(args, "config", None)
    return load_config(Path(chosen) if chosen else folder.config_if_present)


def now_ms() -> int:
    """Return UTC in milliseconds."""
    return time.time_ns() // 1_000_000


@contextlib.contextmanager
def owned_store(folder: DataFolder) -> Iterator[Store]:
    """Own the data folder and open its database, making both when needed.

    Raises DataFolderBusyError while a kiosk runs on it, StoreError.
    """
    from kiosk.store.store import opened

    with folder.exclusive(), opened(folder.database) as store:
        yield store


@contextlib.contextmanager
def read_store(folder: DataFolder) -> Iterator[Store]:
    """Open the database for reading alone, also while a kiosk runs. Raises StoreError."""
    from kiosk.store.inspection import inspected

    with inspected(folder.database, in_use=folder_owner(folder) is not None) as store:
        yield store


def make_pipeline(models: FaceModels, config: Config, *, is_filmed: bool = False) -> Pipeline:
    """Return the kiosk's own pipeline with an empty gallery.

    Nobody asks of a photograph whether it is one: the liveness network is left out unless what is
    shown ``is_filmed``, as if by the door's camera.
    """
    from kiosk.pipeline import Pipeline
    from kiosk.recognition.decision import VisitDecider, VisitRules
    from kiosk.recognition.gallery import Gallery

    return Pipeline(
        models if is_filmed else dataclasses.replace(models, liveness=None),
        Gallery.empty(models.embedder.model),
        VisitDecider(VisitRules()),
        config.recognition.stranger_rate,
        config.recognition.margin,
    )


def record(
    store: Store, kind: EventKind, detail: str = "", person_id: int | None = None, name: str = ""
) -> None:
    """Write an event; ``detail`` must not name anybody. Raises StoreError."""
    from kiosk.domain import Event

    store.events.append(Event(kind, now_ms(), person_id, name, detail))


def find_one(store: Store, who: str) -> Person:
    """Return the person with this id or full name.

    Raises EnrolmentError when there is none, or several share the name.
    """
    from kiosk.store.names import searchable

    wanted = searchable(who.strip())
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        person = store.people.get(int(wanted))
        if person is not None:
            return person
    found = [p for p in store.people.find(who) if searchable(p.name) == wanted]
    if not found:
        raise EnrolmentError(
            f"Nobody is enrolled under the name or id {who!r}. See: door-kiosk people list"
        )
    if len(found) > 1:
        ids = ", ".join(f"{p.id}" + (f" (number {p.number})" if p.number else "") for p in found)
        raise EnrolmentError(
            f"{len(found)} people are called {found[0].name}; name one by id: {ids}."
        )
    return found[0]

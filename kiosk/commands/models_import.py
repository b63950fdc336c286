"""``door-kiosk models import``, and what it shares with ``models pull``: taking into use."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.commands.output import Output
from kiosk.commands.setup import data_folder, owned_store, record, settings
from kiosk.errors import ModelError

if TYPE_CHECKING:
    from kiosk.commands.models_verify import FileCheck
    from kiosk.config import ModelsConfig
    from kiosk.models.pack import Pack
    from kiosk.store.store import Store


@dataclass(frozen=True, slots=True)
class Imported:
    """A pack that was taken into use."""

    pack: Pack
    checks: list[FileCheck]
    attention: list[str]
    """Sentences about what does not work with it yet, or no longer."""


def execute_import(args: argparse.Namespace) -> int:
    """Import a folder or an archive.

    Raises ConfigError, ModelError, DataFolderBusyError, StoreError.
    """
    from kiosk.models.archive import unpacked

    folder, output = data_folder(args), Output()
    wanted = settings(args, folder).models
    # The store first: an import that cannot be logged does not happen.
    with owned_store(folder) as store, unpacked(Path(args.path), folder.models) as source:
        imported = take_into_use(store, source, folder.models, wanted, args.without_thresholds)
    report(imported, folder.models, output)
    return 0


def take_into_use(
    store: Store, source: Path, models: Path, wanted: ModelsConfig, without_thresholds: bool
) -> Imported:
    """Import a folder of models, its networks tested, and write the event.

    ``wanted`` says which of several files of a network is to run. Raises ModelError, the old models
    being in use then; StoreError.
    """
    from kiosk.commands.models_verify import check_pack
    from kiosk.domain import EventKind
    from kiosk.facemodels import load_thresholds, open_chosen
    from kiosk.models.card import Role
    from kiosk.models.pack import import_pack

    checks: list[FileCheck] = []

    def check(pack: Pack) -> None:
        chosen = open_chosen(pack, wanted)
        checks.extend(check_pack(pack, chosen.cards, needs_thresholds=not without_thresholds))
        for each in checks:
            if each.fault is not None:
                raise each.fault

    pack = import_pack(source, models, check)
    # Files of one network for several chips may be the same model.
    names = ", ".join(dict.fromkeys(str(card.id) for card in pack.cards))
    record(store, EventKind.MODELS_IMPORTED, names)
    chosen = open_chosen(pack, wanted)
    others = store.people.count_without(chosen.card(Role.EMBEDDER).id)
    attention = []
    if pack.simulated_only:
        attention.append(
            "These models know simulated people only. With them the kiosk drives the simulated "
            "relay alone; with any other it does not start."
        )
    if chosen.optional_card(Role.LIVENESS) is None:
        attention.append(
            "There is no liveness network among them: photographs of faces are not noticed."
        )
    try:
        load_thresholds(chosen)
    except ModelError as error:
        attention.append(f"{error} Until then nobody is recognised.")
    if others:
        attention.append(
            f"{others} people have templates of another model and are no longer recognised. "
            "Enrol them again."
        )
    return Imported(pack, checks, attention)


def report(imported: Imported, models: Path, output: Output) -> None:
    """Print what an import did."""
    output.say(*(each.line for each in imported.checks))
    output.say(f"{len(imported.pack.cards)} models imported into {models} and in use.")
    output.say(*(f"Attention: {sentence}" for sentence in imported.attention))

"""``door-kiosk models``: import face models, list them, check them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.commands.options import Groups, add_command, add_group, add_json
from kiosk.commands.output import Output, table
from kiosk.commands.setup import data_folder, owned_store, record
from kiosk.errors import ModelError

if TYPE_CHECKING:
    from kiosk.models.pack import Pack


def register(groups: Groups) -> None:
    """Describe the commands."""
    group = add_group(groups, "models", "import the face models, list and check them")
    parser = add_command(
        group,
        "import",
        "copy face models into the data folder and take them into use",
        execute_import,
        more=(
            "Every byte is compared with the known digests and every network must pass its\n"
            "self-test before the new models replace the old ones."
        ),
        examples=("models import /media/usb/models",),
        pictures=True,
    )
    parser.add_argument("folder", metavar="DIR", help="the folder that holds the model files")
    parser.add_argument(
        "--without-thresholds",
        action="store_true",
        help="take models into use whose thresholds are still to be measured (calibrate)",
    )
    add_json(
        add_command(
            group, "list", "list the models in use and those embedded for --demo", execute_list
        )
    )
    add_json(
        add_command(
            group,
            "verify",
            "compare the digests of the models, in use and embedded, and run their self-tests",
            execute_verify,
            pictures=True,
        )
    )


def execute_import(args: argparse.Namespace) -> int:
    """Import a folder of models. Raises ModelError, DataFolderBusyError, StoreError."""
    from kiosk.domain import EventKind
    from kiosk.facemodels import load_thresholds, self_test_pack
    from kiosk.models.card import Role
    from kiosk.models.pack import import_pack

    folder, output = data_folder(args), Output()
    # The store first: an import that cannot be logged does not happen.
    with owned_store(folder) as store:
        agreement: dict[str, float] = {}

        def check(pack: Pack) -> None:
            agreement.update(self_test_pack(pack))
            if not args.without_thresholds:
                load_thresholds(pack)

        pack = import_pack(Path(args.folder), folder.models, check)
        names = ", ".join(str(card.id) for card in pack.cards)
        record(store, EventKind.MODELS_IMPORTED, names)
        others = store.people.count_without(pack.card(Role.EMBEDDER).id)
    output.say(*_agreement_lines(pack, agreement))
    output.say(f"{len(pack.cards)} models imported into {folder.models} and in use.")
    if pack.simulated_only:
        output.say(
            "Attention: these models know simulated people only. With them the kiosk drives the "
            "simulated relay alone; with any other it does not start."
        )
    try:
        load_thresholds(pack)
    except ModelError as error:
        output.say(f"Attention: {error} Until then nobody is recognised.")
    if others:
        output.say(
            f"Attention: {others} people have templates of another model and are no longer "
            "recognised. Enrol them again."
        )
    return 0


def execute_list(args: argparse.Namespace) -> int:
    """Print the models in use, if any, and the embedded ones. Raises ModelError."""
    from kiosk.models.pack import is_installed, open_pack

    output, folder = Output(args.json), data_folder(args).models
    pack = open_pack(folder) if is_installed(folder) else None
    embedded: Pack | None = None
    broken: ModelError | None = None
    try:
        embedded = _embedded()
    except ModelError as error:
        # What is in use may still be sound, and is what the operator asks about.
        broken = error
    if pack is None:
        output.say("No face models are in use. Import them with: door-kiosk models import DIR", "")
    shown = ("role", "name", "version", "precision", "bytes", "knows", "licence")
    for title, each in (("In use", pack), ("Embedded, for --demo", embedded)):
        if each is not None:
            rows = [[model[key] for key in shown] for model in _models(each)]
            output.say(f"{title}: {each.folder}", *table(shown, rows), "")
    output.result(
        {
            "folder": str(pack.folder) if pack else None,
            "models": _models(pack) if pack else [],
            "embedded": _models(embedded) if embedded else [],
        }
    )
    if broken is not None:
        raise broken
    return 0


def _embedded() -> Pack | None:
    """Return the pack that came along; None where the installation was made without it."""
    from kiosk.models.pack import embedded_folder, embedded_pack

    return embedded_pack() if embedded_folder().is_dir() else None


def _models(pack: Pack) -> list[dict[str, Any]]:
    return [
        {
            "name": card.name,
            "version": card.version,
            "role": card.role.value,
            "precision": card.precision,
            "file": card.file,
            "bytes": (pack.folder / card.file).stat().st_size,
            "sha256": card.sha256,
            "knows": card.knows,
            "licence": card.licence,
            "upstream": card.upstream,
        }
        for card in pack.cards
    ]


def execute_verify(args: argparse.Namespace) -> int:
    """Check digests, self-tests and thresholds. Raises ModelError at the first that fails."""
    from kiosk.facemodels import load_thresholds, self_test_pack
    from kiosk.models.pack import is_installed, open_pack

    output = Output(args.json)
    # First what came along: it is there in every installation.
    embedded_tests: dict[str, float] = {}
    broken: ModelError | None = None
    try:
        embedded = _embedded()
        if embedded is not None:
            embedded_tests = self_test_pack(embedded)
            load_thresholds(embedded)
            output.say("Embedded, for --demo:", *_agreement_lines(embedded, embedded_tests), "")
    except ModelError as error:
        broken = error
    folder = data_folder(args).models
    if broken is not None and not is_installed(folder):
        raise broken
    pack = open_pack(folder)
    agreement = self_test_pack(pack)
    calibration = load_thresholds(pack)
    output.say("In use:", *_agreement_lines(pack, agreement))
    output.say(
        f"Thresholds for {calibration.model}: measured down to a false-match rate of "
        f"{calibration.rarest_fmr:.0e}, with {calibration.impostor_pairs} pairs of "
        f"{calibration.people} people."
    )
    if broken is None:
        output.say("All models are as they should be.")
    output.result(
        {
            "folder": str(pack.folder),
            "self_tests": {name: round(value, 6) for name, value in agreement.items()},
            "embedded_self_tests": {
                name: round(value, 6) for name, value in embedded_tests.items()
            },
            "thresholds": {
                "model": str(calibration.model),
                "rarest_fmr": calibration.rarest_fmr,
                "impostor_pairs": calibration.impostor_pairs,
                "people": calibration.people,
                "source": calibration.source,
            },
        }
    )
    if broken is not None:
        raise ModelError(f"The models in use are as they should be, the embedded are not: {broken}")
    return 0


def _agreement_lines(pack: Pack, agreement: dict[str, float]) -> list[str]:
    return [
        f"{card.file}: digest correct, self-test passed (agreement {agreement[card.name]:.4f})"
        for card in pack.cards
    ]

"""``door-kiosk models list``: what is installed, for which chips, and what would run here."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from kiosk.commands.output import Output, table
from kiosk.commands.setup import data_folder, settings
from kiosk.errors import ModelError

if TYPE_CHECKING:
    from kiosk.config import ModelsConfig
    from kiosk.models.pack import Pack

_SHOWN = (
    "role", "name", "version", "precision", "target", "bytes", "knows", "licence", "file"
)  # fmt: skip


def execute_list(args: argparse.Namespace) -> int:
    """Print the models in use, if any, and the embedded ones. Raises ConfigError, ModelError."""
    from kiosk.config import ModelsConfig
    from kiosk.models.pack import is_installed, open_pack

    output, folder = Output(args.json), data_folder(args)
    wanted = settings(args, folder).models
    pack = open_pack(folder.models) if is_installed(folder.models) else None
    embedded: Pack | None = None
    broken: ModelError | None = None
    try:
        embedded = embedded_if_any()
    except ModelError as error:
        # What is in use may still be sound, and is what the operator asks about.
        broken = error
    if pack is None:
        output.say(
            "No face models are in use. Fetch them with: door-kiosk models pull, "
            "or import them with: door-kiosk models import PATH",
            "",
        )
    tree: dict[str, Any] = {"folder": None, "models": [], "embedded": []}
    if pack is not None:
        tree |= {"folder": str(pack.folder), "models": _show("In use", pack, wanted, output, True)}
    if embedded is not None:
        # The demonstration takes what suits the computer, whatever the settings ask of the kiosk.
        tree["embedded"] = _show("Embedded, for --demo", embedded, ModelsConfig(), output, False)
    output.result(tree)
    if broken is not None:
        raise broken
    return 0


def embedded_if_any() -> Pack | None:
    """Return the pack that came along; None where the installation was made without it.

    Raises ModelError when it is damaged.
    """
    from kiosk.models.pack import embedded_folder, embedded_pack

    return embedded_pack() if embedded_folder().is_dir() else None


def _show(
    title: str, pack: Pack, wanted: ModelsConfig, output: Output, is_in_use: bool
) -> list[dict[str, Any]]:
    models, problem = describe(pack, wanted)
    # The kiosk runs what is in use alone: only there is anything marked.
    is_marked = [is_in_use and model["runs_here"] for model in models]
    rows = [
        ["*" if marked else "", *(model[key] for key in _SHOWN)]
        for marked, model in zip(is_marked, models, strict=True)
    ]
    output.say(f"{title}: {pack.folder}", *table(("", *_SHOWN), rows))
    if not is_in_use:
        output.say("")
        return models
    if problem:
        output.say(f"Attention: none of them runs here. {problem}")
    else:
        output.say("* runs here:")
        output.say(*(f"  {m['file']}: {m['why']}" for m in models if m["runs_here"]))
    output.say("")
    return models


def describe(pack: Pack, wanted: ModelsConfig) -> tuple[list[dict[str, Any]], str]:
    """Return every file of a pack for people and programs, and why nothing would run, or "".

    ``wanted`` says which of several files of a network is to run.
    """
    from kiosk.board.soc import read_soc
    from kiosk.models.choice import Wish, choose

    chosen, problem = {}, ""
    try:
        wish = Wish(wanted.target, wanted.precision)
        chosen = {each.card.file: each.why for each in choose(pack.cards, read_soc(), wish)}
    except ModelError as error:
        problem = str(error)
    models = [
        {
            "name": card.name,
            "version": card.version,
            "role": card.role.value,
            "precision": card.precision,
            "target": card.target,
            "file": card.file,
            "bytes": (pack.folder / card.file).stat().st_size,
            "sha256": card.sha256,
            "knows": card.knows,
            "licence": card.licence,
            "upstream": card.upstream,
            "runs_here": card.file in chosen,
            "why": chosen.get(card.file),
        }
        for card in pack.cards
    ]
    return models, problem

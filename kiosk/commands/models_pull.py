"""``door-kiosk models pull``: fetch the known models and take them into use."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from kiosk.commands.models_import import report, take_into_use
from kiosk.commands.output import Output
from kiosk.commands.setup import data_folder, owned_store, settings
from kiosk.errors import ModelError

if TYPE_CHECKING:
    from kiosk.config import ModelsConfig
    from kiosk.models.card import ModelCard
    from kiosk.models.download import Downloader
    from kiosk.models.pack import Pack

_TERMINAL_EVERY_S = 0.2
_LOG_EVERY_S = 10.0


class Meter:
    """Shows on stderr how a transfer goes: in one line of a terminal, else now and then a line."""

    def __init__(
        self, stream: TextIO | None = None, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock_s = clock_s
        self._is_terminal = self._stream.isatty()
        self._file = ""
        self._first = 0
        self._began_s = 0.0
        self._shown_s = 0.0
        self._width = 0

    def tell(self, sentence: str) -> None:
        """Say what happens, on a line of its own."""
        self.end_line()
        print(sentence, file=self._stream, flush=True)

    def progress(self, file: str, done: int, total: int | None) -> None:
        """Show that ``done`` of ``total`` bytes are there."""
        now_s = self._clock_s()
        if file != self._file or done < self._first:
            self._file, self._first, self._began_s, self._shown_s = file, done, now_s, now_s
            if not self._is_terminal:
                return
        every_s = _TERMINAL_EVERY_S if self._is_terminal else _LOG_EVERY_S
        if done != total and now_s - self._shown_s < every_s:
            return
        self._shown_s = now_s
        text = self._text(done, total, now_s)
        if self._is_terminal:
            print(f"\r{text.ljust(self._width)}", end="", file=self._stream, flush=True)
            self._width = len(text)
        else:
            print(text, file=self._stream, flush=True)

    def end_line(self) -> None:
        """Leave the line of the progress, so that something else can be printed."""
        if self._width:
            print(file=self._stream, flush=True)
            self._width = 0

    def _text(self, done: int, total: int | None, now_s: float) -> str:
        text = f"{self._file}: {_megabytes(done)}"
        if total:
            text += f" of {_megabytes(total)}, {100 * done // total} %"
        seconds = now_s - self._began_s
        if seconds > 0 and done > self._first:
            text += f", {_megabytes((done - self._first) / seconds)}/s"
        return text


def execute_pull(args: argparse.Namespace) -> int:
    """Fetch what is missing, then import it.

    Raises ConfigError, ModelError, DataFolderBusyError, StoreError.
    """
    from kiosk.models.download import Downloader, download_folder

    output, folder = Output(args.json), data_folder(args)
    wanted = settings(args, folder).models
    with folder.exclusive():
        pass  # Better told now than after minutes of fetching, during which a kiosk may run.
    meter = Meter()
    with download_folder(folder.models) as place:
        old = _in_use(folder.models)
        downloader = Downloader(place, meter)
        cards = _wanted(args, wanted, old)
        kept = [card for card in cards if _adopt(downloader, card, old)]
        if old is not None and _is_complete(old, cards, kept) and _is_sound(old, wanted, args):
            shutil.rmtree(place, ignore_errors=True)
            output.say(f"All {len(cards)} known models are in use already. Nothing was fetched.")
            output.result(_tree(old, wanted, [], kept, is_imported=False))
            return 0
        fetched = _fetch(downloader, [c for c in cards if c not in kept], args.mirror, meter)
        downloader.keep_only([*kept, *fetched])
        with owned_store(folder) as store:
            imported = take_into_use(store, place, folder.models, wanted, args.without_thresholds)
        shutil.rmtree(place, ignore_errors=True)
    report(imported, folder.models, output)
    names = {card.name for card in imported.pack.cards}
    gone = sorted({card.name for card in old.cards} - names) if old is not None else []
    if gone:
        output.say(f"Attention: {', '.join(gone)}, of the models before, are no longer in use.")
    output.result(_tree(imported.pack, wanted, fetched, kept, is_imported=True))
    return 0


def _wanted(args: argparse.Namespace, wanted: ModelsConfig, old: Pack | None) -> list[ModelCard]:
    from kiosk.board.soc import read_soc, runs
    from kiosk.models.card import ONNX
    from kiosk.models.pack import builtin_folder, read_manifest

    soc = read_soc()
    installed = set() if old is None else {card.sha256 for card in old.cards}
    cards = []
    for card in read_manifest(builtin_folder() / "catalogue.toml"):
        suits = card.target in (ONNX, wanted.target) or (soc and runs(card.target, soc))
        # A mirror may also have what nobody has published.
        is_offered = bool(card.upstream) or args.mirror is not None
        if card.sha256 in installed or (is_offered and (suits or args.all)):
            cards.append(card)
    return cards


def _fetch(
    downloader: Downloader, cards: list[ModelCard], mirror: str | None, meter: Meter
) -> list[ModelCard]:
    from kiosk.models.web import NotThereError

    fetched = []
    for number, card in enumerate(cards, 1):
        if mirror is None and not card.upstream:
            raise ModelError(
                f"{card.file}, which is in use, is damaged, and nobody has published it. Import "
                "it again: door-kiosk models import PATH, or name who has it: --mirror URL-or-DIR"
            )
        is_here = downloader.is_here(card)
        if not is_here:
            source = card.upstream if mirror is None else mirror
            meter.tell(f"Fetching {card.file} ({number} of {len(cards)}) from {_shown(source)}")
        try:
            downloader.fetch(card, mirror)
        except NotThereError as error:
            if card.upstream:
                raise
            meter.tell(f"{error} It is left out.")
            continue
        except KeyboardInterrupt:
            meter.tell("What was fetched is kept: the same command goes on from there.")
            raise
        finally:
            meter.end_line()
        meter.tell(f"{card.file}: {'fetched before' if is_here else 'fetched'}, digest correct.")
        fetched.append(card)
    return fetched


def _in_use(models: Path) -> Pack | None:
    from kiosk.models.pack import open_pack

    try:
        return open_pack(models)
    except ModelError:  # none, or one that is to be replaced
        return None


def _adopt(downloader: Downloader, card: ModelCard, old: Pack | None) -> bool:
    same = [] if old is None else [c for c in old.cards if c.sha256 == card.sha256]
    return old is not None and any(downloader.adopt(card, old.folder / c.file) for c in same)


def _is_complete(old: Pack, cards: list[ModelCard], kept: list[ModelCard]) -> bool:
    # Not by the bytes alone: a newer catalogue may feed the same network differently.
    return all(card in kept and card in old.cards for card in cards)


def _is_sound(pack: Pack, wanted: ModelsConfig, args: argparse.Namespace) -> bool:
    from kiosk.commands.models_verify import check_pack
    from kiosk.facemodels import open_chosen

    try:
        chosen = open_chosen(pack, wanted).cards
    except ModelError:
        return False
    checks = check_pack(pack, chosen, needs_thresholds=not args.without_thresholds)
    return all(each.fault is None for each in checks)


def _tree(
    pack: Pack,
    wanted: ModelsConfig,
    fetched: list[ModelCard],
    kept: list[ModelCard],
    *,
    is_imported: bool,
) -> dict[str, Any]:
    from kiosk.commands.models_list import describe

    return {
        "folder": str(pack.folder),
        "imported": is_imported,
        "fetched": [card.file for card in fetched],
        "kept": [card.file for card in kept],
        "models": describe(pack, wanted)[0],
    }


def _shown(source: str) -> str:
    from kiosk.models.web import shown

    return shown(source) if "://" in source else source


def _megabytes(count: float) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"

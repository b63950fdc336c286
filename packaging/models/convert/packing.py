"""Write a pack folder: manifest, networks, self-tests, thresholds."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.models.mistakes import mistaken_answers
from kiosk.models.pack import MANIFEST, Pack, read_manifest
from kiosk.models.runtime import Runtime
from kiosk.models.selftest import record_self_test, run_self_test
from kiosk.recognition.thresholdfile import load_calibration, save_calibration


@dataclass(frozen=True, slots=True)
class Converted:
    """A file to be packed."""

    card: ModelCard
    path: Path


def write_pack(
    out: Path, source: Pack, extras: Path, converted: Sequence[Converted]
) -> tuple[ModelCard, ...]:
    """Write the full-precision networks, their self-tests and thresholds, and the manifest.

    The self-tests of converted files are recorded by :func:`write_self_test` while their runtimes
    live. Returns the cards as the program reads them. Raises ModelError.
    """
    out.mkdir(parents=True, exist_ok=True)
    kept = Pack(extras, source.cards)
    for card in source.cards:
        shutil.copyfile(source.folder / card.file, out / card.file)
        for extra in (kept.self_test(card), kept.thresholds(card)):
            if extra.is_file():
                shutil.copyfile(extra, out / extra.name)
    for each in converted:
        shutil.copyfile(each.path, out / each.card.file)
    text = manifest(source.cards, [each.card for each in converted])
    (out / MANIFEST).write_text(text, encoding="utf-8")
    return read_manifest(out / MANIFEST)


def write_self_test(
    out: Path, extras: Path, source: ModelCard, onnx_file: Path, runtime: Runtime
) -> None:
    """Record a converted network's self-test, or repeat it when another target recorded it.

    The pictures are those of the full-precision network's test. Raises ModelError when there is
    none, or when the network for one chip answers differently from that for another.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = Pack(out, ()).self_test(runtime.card)
    if not path.is_file():
        pixels = _stored_pixels(Pack(extras, ()).self_test(source))
        mistaken = mistaken_answers(source, onnx_file, pixels)
        record_self_test(runtime, pixels, path, mistaken)
    run_self_test(runtime, path)


def rebind_thresholds(out: Path, extras: Path, source: ModelCard, card: ModelCard) -> bool:
    """Give a half-precision embedder the thresholds of the full-precision one; tell whether.

    Its embeddings differ by less than the fourth digit, as its report proves, and the thresholds
    have no more.
    """
    if source.role is not Role.EMBEDDER:
        return False
    path = Pack(extras, ()).thresholds(source)
    if not path.is_file():
        return False
    known = load_calibration(path, source.id)
    bound = dataclasses.replace(
        known, model=card.id, source=f"{known.source}; measured with {source.id}"
    )
    save_calibration(bound, Pack(out, ()).thresholds(card))
    return True


def manifest(sources: Sequence[ModelCard], converted: Sequence[ModelCard]) -> str:
    """Return the manifest: one table a network, ``[[NAME.files]]`` for each converted file."""
    parts = ["# Made by packaging/models/convert; the reports lie beside it.\n"]
    for source in sources:
        size = f"bytes = {source.size_bytes}\n" if source.size_bytes else ""
        parts.append(
            f"[{source.name}]\n"
            f"version = {_text(source.version)}\n"
            f"role = {_text(source.role.value)}\n"
            f"architecture = {_text(source.architecture)}\n"
            f"file = {_text(source.file)}\n"
            f"sha256 = {_text(source.sha256)}\n"
            f"precision = {_text(source.precision)}\n"
            f"{size}"
            f"width_px = {source.width_px}\n"
            f"height_px = {source.height_px}\n"
            f"colour_order = {_text(source.colour_order)}\n"
            f"mean = {list(source.mean)}\n"
            f"std = {list(source.std)}\n"
            + (f"embedding_size = {source.embedding_size}\n" if source.embedding_size else "")
            + (f"min_live = {source.min_live}\n" if source.role is Role.LIVENESS else "")
            + (f"region_factor = {source.region_factor}\n" if source.role is Role.DETECTOR else "")
            + f"knows = {_text(source.knows)}\n"
            f"licence = {_text(source.licence)}\n"
            f"upstream = {_text(source.upstream)}\n"
        )
        parts += [_file_table(source, card) for card in converted if card.name == source.name]
    return "\n".join(parts)


def _file_table(source: ModelCard, card: ModelCard) -> str:
    version = f"version = {_text(card.version)}\n" if card.version != source.version else ""
    cut = "cut_heads = true\n" if card.cut_heads else ""
    return (
        f"[[{card.name}.files]]\n"
        f"target = {_text(card.target)}\n"
        f"precision = {_text(card.precision)}\n"
        f"{version}"
        f"file = {_text(card.file)}\n"
        f"sha256 = {_text(card.sha256)}\n"
        f"bytes = {card.size_bytes}\n"
        f"{cut}"
    )


def _text(value: str) -> str:
    # JSON's escapes are TOML's, except that TOML wants DEL escaped, which no name has.
    return json.dumps(value, ensure_ascii=False)


def _stored_pixels(path: Path) -> Pixels:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            pixels: NDArray[np.uint8] = stored["pixels"]
    except Exception as error:  # zip, npy and key errors: all mean a damaged file
        raise ModelError(f"The self-test {path.name} of the source cannot be read.") from error
    return pixels

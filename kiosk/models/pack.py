"""Model packs: import with digests checked, and what is installed.

Layout of the models folder: each imported pack is a folder of its own, complete before it is used;
the file ``current`` names the one in use and is replaced in one step, so that a failed import
leaves the old pack working. A pack folder holds the manifest ``pack.toml``, the networks, each in
one file or in several for different chips and precisions, and for each of them
``STEM.selftest.npz`` and, for an embedder, ``STEM.thresholds.json`` (:attr:`ModelCard.stem`);
``imported`` lists the files that were there.

The program itself brings one pack of the same form, ``assets/models/embedded``. Its networks were
trained on drawn people: it serves demonstrations and tests and must never open a real door.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kiosk.errors import ModelError
from kiosk.models.card import SIMULATED, ModelCard, Role, parse_cards

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MANIFEST = "pack.toml"
_CURRENT = "current"
_IMPORTED = "imported"
"""The files that were imported, by name: a manifest may know more of them."""
_PACK_NAME = re.compile(r"pack-\w+")
_NEEDED = (Role.DETECTOR, Role.EMBEDDER)
_MAX_BYTES = 2 * 1024**3
_MAX_MANIFEST_BYTES = 256 * 1024
_LONG_KEY = re.compile(r"(?:\.[^.\n\"']{0,200}){64}")
IMPORT_HINT = "Get them with: door-kiosk models pull, or: door-kiosk models import DIR"
IMPORT_AGAIN = "Import the models again: door-kiosk models import DIR"
REINSTALL_HINT = "This installation of door-kiosk is damaged: install it again."


@dataclass(frozen=True, slots=True)
class Pack:
    """An installed pack, or the embedded one."""

    folder: Path
    cards: tuple[ModelCard, ...]
    mending: str = IMPORT_AGAIN
    """What to do when something in it is damaged."""

    @property
    def simulated_only(self) -> bool:
        """Whether any of its networks knows drawn people only: then no real door may open."""
        return any(card.knows == SIMULATED for card in self.cards)

    def card(self, role: Role) -> ModelCard:
        """Return the card for a role. Raises ModelError when the pack has none."""
        card = self.optional_card(role)
        if card is None:
            raise ModelError(f"The installed pack has no {role.value}. {IMPORT_HINT}")
        return card

    def optional_card(self, role: Role) -> ModelCard | None:
        """Return the card for a role, or None when the pack has none."""
        return next((card for card in self.cards if card.role is role), None)

    def file(self, card: ModelCard) -> Path:
        """Return the network's file, digest checked. Raises ModelError."""
        path = self.folder / card.file
        check_digest(path, card, self.mending)
        return path

    def self_test(self, card: ModelCard) -> Path:
        """Return where the stored input and output of a network are."""
        return self.folder / f"{card.stem}.selftest.npz"

    def thresholds(self, card: ModelCard) -> Path:
        """Return where the measured thresholds of an embedder are."""
        return self.folder / f"{card.stem}.thresholds.json"


def is_installed(models: Path) -> bool:
    """Tell whether any pack was taken into use in this folder, in whatever state it is."""
    return (models / _CURRENT).exists()


def open_pack(models: Path) -> Pack:
    """Return the pack in use. Raises ModelError when there is none or its manifest is damaged."""
    try:
        name = (models / _CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise ModelError(f"No face models. {IMPORT_HINT}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"The models folder {models} cannot be read: {error}.") from error
    if not _PACK_NAME.fullmatch(name):
        raise ModelError(f"{models / _CURRENT} is damaged. {IMPORT_HINT}")
    folder = models / name
    cards = _imported(folder, read_manifest(folder / MANIFEST))
    if not cards:
        raise ModelError(f"The installed pack {name!r} is empty. {IMPORT_HINT}")
    return Pack(folder, cards)


def _imported(folder: Path, known: tuple[ModelCard, ...]) -> tuple[ModelCard, ...]:
    try:
        names = (folder / _IMPORTED).read_text(encoding="utf-8").split()
    except FileNotFoundError:
        # Imported by an earlier version, which kept no list.
        return tuple(card for card in known if (folder / card.file).exists())
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder / _IMPORTED} cannot be read: {error}. {IMPORT_HINT}") from error
    # Earlier versions wrote the names of the networks, which then had one file each.
    cards = tuple(card for card in known if card.file in names or card.name in names)
    # A check whose network has vanished must not be left out in silence.
    for card in cards:
        if not (folder / card.file).is_file():
            raise ModelError(f"{folder / card.file} is missing. {IMPORT_HINT}")
    return cards


def embedded_folder() -> Path:
    """Return where the pack is that the program brings along."""
    return builtin_folder() / "embedded"


def embedded_pack(folder: Path | None = None) -> Pack:
    """Return the pack that the program brings along; ``folder`` takes the place of its own.

    Raises ModelError when a file of it is missing, or its manifest is damaged.
    """
    folder = folder or embedded_folder()
    try:
        pack = Pack(folder, read_manifest(folder / MANIFEST), REINSTALL_HINT)
    except ModelError as error:
        raise ModelError(f"{error} {REINSTALL_HINT}") from error
    # Unlike in an imported pack, which may bring only some of the networks its manifest knows.
    for card in pack.cards:
        if not (folder / card.file).is_file():
            raise ModelError(f"{folder / card.file} is missing. {REINSTALL_HINT}")
    return pack


def import_pack(source: Path, models: Path, check: Callable[[Pack], object]) -> Pack:
    """Copy the networks in ``source`` into ``models`` and make them the pack in use.

    ``check`` is called with the complete copy before it is taken into use and may raise; it runs
    the self-tests. Raises ModelError when a network is missing, has a wrong byte, or fails.
    """
    if not source.is_dir():
        raise ModelError(f"{source} is not a folder. Name the folder that holds the models.")
    own = source / MANIFEST
    manifest = own if own.is_file() else builtin_folder() / "catalogue.toml"
    extras = source if own.is_file() else builtin_folder()
    cards = [card for card in read_manifest(manifest) if (source / card.file).is_file()]
    missing = [role.value for role in _NEEDED if role not in {card.role for card in cards}]
    if missing:
        known = ", ".join(card.file for card in read_manifest(manifest))
        raise ModelError(
            f"{source} holds no {' and no '.join(missing)}. Expected files: {known}. "
            "Nothing was imported."
        )
    for card in cards:
        check_digest(source / card.file, card)
    try:
        models.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix="pack-", dir=models))
    except OSError as error:
        raise ModelError(f"The models folder {models} cannot be written: {error}.") from error
    try:
        pack = _copy(source, manifest, extras, cards, staged)
        check(pack)
        _switch(models, staged.name)
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        raise ModelError(
            f"The models could not be copied: {error}. The old ones still work."
        ) from error
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    for other in models.glob("pack-*"):
        if other != staged:
            shutil.rmtree(other, ignore_errors=True)
    return pack


def builtin_folder() -> Path:
    """Return the folder of the catalogue and of the self-tests and thresholds that come along."""
    return Path(str(files("assets"))) / "models"


def read_manifest(path: Path) -> tuple[ModelCard, ...]:
    """Return the cards in a manifest. Raises ModelError."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_MANIFEST_BYTES + 1).decode("utf-8")
        # TOML's reader takes quadratic memory for keys of thousands of parts.
        if len(text) > _MAX_MANIFEST_BYTES or _LONG_KEY.search(text):
            raise ModelError(f"The manifest {path} is no list of networks: it is not read.")
        tree = tomllib.loads(text)
    # ValueError: bad UTF-8, bad TOML or a null character in the path; RecursionError: deep nesting.
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"The manifest {path} cannot be read: {error}.") from error
    cards = [card for name, values in tree.items() for card in parse_cards(name, values)]
    names = [card.file for card in cards]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ModelError(f"The manifest {path} names the file {twice[0]} twice.")
    return tuple(cards)


def check_digest(path: Path, card: ModelCard, mending: str = "") -> None:
    """Compare a file with its card. Raises ModelError when it is missing or differs.

    ``mending`` ends the message: what to do.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ModelError(f"{path} is larger than 2 GiB and cannot be a model.")
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read: {error.strerror}. {mending or IMPORT_HINT}"
        ) from error
    if digest.hexdigest() != card.sha256:
        raise ModelError(
            f"{path} is damaged or not the expected file: its SHA-256 is {digest.hexdigest()}, "
            f"the model card says {card.sha256}. It is not used. {mending}".rstrip()
        )


def _copy(source: Path, manifest: Path, extras: Path, cards: list[ModelCard], staged: Path) -> Pack:
    shutil.copyfile(manifest, staged / MANIFEST)
    (staged / _IMPORTED).write_text("\n".join(card.file for card in cards) + "\n", "utf-8")
    pack = Pack(staged, tuple(cards))
    for card in cards:
        shutil.copyfile(source / card.file, staged / card.file)
        check_digest(staged / card.file, card)
        for extra in (pack.self_test(card), pack.thresholds(card)):
            if (extras / extra.name).is_file():
                shutil.copyfile(extras / extra.name, extra)
    for path in [*staged.iterdir(), staged]:
        _sync(path)
    return pack


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _switch(models: Path, name: str) -> None:
    fresh = models / f"{_CURRENT}.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.write(name + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(models / _CURRENT)
    # Only now may the old pack be deleted: after a power cut either name must lead to a pack.
    _sync(models)

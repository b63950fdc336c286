"""Find the files of the ``assets`` package, wherever the program is installed."""

from __future__ import annotations

from functools import cache
from importlib import resources

FONT_FILES = (
    "Inter-Regular.otf",
    "Inter-SemiBold.otf",
    "Inter-Bold.otf",
    "KioskHan.ttf",
    "KioskHangul.ttf",
)


def font_bytes(file_name: str) -> bytes:
    """Return a bundled font file."""
    return (resources.files("assets") / "fonts" / file_name).read_bytes()


@cache
def _icon_source(name: str) -> str:
    return (resources.files("assets") / "icons" / f"{name}.svg").read_text(encoding="utf-8")


@cache
def icon_svg(name: str, colour: str) -> bytes:
    """Return the icon ``name`` as SVG, its strokes in ``colour`` (``#rrggbb``)."""
    return _icon_source(name).replace("#ffffff", colour).encode("utf-8")


def icon_names() -> list[str]:
    """Return the names of all bundled icons."""
    folder = resources.files("assets") / "icons"
    return sorted(p.name[:-4] for p in folder.iterdir() if p.name.endswith(".svg"))

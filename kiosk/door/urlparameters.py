"""What may stand behind the ``?`` of a relay URL, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from kiosk.door.port import ModemInput
from kiosk.door.wiring import Wire, Wiring
from kiosk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: its default as text, how a text is read, and what is allowed in words."""

    name: str
    default: str
    read: Callable[[str], Any]
    """Raises ValueError or KeyError for a text that is not allowed."""
    range_in_words: str


def choice(name: str, default: str, allowed: Mapping[str, Any], words: str = "") -> Parameter:
    """Return a parameter with a few allowed texts."""
    return Parameter(name, default, allowed.__getitem__, words or _or(allowed))


def number(name: str, default: str, low: int, high: int) -> Parameter:
    """Return a parameter for a whole number; an empty default means that there is none."""
    allowed: dict[str, int | None] = {str(value): value for value in range(low, high + 1)}
    if not default:
        allowed[""] = None
    return choice(name, default, allowed, f"{low} to {high}")


def words(name: str) -> Parameter:
    """Return a parameter for bytes, percent-encoded; empty when it is not given."""
    # parse_qsl has decoded the text as Latin-1: one character a byte.
    return Parameter(name, "", lambda text: text.encode("latin-1"), "text or bytes like %0D")


def seconds(name: str, default: str, high: int) -> Parameter:
    """Return a parameter for 0 to ``high`` seconds in halves."""
    halves = {f"{half / 2:g}": half / 2 for half in range(high * 2 + 1)}
    return choice(name, default, halves, f"0 to {high} in steps of 0.5")


def wires(board_inputs: Iterable[str] = ()) -> tuple[Parameter, ...]:
    """Return the parameters that name the wires of the door."""
    sources: list[ModemInput | str] = [*ModemInput, *board_inputs]
    allowed: dict[str, Wire | None] = {"": None}
    for source in sources:
        text = source.value if isinstance(source, ModemInput) else source
        allowed[text] = Wire(source)
        allowed[f"!{text}"] = Wire(source, is_inverted=True)
    plain = [text for text in allowed if text and not text.startswith("!")]
    said = f"{_or(plain)}, with ! before it when the contact is closed while the door is shut"
    return tuple(choice(name, "", allowed, said) for name in ("sensor", "exit", "other"))


def wiring(values: Mapping[str, Any]) -> Wiring:
    """Return the wires given. Raises ConfigError when two share an input."""
    found = Wiring(values["sensor"], values["exit"], values["other"])
    sources = [wire.source for wire in found.wires]
    if len(set(sources)) != len(sources):
        raise ConfigError(
            "Two of the wires sensor, exit and other of the relay share one input; each needs one "
            "of its own."
        )
    return found


def parse_query(
    url: str, query: str, parameters: Iterable[Parameter], example: str
) -> dict[str, Any]:
    """Return the value of every parameter by name. Raises ConfigError."""
    known = {parameter.name: parameter for parameter in parameters}
    values = {name: parameter.read(parameter.default) for name, parameter in known.items()}
    seen: set[str] = set()
    for name, text in _pairs(url, query, example):
        if name not in known:
            raise ConfigError(
                f"The relay {url!r} has the unknown parameter {name!r}; known are "
                f"{', '.join(known) or 'none'}."
            )
        if name in seen:
            raise ConfigError(f"The relay {url!r} gives {name} twice; keep one.")
        seen.add(name)
        try:
            values[name] = known[name].read(text)
        except (KeyError, ValueError) as error:
            raise ConfigError(
                f"The relay {url!r} has {name}={text}; it must be {known[name].range_in_words}."
            ) from error
    return values


def _pairs(url: str, query: str, example: str) -> list[tuple[str, str]]:
    if not query:
        return []
    try:
        return parse_qsl(
            query, keep_blank_values=True, strict_parsing=True, encoding="latin-1", errors="strict"
        )
    except ValueError as error:
        raise ConfigError(
            f"The parameters of the relay {url!r} cannot be read; write it like {example}."
        ) from error


def _or(texts: Iterable[str]) -> str:
    *most, last = texts
    return f"{', '.join(most)} or {last}" if most else last

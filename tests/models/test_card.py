"""Cards come from manifests, and manifests from anybody's USB stick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain import ModelId
from kiosk.errors import ModelError
from kiosk.models.card import Role, parse_card
from kiosk.models.pack import builtin_folder, read_manifest

Values = Callable[..., dict[str, Any]]


def test_a_card_keeps_every_value(values: Values) -> None:
    card = parse_card(
        "tiny",
        values(mean=[1, 2.5, 3], std=[4, 5, 6], sha256="AB" * 32, licence="MIT", upstream="u"),
    )

    assert card.id == ModelId("tiny", "1", "fp32")
    assert (card.mean, card.std) == ((1.0, 2.5, 3.0), (4.0, 5.0, 6.0))
    assert (card.width_px, card.height_px, card.embedding_size) == (16, 16, 8)
    assert card.role is Role.EMBEDDER
    assert card.sha256 == "ab" * 32
    assert (card.licence, card.upstream) == ("MIT", "u")


def test_a_version_may_be_written_as_a_number(values: Values) -> None:
    assert parse_card("tiny", values(version=2)).version == "2"


@pytest.mark.parametrize(
    "key",
    [
        "version",
        "role",
        "architecture",
        "file",
        "sha256",
        "precision",
        "width_px",
        "height_px",
        "colour_order",
        "mean",
        "std",
    ],
)
def test_a_missing_key_is_named(values: Values, key: str) -> None:
    table = values()
    del table[key]

    with pytest.raises(ModelError, match=key):
        parse_card("tiny", table)


HOSTILE = [
    ("file", "../../etc/passwd"),
    ("file", "/etc/passwd"),
    ("file", "a/b.onnx"),
    ("file", ".."),
    ("file", "."),
    ("file", ""),
    ("file", ".hidden"),
    ("file", "net.onnx\n"),
    ("file", "net\0.onnx"),
    ("file", "a\\b.onnx"),
    ("role", "janitor"),
    ("role", ["embedder"]),
    ("sha256", "0" * 63),
    ("sha256", "g" * 64),
    ("sha256", "0" * 64 + "\n"),
    ("colour_order", "RBG"),
    ("colour_order", "rgb"),
    ("width_px", 0),
    ("width_px", -16),
    ("width_px", 5000),
    ("width_px", 16.5),
    ("width_px", "16"),
    ("width_px", True),
    ("width_px", float("inf")),
    ("height_px", float("nan")),
    ("height_px", [16]),
    ("height_px", 10**400),
    ("mean", [1, 2]),
    ("mean", [1, 2, 3, 4]),
    ("mean", "123"),
    ("mean", 1),
    ("mean", {"r": 1, "g": 2, "b": 3}),
    ("mean", [[1], [2], [3]]),
    ("mean", [float("nan"), 0, 0]),
    ("mean", [0, float("inf"), 0]),
    ("mean", [10**400, 0, 0]),
    ("std", [float("nan"), 1, 1]),
    ("std", [1, float("nan"), 1]),
    ("std", [1, 1, float("nan")]),
    ("std", [1, 1, float("inf")]),
    ("std", [1, 0, 1]),
    ("std", [1, -1, 1]),
    ("embedding_size", 0),
    ("embedding_size", -8),
    ("embedding_size", 10**9),
    ("embedding_size", "8"),
]


@pytest.mark.parametrize(("key", "value"), HOSTILE)
def test_a_hostile_value_is_refused_in_a_sentence(values: Values, key: str, value: Any) -> None:
    with pytest.raises(ModelError, match="tiny") as caught:
        parse_card("tiny", values(**{key: value}))

    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["../escape", "a/b", "..", "", ".x", "a\0b", "a\n"])
def test_a_name_that_leads_out_of_the_folder_is_refused(values: Values, name: str) -> None:
    # The name becomes NAME.selftest.npz and NAME.thresholds.json.
    with pytest.raises(ModelError, match="not a file name"):
        parse_card(name, values())


@pytest.mark.parametrize("table", [3, "text", [1, 2], None, True, 1.5])
def test_an_entry_that_is_no_table_is_refused(table: Any) -> None:
    with pytest.raises(ModelError, match="tiny"):
        parse_card("tiny", table)


_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.one_of(st.integers(), st.floats(), st.text(max_size=3)), max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@settings(deadline=None)
@given(
    key=st.text(max_size=8),
    changes=st.dictionaries(
        st.sampled_from(
            [
                "version",
                "role",
                "file",
                "sha256",
                "width_px",
                "height_px",
                "colour_order",
                "mean",
                "std",
                "embedding_size",
            ]
        ),
        _JUNK,
        max_size=4,
    ),
)
def test_junk_gives_a_sound_card_or_a_model_error(key: str, changes: dict[str, Any]) -> None:
    table: dict[str, Any] = {
        "version": "1", "role": "embedder", "architecture": "embedding", "file": "n.onnx",
        "sha256": "0" * 64, "precision": "fp32", "width_px": 16, "height_px": 16,
        "colour_order": "RGB", "mean": [0, 0, 0], "std": [1, 1, 1], "embedding_size": 8,
    }  # fmt: skip
    try:
        card = parse_card(key, table | changes)
    except ModelError:
        return
    base = Path("/models/pack-x")
    for name in (card.file, f"{card.name}.selftest.npz", f"{card.name}.thresholds.json"):
        assert (base / name).resolve().parent == base
    assert all(0 < value < float("inf") for value in card.std)
    assert all(abs(value) < float("inf") for value in card.mean)


def test_the_catalogue_names_the_known_networks() -> None:
    cards = {card.name: card for card in read_manifest(builtin_folder() / "catalogue.toml")}

    detector, embedder = cards["retinaface-mobile025-320"], cards["mobilefacenet-112"]
    assert (detector.role, detector.colour_order) == (Role.DETECTOR, "BGR")
    assert (detector.mean, detector.std) == ((104, 117, 123), (1, 1, 1))
    assert (embedder.role, embedder.colour_order) == (Role.EMBEDDER, "RGB")
    assert embedder.mean == pytest.approx((123.675, 116.28, 103.53))
    assert embedder.std == pytest.approx((58.395, 57.12, 57.375))
    assert embedder.embedding_size == 128

"""Settings: a slip of the pen is refused with its place, never guessed."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.config import Config, DoorConfig, load_config, parse_config
from kiosk.domain import LivenessPolicy
from kiosk.errors import ConfigError


def bounded() -> list[tuple[str, str, type, float, float]]:
    """Every setting with bounds: section, key, type, low, high."""
    rows = []
    for section in dataclasses.fields(Config):
        kind = get_type_hints(Config)[section.name]
        for field in dataclasses.fields(kind):
            if field.metadata.get("low") is not None:
                hint = get_type_hints(kind)[field.name]
                low, high = field.metadata["low"], field.metadata["high"]
                rows.append((section.name, field.name, hint, low, high))
    return rows


BOUNDED = pytest.mark.parametrize(("section", "key", "kind", "low", "high"), bounded())


def value_of(config: Config, section: str, key: str) -> Any:
    return getattr(getattr(config, section), key)


def test_no_file_gives_the_defaults() -> None:
    assert load_config(None) == Config()
    assert parse_config({}) == Config()


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# nothing\n", encoding="utf-8")

    assert load_config(path) == Config()


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[door]\nrelay = "lcus:/dev/ttyUSB0"\n[recognition]\nvotes = 4\nmargin = 0\n'
        '[kiosk]\ndoor_name = "Büro"\n',
        encoding="utf-8",
    )

    config = load_config(path)

    assert config.door == DoorConfig(relay="lcus:/dev/ttyUSB0")
    assert (config.recognition.votes, config.recognition.margin) == (4, 0.0)
    assert type(config.recognition.margin) is float
    assert config.kiosk.door_name == "Büro"
    assert config.camera == Config().camera


def test_the_defaults_keep_to_their_own_bounds() -> None:
    for section, key, kind, low, high in bounded():
        value = value_of(Config(), section, key)
        assert type(value) is kind
        assert low <= value <= high


@BOUNDED
def test_bounds_are_inclusive(section: str, key: str, kind: type, low: float, high: float) -> None:
    for value in (low, high):
        config = parse_config({section: {key: kind(value)}})
        assert value_of(config, section, key) == value


@BOUNDED
def test_beyond_the_bounds_is_refused_with_its_place(
    section: str, key: str, kind: type, low: float, high: float
) -> None:
    step = 1 if kind is int else 1e-9
    for value in (low - step, high + step):
        with pytest.raises(ConfigError, match=rf"\[{section}\] {key} must be between"):
            parse_config({section: {key: kind(value)}})


@BOUNDED
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, -(10**400)])
def test_numbers_that_are_none_are_refused(
    section: str, key: str, kind: type, low: float, high: float, value: float
) -> None:
    with pytest.raises(ConfigError, match=key):
        parse_config({section: {key: value}})


@BOUNDED
@pytest.mark.parametrize("value", [True, "3", None, [3], {"a": 3}])
def test_wrong_types_are_refused(
    section: str, key: str, kind: type, low: float, high: float, value: object
) -> None:
    # A rate may be words.
    kind_in_words = "a number or words" if (key, value) == ("stranger_rate", "3") else "of type"
    with pytest.raises(ConfigError, match=rf"{key} must be {kind_in_words}"):
        parse_config({section: {key: value}})


def test_a_whole_number_setting_takes_no_fraction() -> None:
    with pytest.raises(ConfigError, match="must be of type int"):
        parse_config({"recognition": {"votes": 3.0}})


@pytest.mark.parametrize("value", [0, True, ["0"], 1.5])
def test_a_text_setting_takes_no_number(value: object) -> None:
    with pytest.raises(ConfigError, match="source must be of type str"):
        parse_config({"camera": {"source": value}})


@pytest.mark.parametrize("policy", ["off", "passive", "passive+challenge"])
def test_each_liveness_policy_can_be_chosen(policy: str) -> None:
    config = parse_config({"liveness": {"policy": policy, "schedule": "else off"}})
    assert (config.liveness.policy, config.liveness.schedule) == (policy, "else off")
    assert LivenessPolicy(policy).value == policy


def test_without_a_word_pictures_are_judged_and_nobody_is_asked_to_turn() -> None:
    assert Config().liveness.policy == "passive"
    with pytest.raises(ConfigError, match=r"\[liveness\] policy must be one of passive,"):
        parse_config({"liveness": {"policy": "on"}})


def test_unknown_names_are_refused_with_those_known() -> None:
    with pytest.raises(ConfigError, match=r"unknown section \[dor\].*\[door\]"):
        parse_config({"dor": {}})
    with pytest.raises(ConfigError, match=r"\[door\]: unknown key pulse; known are relay, pulse_s"):
        parse_config({"door": {"pulse": 5}})


@pytest.mark.parametrize("value", [3, "x", [], None])
def test_a_section_must_be_a_section(value: object) -> None:
    with pytest.raises(ConfigError, match=r"\[door\] must be a section"):
        parse_config({"door": value})


@pytest.mark.parametrize(
    "content", [b"[door", b"door = {", b"\xff\xfe[door]", b"x = " + b"[" * 50_000, b"a = 1\na = 2"]
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"config\.toml"):
        load_config(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError, match="Cannot read the settings file"):
            load_config(path)


def test_the_message_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[door]\npulse_s = 900\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"config\.toml: \[door\] pulse_s .* 0\.5 and 60"):
        load_config(path)


_JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["relay", "pulse_s", "votes", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["camera", "door", "recognition", "kiosk", "x"]), _JUNK))
def test_any_tree_gives_sound_settings_or_a_sentence(tree: dict[str, Any]) -> None:
    try:
        config = parse_config(tree)
    except ConfigError as error:
        assert str(error).endswith(".")
        return
    for section, key, kind, low, high in bounded():
        value = value_of(config, section, key)
        assert type(value) is kind
        assert low <= value <= high


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        ("1 in 200", 0.005),
        ("one stranger in 10,000 attempts", 1e-4),
        ("One  in 1000000", 1e-6),
    ],
)
def test_a_rate_may_be_said_in_words(words: str, rate: float) -> None:
    config = parse_config({"recognition": {"stranger_rate": words}})
    assert config.recognition.stranger_rate == pytest.approx(rate)


@pytest.mark.parametrize("words", ["", "often", "1 in 0", "2 in 300", "1 in 10,00", "1 in -5"])
def test_words_that_are_no_rate_are_refused(words: str) -> None:
    with pytest.raises(ConfigError, match="1 in 200"):
        parse_config({"recognition": {"stranger_rate": words}})


def test_a_spoken_rate_keeps_the_limits() -> None:
    with pytest.raises(ConfigError, match="between"):
        parse_config({"recognition": {"stranger_rate": "1 in 2"}})

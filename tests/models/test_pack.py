"""Importing packs: nothing half, nothing wrong, and the old pack works until the new one does."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from kiosk.errors import ModelError
from kiosk.facemodels import self_test_pack
from kiosk.models.card import Role
from kiosk.models.pack import Pack, import_pack, open_pack, read_manifest

MakePackFolder = Callable[..., Any]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "data" / "models"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def interrupt(pack: Pack) -> NoReturn:
    raise KeyboardInterrupt


def test_nothing_installed_says_what_to_do(models: Path) -> None:
    with pytest.raises(ModelError, match="door-kiosk models import"):
        open_pack(models)


def test_a_custom_pack_is_checked_copied_and_used(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    stick = make_pack_folder()
    seen: list[Pack] = []

    def check(pack: Pack) -> None:
        seen.append(pack)
        with pytest.raises(ModelError):
            open_pack(models)  # not in use before it has been checked
        self_test_pack(pack)

    imported = stick.import_into(models, check)

    opened = open_pack(models)
    assert seen == [imported]
    assert opened == imported
    assert [card.name for card in opened.cards] == ["tiny-detector", "tiny-facenet"]
    assert opened.card(Role.EMBEDDER).embedding_size == 512
    shutil.rmtree(stick.folder)
    for card in opened.cards:
        assert opened.file(card).parent == opened.folder
        assert opened.self_test(card).is_file()
    with pytest.raises(ModelError, match="liveness"):
        opened.card(Role.LIVENESS)


def test_a_second_import_replaces_the_first_and_cleans_up(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    first = make_pack_folder("one", seed=1).import_into(models)
    second = make_pack_folder("two", seed=2).import_into(models)

    assert open_pack(models) == second
    assert first.cards != second.cards
    assert not first.folder.exists()
    assert sorted(path.name for path in models.iterdir()) == ["current", second.folder.name]


def test_the_installed_pack_can_be_imported_from_itself(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    first = make_pack_folder().import_into(models)

    second = import_pack(first.folder, models, self_test_pack)

    assert open_pack(models) == second
    self_test_pack(second)


def break_network(stick: Any) -> None:
    flip_a_byte(stick.folder / "embedder.onnx")


def lose_network(stick: Any) -> None:
    (stick.folder / "detector.onnx").unlink()


def lose_self_test(stick: Any) -> None:
    (stick.folder / "tiny-facenet.selftest.npz").unlink()


def swap_self_tests(stick: Any) -> None:
    shutil.copy(
        stick.folder / "tiny-detector.selftest.npz", stick.folder / "tiny-facenet.selftest.npz"
    )


def cut_self_test(stick: Any) -> None:
    path = stick.folder / "tiny-facenet.selftest.npz"
    path.write_bytes(path.read_bytes()[:-200])


def feed_wrongly(stick: Any) -> None:
    stick.tables["tiny-facenet"]["mean"] = [0, 0, 0]
    stick.write_manifest()


def escape_by_file(stick: Any) -> None:
    stick.tables["tiny-facenet"]["file"] = "../embedder.onnx"
    shutil.copy(stick.folder / "embedder.onnx", stick.folder.parent / "embedder.onnx")
    stick.write_manifest()


def escape_by_name(stick: Any) -> None:
    stick.tables["../../escaped"] = stick.tables.pop("tiny-facenet")
    shutil.copy(stick.folder / "tiny-facenet.selftest.npz", stick.folder / "escaped.selftest.npz")
    stick.write_manifest()


def write_junk(stick: Any) -> None:
    (stick.folder / "pack.toml").write_bytes(b"\xff\xfe not toml")


def nest_deeply(stick: Any) -> None:
    (stick.folder / "pack.toml").write_text("x = " + "[" * 50_000, encoding="utf-8")


def write_no_table(stick: Any) -> None:
    (stick.folder / "pack.toml").write_text("detector = 3\n", encoding="utf-8")


def write_nothing(stick: Any) -> None:
    (stick.folder / "pack.toml").write_bytes(b"")


@pytest.mark.parametrize(
    "harm",
    [
        break_network,
        lose_network,
        lose_self_test,
        swap_self_tests,
        cut_self_test,
        feed_wrongly,
        escape_by_file,
        escape_by_name,
        write_junk,
        nest_deeply,
        write_no_table,
        write_nothing,
    ],
)
def test_a_bad_pack_changes_nothing(
    make_pack_folder: MakePackFolder, models: Path, harm: Callable[[Any], None]
) -> None:
    installed = make_pack_folder("good", seed=1).import_into(models)
    stick = make_pack_folder("bad", seed=2)
    harm(stick)
    before = contents(models.parent)

    with pytest.raises(ModelError):
        stick.import_into(models)

    assert contents(models.parent) == before
    assert open_pack(models) == installed
    self_test_pack(installed)


def test_a_wrong_byte_is_named_with_both_digests(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    stick = make_pack_folder()
    break_network(stick)

    with pytest.raises(ModelError, match=r"embedder\.onnx is damaged") as caught:
        stick.import_into(models)

    assert stick.tables["tiny-facenet"]["sha256"] in str(caught.value)
    assert not models.exists()


def test_missing_roles_are_named_with_the_files_wanted(tmp_path: Path, models: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    with pytest.raises(ModelError, match="no detector and no embedder") as caught:
        import_pack(empty, models, self_test_pack)

    assert "retinaface_mobile025_320.onnx" in str(caught.value)
    assert "mobilefacenet_112.onnx" in str(caught.value)


@pytest.mark.parametrize("what", ["missing", "file"])
def test_a_source_that_is_no_folder_is_refused(tmp_path: Path, models: Path, what: str) -> None:
    source = tmp_path / "source"
    if what == "file":
        source.write_bytes(b"x")

    with pytest.raises(ModelError, match="not a folder"):
        import_pack(source, models, self_test_pack)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ModelError, ZeroDivisionError])
def test_an_interrupted_import_leaves_the_old_pack(
    make_pack_folder: MakePackFolder, models: Path, error: type[BaseException]
) -> None:
    installed = make_pack_folder("good", seed=1).import_into(models)
    before = contents(models)

    def check(pack: Pack) -> NoReturn:
        raise error

    with pytest.raises(error):
        make_pack_folder("other", seed=2).import_into(models, check)

    assert contents(models) == before
    assert open_pack(models) == installed


def test_what_a_killed_import_left_behind_goes_with_the_next(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    models.mkdir(parents=True)
    leftover = models / "pack-killed"
    leftover.mkdir()
    (leftover / "half.onnx").write_bytes(b"x")
    (models / "current.new").write_text("pack-kil", encoding="utf-8")

    pack = make_pack_folder().import_into(models)

    assert not leftover.exists()
    assert open_pack(models) == pack


def test_a_full_disk_leaves_the_old_pack(
    make_pack_folder: MakePackFolder, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = make_pack_folder("good", seed=1).import_into(models)
    other = make_pack_folder("other", seed=2)
    before = contents(models)
    copy = shutil.copyfile

    def full(source: Path, target: Path) -> None:
        if target.name == "embedder.onnx":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(ModelError, match="No space left"):
        other.import_into(models)

    assert contents(models) == before
    assert open_pack(models) == installed


def test_a_copy_that_comes_out_wrong_is_refused(
    make_pack_folder: MakePackFolder, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copyfile

    def spoil(source: Path, target: Path) -> None:
        copy(source, target)
        if target.name == "embedder.onnx":
            flip_a_byte(target)

    stick = make_pack_folder()
    monkeypatch.setattr(shutil, "copyfile", spoil)
    with pytest.raises(ModelError, match="damaged"):
        stick.import_into(models, lambda pack: None)

    assert list(models.iterdir()) == []


def test_a_file_where_the_models_folder_belongs_is_refused(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    models.parent.mkdir(parents=True)
    models.write_bytes(b"")

    with pytest.raises(ModelError, match="cannot be written"):
        make_pack_folder().import_into(models)


@pytest.mark.parametrize("place", ["/proc/door-kiosk", "/sys/door-kiosk"])
def test_a_read_only_target_is_refused(make_pack_folder: MakePackFolder, place: str) -> None:
    with pytest.raises(ModelError, match="cannot be written"):
        make_pack_folder().import_into(Path(place))


def test_a_read_only_folder_is_refused(make_pack_folder: MakePackFolder, models: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    models.mkdir(parents=True)
    models.chmod(0o500)

    with pytest.raises(ModelError, match="cannot be written"):
        make_pack_folder().import_into(models)


def test_the_models_folder_belongs_to_its_owner_alone(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    pack = make_pack_folder().import_into(models)

    assert models.stat().st_mode & 0o077 == 0
    assert pack.folder.stat().st_mode & 0o077 == 0


def test_the_old_pack_goes_only_after_the_switch_is_on_the_disk(
    make_pack_folder: MakePackFolder, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = make_pack_folder("one", seed=1).import_into(models)
    other = make_pack_folder("two", seed=2)
    synced: list[tuple[str, bool]] = []
    sync = os.fsync

    def spy(descriptor: int) -> None:
        sync(descriptor)
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        synced.append((name, old.folder.exists()))

    monkeypatch.setattr(os, "fsync", spy)
    new = other.import_into(models)

    names = [name for name, _ in synced]
    assert {"pack.toml", "embedder.onnx", "detector.onnx", new.folder.name} <= set(names)
    assert names[-2:] == ["current.new", "models"]
    assert all(old_is_there for _, old_is_there in synced)
    assert not old.folder.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"pack-gone\n", b"../elsewhere\n", b"/srv\n", b"\0" * 12, b"\xff\xfe", b".\n"],
)
def test_a_damaged_current_file_is_reported(
    make_pack_folder: MakePackFolder, models: Path, content: bytes
) -> None:
    make_pack_folder().import_into(models)
    (models / "current").write_bytes(content)

    with pytest.raises(ModelError):
        open_pack(models)


def test_a_network_damaged_after_the_import_is_found(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    pack = make_pack_folder().import_into(models)
    card = pack.card(Role.EMBEDDER)
    flip_a_byte(pack.folder / card.file)

    with pytest.raises(ModelError, match="damaged"):
        open_pack(models).file(card)


def test_a_network_lost_after_the_import_is_found(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    pack = make_pack_folder().import_into(models)
    card = pack.card(Role.EMBEDDER)
    pack.file(card).unlink()

    with pytest.raises(ModelError, match=r"embedder.*is missing.*door-kiosk models import"):
        open_pack(models)
    with pytest.raises(ModelError, match="cannot be read"):
        pack.file(card)


def test_a_pack_without_networks_is_reported(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    pack = make_pack_folder().import_into(models)
    (pack.folder / "imported").write_text("")

    with pytest.raises(ModelError, match="empty"):
        open_pack(models)


def test_a_pack_imported_by_an_earlier_version_is_still_opened(
    make_pack_folder: MakePackFolder, models: Path
) -> None:
    pack = make_pack_folder().import_into(models)
    (pack.folder / "imported").unlink()

    assert open_pack(models).cards == pack.cards


def test_the_known_networks_are_imported_without_a_manifest(shared: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"

    pack = import_pack(shared / "models", models, self_test_pack)

    assert {card.role for card in pack.cards} >= {Role.DETECTOR, Role.EMBEDDER}
    assert pack.thresholds(pack.card(Role.EMBEDDER)).is_file()
    assert open_pack(models) == pack


def test_one_of_the_known_networks_alone_is_not_enough(shared: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    shutil.copy(shared / "models" / "mobilefacenet_112.onnx", stick)

    with pytest.raises(ModelError, match="no detector"):
        import_pack(stick, tmp_path / "models", self_test_pack)


@pytest.mark.parametrize(
    "text", ["a." * 20_000 + "b = 1", "x = 1\n" * 60_000, "[" + "a." * 99 + "b]"]
)
def test_a_manifest_that_is_none_is_refused_at_once(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pack.toml"
    path.write_text(text)

    with pytest.raises(ModelError, match="is not read"):
        read_manifest(path)

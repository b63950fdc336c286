"""Archives from USB sticks: sound ones, damaged ones and hostile ones."""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.errors import ModelError
from kiosk.models import archive
from kiosk.models.archive import file_name, unpacked

FILES = {"net.onnx": bytes(range(256)) * 40, "pack.toml": b"[net]\n", "net.selftest.npz": b"PK"}


def zipped(path: Path, files: dict[str, bytes], prefix: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(prefix + name, content)
    return path


def tarred(path: Path, files: dict[str, bytes], prefix: str = "") -> Path:
    mode = {".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as file:
        for name, content in files.items():
            info = tarfile.TarInfo(prefix + name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def member(kind: bytes, name: str = "net.onnx", size: int = 0, link: str = "") -> bytes:
    """Return the header of a tar entry, whatever it says."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info.tobuf(tarfile.GNU_FORMAT)


def contents(source: Path, models: Path) -> dict[str, bytes]:
    with unpacked(source, models) as folder:
        return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def refused(models: Path) -> Callable[[Path, str], None]:
    """Expect an archive to be refused, with nothing left behind."""

    def expect(source: Path, message: str) -> None:
        with pytest.raises(ModelError, match=message) as caught:
            contents(source, models)
        assert "unpacked-" not in str(caught.value)
        assert not models.exists() or list(models.iterdir()) == []

    return expect


@pytest.mark.parametrize("name", ["m.zip", "m.tar", "m.tar.gz", "m.tgz", "m.tar.xz"])
@pytest.mark.parametrize("prefix", ["", "models/", "./", "./models/"])
def test_a_sound_archive_becomes_a_folder_for_a_while(
    tmp_path: Path, models: Path, name: str, prefix: str
) -> None:
    make = zipped if name.endswith(".zip") else tarred
    source = make(tmp_path / name, FILES, prefix)
    assert contents(source, models) == FILES
    assert list(models.iterdir()) == []


def test_an_archive_made_by_the_system_with_its_folders(tmp_path: Path, models: Path) -> None:
    folder = tmp_path / "models-2"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    with tarfile.open(tmp_path / "m.tar", "w") as file:
        file.add(folder, "models-2")
    assert contents(tmp_path / "m.tar", models) == FILES
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as file:
        file.write(folder, "models-2")
        for path in folder.iterdir():
            file.write(path, f"models-2/{path.name}")
    assert contents(tmp_path / "m.zip", models) == FILES


def test_what_other_systems_add_is_left_out(tmp_path: Path, models: Path) -> None:
    extra = {"__MACOSX/models/._net.onnx": b"x", "models/.DS_Store": b"x", "models/read me": b"x"}
    source = zipped(tmp_path / "m.zip", {f"models/{k}": v for k, v in FILES.items()} | extra)
    assert contents(source, models) == FILES


def test_a_folder_is_offered_as_it_is(tmp_path: Path, models: Path) -> None:
    with unpacked(tmp_path, models) as folder:
        assert folder == tmp_path
    assert not models.exists()


def test_errors_of_the_block_name_the_archive(tmp_path: Path, models: Path) -> None:
    source = zipped(tmp_path / "m.zip", FILES)
    with pytest.raises(ModelError) as caught, unpacked(source, models) as folder:
        raise ModelError(f"{folder} holds no detector.")
    assert str(caught.value) == f"{source} holds no detector."
    assert list(models.iterdir()) == []


def test_what_a_power_cut_left_is_cleared_away(tmp_path: Path, models: Path) -> None:
    (models / "unpacked-old").mkdir(parents=True)
    (models / "unpacked-old" / "net.onnx").write_bytes(b"x")
    (models / "pack-1").mkdir()
    contents(zipped(tmp_path / "m.zip", FILES), models)
    assert [path.name for path in models.iterdir()] == ["pack-1"]


@pytest.mark.parametrize("content", [b"", b"PK", b"not an archive", bytes(10240)])
def test_something_else_is_refused(
    tmp_path: Path, refused: Callable[[Path, str], None], content: bytes
) -> None:
    source = tmp_path / "m.zip"
    source.write_bytes(content)
    refused(source, "of a known kind: .zip, .tar")


def test_something_that_is_no_file_is_not_opened(
    tmp_path: Path, refused: Callable[[Path, str], None]
) -> None:
    refused(tmp_path / "absent.zip", "neither a folder nor an archive")
    os.mkfifo(tmp_path / "pipe.tar")
    refused(tmp_path / "pipe.tar", "neither a folder nor an archive")
    refused(Path("/dev/zero"), "neither a folder nor an archive")


HOSTILE = ["/etc/net.onnx", "../net.onnx", "a/../../net.onnx", "a/b/net.onnx", "a\\net.onnx",
           "C:net.onnx", "..", "a/.."]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["m.zip", "m.tar"])
def test_names_that_lead_elsewhere_are_refused(
    tmp_path: Path, refused: Callable[[Path, str], None], name: str, kind: str
) -> None:
    make = zipped if kind == "m.zip" else tarred
    refused(make(tmp_path / kind, FILES | {name: b"evil"}), "which is refused")
    assert sorted(path.name for path in tmp_path.iterdir()) in ([kind], [kind, "models"])


def test_a_folder_that_leads_elsewhere_is_refused(
    tmp_path: Path, refused: Callable[[Path, str], None]
) -> None:
    (tmp_path / "m.tar").write_bytes(member(tarfile.DIRTYPE, "../up") + bytes(1024))
    refused(tmp_path / "m.tar", "leads out of its folder")
    refused(zipped(tmp_path / "m.zip", {"../up/": b""}), "leads out of its folder")


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
     tarfile.GNUTYPE_SPARSE],
)  # fmt: skip
def test_links_and_devices_in_a_tar_are_refused(
    tmp_path: Path, refused: Callable[[Path, str], None], kind: bytes
) -> None:
    (tmp_path / "m.tar").write_bytes(member(kind, link="/etc/passwd") + bytes(2048))
    refused(tmp_path / "m.tar", "a link or a device")


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR])
def test_links_and_devices_in_a_zip_are_refused(
    tmp_path: Path, refused: Callable[[Path, str], None], mode: int
) -> None:
    info = zipfile.ZipInfo("net.onnx")
    info.external_attr = (mode | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    refused(tmp_path / "m.zip", "a link or a device")


@pytest.mark.parametrize("second", ["net.onnx", "models/net.onnx", "other/net.onnx"])
def test_two_files_of_one_name_are_refused(
    tmp_path: Path, refused: Callable[[Path, str], None], second: str
) -> None:
    with tarfile.open(tmp_path / "m.tar", "w") as file:
        for name in ("net.onnx", second):
            file.addfile(tarfile.TarInfo(name))
    refused(tmp_path / "m.tar", r"two files called net\.onnx")


@pytest.mark.parametrize("kind", ["m.zip", "m.tar"])
def test_too_many_entries_are_refused(
    tmp_path: Path, models: Path, refused: Callable[[Path, str], None], kind: str
) -> None:
    make = zipped if kind == "m.zip" else tarred
    many = {f"file{i}.onnx": b"" for i in range(archive.MAX_ENTRIES)}
    assert len(contents(make(tmp_path / kind, many), models)) == archive.MAX_ENTRIES
    refused(make(tmp_path / kind, many | {"more.onnx": b""}), "more than 200")


def test_a_long_list_in_a_zip_is_refused_before_it_is_read(
    tmp_path: Path, refused: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    class NeverOpened:
        """Stands for the reader that would take the list as a whole."""

        def __init__(self, *args: object) -> None:
            pytest.fail("the list is read")

    source = tmp_path / "m.zip"
    long = zipped(source, {f"file{i}.onnx": b"" for i in range(5000)}).read_bytes()
    lying = bytearray(long)
    end = long.rfind(b"PK\x05\x06")
    lying[end + 8 : end + 12] = struct.pack("<HH", 3, 3)
    # The long form of the record at the end overrides the short one.
    short = zipped(source, {"net.onnx": b""}).read_bytes()
    begins, end = short.find(b"PK\x01\x02"), short.rfind(b"PK\x05\x06")
    overridden = bytearray(short[:end] + b"PK\x06\x07" + bytes(16) + short[end:])
    overridden[-10:-6] = struct.pack("<L", end + 20 - begins)
    monkeypatch.setattr(archive.zipfile, "ZipFile", NeverOpened)
    for content in (long, lying, overridden):
        source.write_bytes(content)
        refused(source, "more than 200")


@pytest.mark.parametrize("kind", ["m.zip", "m.tar.gz", "m.tar.xz", "m.tar"])
def test_more_than_the_limit_is_refused(
    tmp_path: Path,
    refused: Callable[[Path, str], None],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 100_000)
    make = zipped if kind == "m.zip" else tarred
    source = make(tmp_path / kind, {"a.onnx": bytes(60_000), "b.onnx": bytes(60_000)})
    refused(source, "larger than 2 GiB" if kind == "m.tar" else "holds more than 2 GiB")


def test_a_zip_that_holds_more_than_it_says_is_refused(
    tmp_path: Path, refused: Callable[[Path, str], None]
) -> None:
    source = zipped(tmp_path / "m.zip", {"net.onnx": bytes(5_000_000)})
    content = source.read_bytes().replace(struct.pack("<L", 5_000_000), struct.pack("<L", 100))
    source.write_bytes(content)
    refused(source, "damaged or not complete")


@pytest.mark.parametrize("claimed", [1 << 33, 1 << 62])
def test_a_tar_that_claims_to_be_endless_is_refused(
    tmp_path: Path, refused: Callable[[Path, str], None], claimed: int
) -> None:
    with gzip.open(tmp_path / "m.tar.gz", "wb") as file:
        file.write(member(tarfile.REGTYPE, size=claimed) + bytes(4096))
    refused(tmp_path / "m.tar.gz", "holds more than 2 GiB")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_of_gigabytes_is_not_read(
    tmp_path: Path, refused: Callable[[Path, str], None], kind: bytes
) -> None:
    with gzip.open(tmp_path / "m.tar.gz", "wb") as file:
        file.write(member(kind, size=1 << 31) + bytes(4096))
    refused(tmp_path / "m.tar.gz", "impossibly long")


def test_negative_sizes_are_refused(tmp_path: Path, refused: Callable[[Path, str], None]) -> None:
    (tmp_path / "m.tar").write_bytes(member(tarfile.REGTYPE, size=-4096) + bytes(4096))
    refused(tmp_path / "m.tar", "damaged or not complete")


def test_an_encrypted_archive_is_named_so(
    tmp_path: Path, refused: Callable[[Path, str], None]
) -> None:
    source = zipped(tmp_path / "m.zip", {"net.onnx": b"secret"})
    content = bytearray(source.read_bytes())
    content[6] |= 1  # the flag in the file's own header, and in the list
    content[content.find(b"PK\x01\x02") + 8] |= 1
    source.write_bytes(content)
    refused(source, "is encrypted. Pack the models without a password")


def test_an_unknown_compression_is_named_so(
    tmp_path: Path, refused: Callable[[Path, str], None]
) -> None:
    source = zipped(tmp_path / "m.zip", {"net.onnx": b"x"})
    content = bytearray(source.read_bytes())
    content[8] = 98
    content[content.find(b"PK\x01\x02") + 10] = 98
    source.write_bytes(content)
    refused(source, "cannot be unpacked")


@pytest.mark.parametrize("name", ["m.zip", "m.tar", "m.tar.gz", "m.tar.xz"])
def test_a_truncated_archive_is_refused_wherever_it_ends(
    tmp_path: Path, refused: Callable[[Path, str], None], name: str
) -> None:
    make = zipped if name == "m.zip" else tarred
    whole = make(tmp_path / "whole", FILES) if name == "m.tar" else make(tmp_path / name, FILES)
    content = whole.read_bytes()
    # A tar is padded with zeros: its end is the first empty block after the last file.
    needed = len(content.rstrip(b"\0")) if name == "m.tar" else len(content)
    for length in {600, needed // 3, needed // 2, needed - 20, needed - 1}:
        if name != "m.tar" and length >= len(content):
            continue
        (tmp_path / name).write_bytes(content[:length])
        refused(tmp_path / name, "damaged or not complete|of a known kind")


def test_a_zip_inside_does_not_pass_for_the_archive(
    tmp_path: Path, refused: Callable[[Path, str], None]
) -> None:
    inner = zipped(tmp_path / "inner.npz", {"pixels.npy": b"x"}).read_bytes()
    source = tmp_path / "m.zip"
    with zipfile.ZipFile(source, "w") as file:  # stored as it is
        file.writestr("net.selftest.npz", inner)
    whole = source.read_bytes()
    for length in (len(whole) - 100, whole.find(inner) + len(inner)):
        source.write_bytes(whole[:length])
        refused(source, "damaged or not complete")


def test_a_comment_in_a_zip_does_no_harm(tmp_path: Path, models: Path) -> None:
    source = zipped(tmp_path / "m.zip", FILES)
    with zipfile.ZipFile(source, "a") as file:
        file.comment = b"models of the north door"
    assert contents(source, models) == FILES


def test_a_tar_that_ends_between_two_files_is_refused(
    tmp_path: Path, refused: Callable[[Path, str], None]
) -> None:
    content = tarred(tmp_path / "m.tar", FILES).read_bytes()
    first_two = 512 + 10240 + 512 + 512
    (tmp_path / "m.tar").write_bytes(content[:first_two])
    refused(tmp_path / "m.tar", "damaged or not complete")
    # tarfile takes a damaged header for the end.
    (tmp_path / "m.tar").write_bytes(content[:first_two] + b"\x01" * 512 + bytes(1024))
    refused(tmp_path / "m.tar", "damaged or not complete")


@pytest.mark.parametrize("name", ["m.zip", "m.tar.gz", "m.tar.xz"])
def test_a_flipped_bit_in_the_data_is_noticed(tmp_path: Path, models: Path, name: str) -> None:
    make = zipped if name == "m.zip" else tarred
    source = make(tmp_path / name, {"net.onnx": os.urandom(4000), "other.onnx": b"x"})
    content = bytearray(source.read_bytes())
    content[len(content) // 2] ^= 0x10
    source.write_bytes(content)
    with pytest.raises(ModelError, match="damaged or not complete"):
        contents(source, models)


def test_the_checksum_at_the_end_is_read(
    tmp_path: Path, refused: Callable[[Path, str], None]
) -> None:
    source = tarred(tmp_path / "m.tar.gz", FILES)
    content = bytearray(source.read_bytes())
    content[-6] ^= 1
    source.write_bytes(content)
    refused(source, "damaged or not complete")


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, refused: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = zipped(tmp_path / "m.zip", FILES)
    whole_open = Path.open

    def no_room(path: Path, mode: str = "r", *args: object, **kwargs: object) -> object:
        if mode == "xb":
            raise OSError(28, "No space left on device")
        return whole_open(path, mode, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", no_room)
    refused(source, "could not be unpacked .* No space left on device")


ANY_NAME = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(["..", ".", "", "a", "net.onnx", "/", "\\", "C:", "\0", "…", ".hidden"]),
        max_size=5,
    ).map("/".join),
)


@given(name=ANY_NAME)
def test_a_name_is_one_of_this_folder_or_none(name: str) -> None:
    try:
        found = file_name(name)
    except ValueError:
        return
    if found is not None:
        folder = Path("/somewhere/models")
        assert (folder / found).parent == folder
        assert found not in ("", ".", "..") and found.isascii() and found in name


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.lists(ANY_NAME, max_size=4), make=st.sampled_from([zipped, tarred]))
def test_whatever_names_an_archive_has_nothing_gets_out(
    tmp_path: Path, names: Sequence[str], make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    room = tmp_path / "room"
    room.mkdir(exist_ok=True)
    try:
        source = make(tmp_path / "m", dict.fromkeys(names, b"evil"))
    except (ValueError, IndexError, UserWarning):  # such an archive cannot be made
        return
    try:
        found = contents(source, room / "models")
    except ModelError:
        pass
    else:
        assert all("/" not in name for name in found)
    assert [path.name for path in room.iterdir()] in ([], ["models"])
    assert not (room / "models").exists() or list((room / "models").iterdir()) == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(["m.zip", "m.tar", "m.tar.gz", "m.tar.xz"]),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_whatever_is_changed_in_an_archive_is_a_fault_or_harmless(
    tmp_path: Path, kind: str, changes: list[tuple[float, int]]
) -> None:
    make = zipped if kind == "m.zip" else tarred
    source = make(tmp_path / kind, FILES)
    content = bytearray(source.read_bytes())
    for where, value in changes:
        content[int(where * len(content))] = value
    source.write_bytes(content)
    with contextlib.suppress(ModelError):
        contents(source, tmp_path / "models")
    assert not list((tmp_path / "models").glob("*"))


def test_xz_is_recognised_by_its_content_not_its_name(tmp_path: Path, models: Path) -> None:
    plain = tarred(tmp_path / "m.tar", FILES)
    (tmp_path / "models.bin").write_bytes(lzma.compress(plain.read_bytes()))
    assert contents(tmp_path / "models.bin", models) == FILES

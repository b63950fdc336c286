"""``models pull`` from a server on this computer, with tiny networks in the catalogue."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kiosk.commands.models_pull import Meter
from kiosk.datafolder import DataFolder
from kiosk.models.download import Downloader


class Shop(ThreadingHTTPServer):
    """Serves the files of a folder by name; ``cut`` breaks answers off after so many bytes."""

    daemon_threads = False

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.folder = folder
        self.cut: int | None = None
        self.asked: list[tuple[str, str | None]] = []
        self.before_answer: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Counter(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        name, part = self.path.lstrip("/"), self.headers["Range"]
        self.server.asked.append((name, part))
        self.server.before_answer()
        path = self.server.folder / name
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        start = int(part.removeprefix("bytes=").rstrip("-")) if part else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[start : self.server.cut])

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop(
    tmp_path: Path, make_tiny_pack: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """A server with the networks of the catalogue; the catalogue itself has none of them."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    shelf = make_tiny_pack(tmp_path / "shelf")
    shop = Shop(shelf)
    catalogue = tmp_path / "catalogue"
    shutil.copytree(shelf, catalogue)
    text = (shelf / "pack.toml").read_text()
    for name in ("eye", "name"):
        (catalogue / f"{name}.onnx").unlink()
        size = (shelf / f"{name}.onnx").stat().st_size
        extra = f'bytes = {size}\nupstream = "{shop.url}/{name}.onnx"\n'
        text = text.replace(f"[{name}]\n", f"[{name}]\n{extra}")
    (shelf / "pack.toml").unlink()
    (catalogue / "pack.toml").unlink()
    (catalogue / "catalogue.toml").write_text(text)
    monkeypatch.setattr("kiosk.models.pack.builtin_folder", lambda: catalogue)
    monkeypatch.setattr("kiosk.models.pack.embedded_folder", lambda: tmp_path / "none")
    # Nobody waits between attempts.
    patient = functools.partial(Downloader, wait=lambda seconds: None)
    monkeypatch.setattr("kiosk.models.download.Downloader", patient)
    thread = threading.Thread(target=shop.serve_forever, args=(0.01,), name="shop")
    thread.start()
    yield shop
    shop.shutdown()
    thread.join()
    shop.server_close()


def add_file(shop: Shop, tmp_path: Path, upstream: bool = True) -> None:
    """Add the embedder for the RK3588 to the catalogue."""
    content = b"not really for an NPU" * 100
    (shop.folder / "name_rk3588.rknn").write_bytes(content)
    catalogue = tmp_path / "catalogue"
    address = f'upstream = "{shop.url}/name_rk3588.rknn"' if upstream else ""
    with (catalogue / "catalogue.toml").open("a") as file:
        file.write(
            f'\n[[name.files]]\ntarget = "rk3588"\nprecision = "fp16"\n{address}\n'
            f'file = "name_rk3588.rknn"\nsha256 = "{hashlib.sha256(content).hexdigest()}"\n'
        )
    shutil.copy(catalogue / "name.selftest.npz", catalogue / "name.fp16.selftest.npz")


def kinds(kiosk) -> list[str]:
    return [e["kind"] for e in json.loads(kiosk("events", "list", "--json").out)["events"]]


def test_pull_fetches_imports_and_logs(kiosk, shop: Shop, data: Path) -> None:
    answer = kiosk("models", "pull")
    assert answer.code == 0, answer.err
    assert "2 models imported" in answer.out
    assert "eye.onnx: digest correct, self-test passed" in answer.out
    assert f"Fetching eye.onnx (1 of 2) from {shop.url}/eye.onnx" in answer.err
    assert "\r" not in answer.err
    assert shop.asked == [("eye.onnx", None), ("name.onnx", None)]
    assert kinds(kiosk) == ["models_imported"]
    assert not (data / "models" / "download").exists()
    listed = json.loads(kiosk("models", "list", "--json").out)["models"]
    assert [(m["name"], m["target"], m["runs_here"]) for m in listed] == [
        ("eye", "onnx", True),
        ("name", "onnx", True),
    ]
    assert kiosk("models", "verify").code == 0


def test_what_is_in_use_is_not_fetched_again(kiosk, shop: Shop) -> None:
    assert kiosk("models", "pull").code == 0
    shop.asked.clear()
    answer = kiosk("models", "pull", "--json")
    assert answer.code == 0, answer.err
    tree = json.loads(answer.out)
    assert (tree["imported"], tree["fetched"], tree["kept"]) == (
        False,
        [],
        ["eye.onnx", "name.onnx"],
    )
    assert shop.asked == []
    assert kinds(kiosk) == ["models_imported"]


def test_only_what_is_damaged_is_fetched_again(kiosk, shop: Shop, data: Path) -> None:
    assert kiosk("models", "pull").code == 0
    shop.asked.clear()
    next((data / "models").glob("pack-*/name.onnx")).write_bytes(b"damaged")
    answer = kiosk("models", "pull", "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["fetched"] == ["name.onnx"]
    assert shop.asked == [("name.onnx", None)]
    assert kiosk("models", "verify").code == 0


def test_a_damaged_self_test_is_mended_without_fetching(kiosk, shop: Shop, data: Path) -> None:
    assert kiosk("models", "pull").code == 0
    shop.asked.clear()
    next((data / "models").glob("pack-*/name.selftest.npz")).write_bytes(b"damaged")
    assert kiosk("models", "pull").code == 0
    assert shop.asked == []
    assert kiosk("models", "verify").code == 0


def test_a_failed_pull_leaves_the_old_models_working(
    kiosk, shop: Shop, data: Path, make_tiny_pack: Callable[..., Path], tmp_path: Path
) -> None:
    # The same networks under another name and version: nothing of them can be taken over.
    stick = make_tiny_pack(tmp_path / "stick", version="0")
    (stick / "eye.onnx").write_bytes((stick / "eye.onnx").read_bytes() + b"\x32\x00")
    text = (stick / "pack.toml").read_text()
    old = hashlib.sha256((shop.folder / "eye.onnx").read_bytes()).hexdigest()
    new = hashlib.sha256((stick / "eye.onnx").read_bytes()).hexdigest()
    (stick / "pack.toml").write_text(text.replace(old, new))
    assert kiosk("models", "import", stick).code == 0
    before = (data / "models" / "current").read_text()
    eye = shop.folder / "eye.onnx"
    eye.write_bytes(bytes([eye.read_bytes()[0] ^ 1]) + eye.read_bytes()[1:])

    answer = kiosk("models", "pull")

    assert answer.code == 1
    assert "SHA-256" in answer.err and "has been deleted" in answer.err
    assert not list((data / "models").rglob("*.part"))
    assert (data / "models" / "current").read_text() == before
    assert kiosk("models", "verify").code == 0
    assert kinds(kiosk) == ["models_imported"]


def test_a_connection_that_keeps_breaking_is_resumed_by_the_next_pull(
    kiosk, shop: Shop, data: Path
) -> None:
    shop.cut = 700
    answer = kiosk("models", "pull")
    assert answer.code == 1
    assert "trying again" in answer.err
    assert "700 bytes are kept; the same command goes on" in answer.err
    assert (data / "models" / "download" / "eye.onnx.part").stat().st_size == 700
    shop.cut = None
    shop.asked.clear()
    assert kiosk("models", "pull").code == 0
    assert shop.asked[0] == ("eye.onnx", "bytes=700-")


def test_an_interruption_is_said_and_keeps_the_part(
    kiosk, shop: Shop, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(self: Meter, file: str, done: int, total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    monkeypatch.setattr(Meter, "progress", pressed)
    answer = kiosk("models", "pull")
    assert answer.code == 130
    assert "is kept: the same command goes on from there." in answer.err
    assert answer.err.endswith("door-kiosk: interrupted\n")
    assert (data / "models" / "download" / "eye.onnx.part").stat().st_size > 0


def test_nothing_is_fetched_while_a_kiosk_runs(kiosk, shop: Shop, data: Path) -> None:
    with DataFolder(data).exclusive():
        answer = kiosk("models", "pull")
    assert answer.code == 1
    assert "Another door-kiosk" in answer.err
    assert shop.asked == []


def test_a_kiosk_that_starts_meanwhile_costs_no_second_download(
    kiosk, shop: Shop, data: Path
) -> None:
    with DataFolder(data).exclusive():
        pass
    owner = DataFolder(data).exclusive()
    started: list[object] = []

    def start() -> None:
        if not started:
            started.append(owner.__enter__())

    shop.before_answer = start
    answer = kiosk("models", "pull")
    owner.__exit__(None, None, None)
    assert answer.code == 1
    assert "Another door-kiosk" in answer.err
    shop.asked.clear()
    answer = kiosk("models", "pull")
    assert answer.code == 0, answer.err
    assert "eye.onnx: fetched before, digest correct." in answer.err
    assert shop.asked == []


def test_a_folder_can_be_the_mirror(kiosk, shop: Shop, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    for name in ("eye.onnx", "name.onnx"):
        shutil.copy(shop.folder / name, stick)
    # A mirror's own ideas of what its files are do not count.
    (stick / "pack.toml").write_text("garbage")
    answer = kiosk("models", "pull", "--mirror", stick)
    assert answer.code == 0, answer.err
    assert shop.asked == []


def test_a_mirror_without_a_file_is_a_fault(kiosk, shop: Shop, tmp_path: Path) -> None:
    answer = kiosk("models", "pull", "--mirror", tmp_path / "absent")
    assert answer.code == 1 and "is not a folder" in answer.err
    answer = kiosk("models", "pull", "--mirror", f"{shop.url}/nowhere")
    assert answer.code == 1 and "404" in answer.err and "--mirror" in answer.err


def test_an_address_can_be_the_mirror(kiosk, shop: Shop, tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue" / "catalogue.toml"
    catalogue.write_text(catalogue.read_text().replace(shop.url, "https://models.invalid"))
    answer = kiosk("models", "pull", "--mirror", f"{shop.url}/")
    assert answer.code == 0, answer.err
    assert [name for name, _ in shop.asked] == ["eye.onnx", "name.onnx"]


def test_files_for_other_chips_come_when_asked_for(kiosk, shop: Shop, tmp_path: Path) -> None:
    add_file(shop, tmp_path)
    assert kiosk("models", "pull").code == 0
    assert [name for name, _ in shop.asked] == ["eye.onnx", "name.onnx"]
    answer = kiosk("models", "pull", "--all", "--json")
    assert answer.code == 0, answer.err
    tree = json.loads(answer.out)
    assert (tree["fetched"], tree["kept"]) == (["name_rk3588.rknn"], ["eye.onnx", "name.onnx"])
    assert [name for name, _ in shop.asked][2:] == ["name_rk3588.rknn"]
    # Once there they stay, also where only this computer's are asked for.
    assert kiosk("models", "pull").code == 0
    verified = kiosk("models", "verify")
    assert verified.code == 0, verified.err
    assert "name_rk3588.rknn: digest correct, not run here: made for rk3588" in verified.out


def test_the_board_fetches_its_own_files(
    kiosk, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kiosk.board.soc import Soc

    add_file(shop, tmp_path)
    monkeypatch.setattr("kiosk.board.soc.read_soc", lambda: Soc("rk3588s", "rk3588", 3, 2))
    (shop.folder / "name_rk3588.rknn").unlink()
    answer = kiosk("models", "pull")
    assert answer.code == 1 and "name_rk3588.rknn (404" in answer.err


def test_what_nobody_published_may_be_at_a_mirror(kiosk, shop: Shop, tmp_path: Path) -> None:
    add_file(shop, tmp_path, upstream=False)
    assert kiosk("models", "pull", "--all").code == 0
    assert "name_rk3588.rknn" not in [name for name, _ in shop.asked]
    content = (shop.folder / "name_rk3588.rknn").read_bytes()
    (shop.folder / "name_rk3588.rknn").unlink()
    answer = kiosk("models", "pull", "--all", "--mirror", shop.url)
    assert answer.code == 0, answer.err
    assert "It is left out." in answer.err
    (shop.folder / "name_rk3588.rknn").write_bytes(content)
    answer = kiosk("models", "pull", "--all", "--mirror", shop.url, "--json")
    assert json.loads(answer.out)["fetched"] == ["name_rk3588.rknn"]
    installed = next((tmp_path / "data" / "models").glob("pack-*/name_rk3588.rknn"))
    installed.write_bytes(b"damaged")
    answer = kiosk("models", "pull")
    assert answer.code == 1
    assert "nobody has published it" in answer.err and "--mirror" in answer.err


def test_a_network_that_is_no_longer_in_use_is_named(
    kiosk, shop: Shop, make_tiny_pack: Callable[..., Path], tmp_path: Path
) -> None:
    stick = make_tiny_pack(tmp_path / "stick")
    text = (stick / "pack.toml").read_text().replace("[name]", "[other-name]")
    (stick / "pack.toml").write_text(text)
    shutil.move(stick / "name.selftest.npz", stick / "other-name.selftest.npz")
    answer = kiosk("models", "import", stick, "--without-thresholds")
    assert answer.code == 0, answer.err
    answer = kiosk("models", "pull")
    assert "Attention: other-name, of the models before, are no longer in use." in answer.out


def test_a_network_that_fails_its_self_test_is_not_taken(
    kiosk, shop: Shop, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "catalogue" / "name.selftest.npz").write_bytes(b"not a test")
    answer = kiosk("models", "pull")
    assert answer.code == 1
    assert "self-test of name cannot be read" in answer.err
    assert not (data / "models" / "current").exists()


class Terminal(io.StringIO):
    """A stream that says to be a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize("total", [4_000_000, None])
def test_a_terminal_shows_bytes_percent_and_speed_in_one_line(total: int | None) -> None:
    stream, clock = Terminal(), Clock()
    meter = Meter(stream, clock)
    meter.progress("net.onnx", 1_000_000, total)
    clock.now_s += 2.0
    meter.progress("net.onnx", 2_000_000, total)
    clock.now_s += 0.01
    meter.progress("net.onnx", 2_100_000, total)  # too soon to be shown
    meter.tell("Something happens.")
    lines = stream.getvalue().split("\r")[-1].splitlines()
    share = " of 4.0 MB, 50 %" if total else ""
    assert lines == [f"net.onnx: 2.0 MB{share}, 500 kB/s", "Something happens."]


def test_a_file_shows_a_line_now_and_then_and_at_the_end() -> None:
    stream, clock = io.StringIO(), Clock()
    meter = Meter(stream, clock)
    for done in range(0, 4_000_001, 100_000):
        meter.progress("net.onnx", done, 4_000_000)
        clock.now_s += 1.0
    assert stream.getvalue().splitlines() == [
        "net.onnx: 1.0 MB of 4.0 MB, 25 %, 100 kB/s",
        "net.onnx: 2.0 MB of 4.0 MB, 50 %, 100 kB/s",
        "net.onnx: 3.0 MB of 4.0 MB, 75 %, 100 kB/s",
        "net.onnx: 4.0 MB of 4.0 MB, 100 %, 100 kB/s",
    ]


def test_what_was_there_before_does_not_count_as_speed() -> None:
    stream, clock = io.StringIO(), Clock()
    meter = Meter(stream, clock)
    meter.progress("net.onnx", 3_000_000, 4_000_000)
    clock.now_s += 10.0
    meter.progress("net.onnx", 4_000_000, 4_000_000)
    assert stream.getvalue() == "net.onnx: 4.0 MB of 4.0 MB, 100 %, 100 kB/s\n"

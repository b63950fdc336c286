"""Fetching files from servers that behave, and from servers that do not."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import shutil
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk import __version__
from kiosk.errors import DataFolderBusyError, ModelError
from kiosk.models.card import ModelCard
from kiosk.models.download import Downloader, download_folder
from kiosk.models.partfile import Origin, PartFile
from kiosk.models.web import NotThereError, _Redirects, check_address, shown

CONTENT = bytes(i * i % 251 for i in range(300_000))
ETAG = '"version-1"'


class Server(ThreadingHTTPServer):
    """Serves on a free port of this computer, in a thread that ends with the block."""

    daemon_threads = False

    def __init__(self, content: bytes = CONTENT) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.01}, name="fake-server"
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/net.onnx"

    @property
    def ranges(self) -> list[str | None]:
        return [headers.get("range") for _, headers in self.requests]

    def answer(self, ask: Handler) -> None:
        raise NotImplementedError

    def connect(self, ask: Handler) -> None:
        raise NotImplementedError

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients of these tests go away early, which is no fault of the server."""

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, asked))
        self.server.answer(self)

    def do_CONNECT(self) -> None:
        self.server.requests.append((self.path, {}))
        self.server.connect(self)

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def send(self, code: int, body: bytes = b"", **headers: object) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)


class PlainServer(Server):
    """Sends the whole file, whatever was asked for."""

    def answer(self, ask: Handler) -> None:
        ask.send(200, self.content, Content_Length=len(self.content))


class RangedServer(Server):
    """Knows ranges and versions; ``cuts`` are the bytes after which its answers break off."""

    def __init__(
        self, content: bytes = CONTENT, cuts: tuple[int, ...] = (), etag: str = ETAG
    ) -> None:
        super().__init__(content)
        self.cuts = list(cuts)
        self.etag = etag

    def answer(self, ask: Handler) -> None:
        whole, start = len(self.content), 0
        wanted, version = ask.headers["Range"], ask.headers["If-Range"]
        if wanted and version in (None, self.etag):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= whole:
            ask.send(416, Content_Range=f"bytes */{whole}")
            return
        body = self.content[start:]
        cut = self.cuts.pop(0) if self.cuts else len(body)
        headers: dict[str, object] = {"Content_Length": len(body), "ETag": self.etag}
        if start:
            headers["Content_Range"] = f"bytes {start}-{whole - 1}/{whole}"
        ask.send(206 if start else 200, body[:cut], **headers)


class EndlessServer(Server):
    """Does not say how much it sends, and does not stop."""

    def answer(self, ask: Handler) -> None:
        ask.send(200)
        try:
            while True:
                ask.wfile.write(bytes(1 << 16))
        except OSError:
            pass


class WrongLengthServer(Server):
    """Declares ``length`` and sends what it has."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def answer(self, ask: Handler) -> None:
        ask.send(200, self.content, Content_Length=self.length)


class WrongRangeServer(Server):
    """Answers every request for a part with another part."""

    def answer(self, ask: Handler) -> None:
        if ask.headers["Range"]:
            ask.send(206, self.content[7:], Content_Range=f"bytes 7-9/{len(self.content)}")
        else:
            ask.send(200, self.content, Content_Length=len(self.content))


class SilentServer(Server):
    """Takes requests and never answers, until the test is over."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def answer(self, ask: Handler) -> None:
        self.over.wait(10)

    def __exit__(self, *args: object) -> None:
        self.over.set()
        super().__exit__(*args)


class StatusServer(PlainServer):
    """Answers with these codes first."""

    def __init__(self, *codes: int, **headers: object) -> None:
        super().__init__()
        self.codes = list(codes)
        self.headers = headers

    def answer(self, ask: Handler) -> None:
        if self.codes:
            ask.send(self.codes.pop(0), **self.headers)
        else:
            super().answer(ask)


class RedirectingServer(Server):
    """Sends everybody elsewhere."""

    def __init__(self, target: str, code: int = 302) -> None:
        super().__init__()
        self.target, self.code = target, code

    def answer(self, ask: Handler) -> None:
        ask.send(self.code, Location=self.target or self.url)


class Proxy(PlainServer):
    """A proxy that has the file itself, and leads to no encrypted server."""

    def connect(self, ask: Handler) -> None:
        ask.send_error(403, "not from here")


class GarbageServer(Server):
    """Does not speak HTTP."""

    def answer(self, ask: Handler) -> None:
        ask.wfile.write(b"\x00\xff garbage\r\n\r\n")


class Notes:
    """Remembers what a watcher is told."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.steps: list[tuple[int, int | None]] = []

    def tell(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def progress(self, file: str, done: int, total: int | None) -> None:
        self.steps.append((done, total))


class InterruptedNotes(Notes):
    """Somebody presses Ctrl-C when half of the file is there."""

    def progress(self, file: str, done: int, total: int | None) -> None:
        if done > len(CONTENT) // 2:
            raise KeyboardInterrupt


MakeCard = Callable[..., ModelCard]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests must not depend on where they run."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def card(make_card: MakeCard) -> MakeCard:
    """Make the card of the file that the servers have."""

    def make(url: str = "", **changes: Any) -> ModelCard:
        entries = {
            "file": "net.onnx",
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "bytes": len(CONTENT),
            "upstream": url,
        }
        return make_card(**(entries | changes))

    return make


class Bench:
    """A downloader with its folder, what it said, and how long it paused."""

    def __init__(self, folder: Path, notes: Notes | None = None) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.notes = notes or Notes()
        self.pauses: list[float] = []
        self.downloader = Downloader(
            folder, self.notes, timeout_s=5.0, wait=self.pauses.append
        )  # fmt: skip
        self.part = folder / "net.onnx.part"

    def begin(self, size: int, source: str = "", etag: str = "", total: int | None = None) -> None:
        """Leave a part behind, as an earlier run does."""
        self.part.write_bytes(CONTENT[:size])
        PartFile(self.part).remember(Origin(source, etag, total))

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "download")


def test_a_file_arrives_whole_and_nothing_else_is_sent(bench: Bench, card: MakeCard) -> None:
    with PlainServer() as server:
        path = bench.downloader.fetch(card(server.url))
    assert path.read_bytes() == CONTENT
    assert bench.names == ["net.onnx"]
    assert bench.notes.steps[0] == (0, len(CONTENT))
    assert bench.notes.steps[-1] == (len(CONTENT), len(CONTENT))
    assert bench.notes.sentences == []
    _, headers = server.requests[0]
    assert headers == {
        "user-agent": f"door-kiosk/{__version__}",
        "host": f"127.0.0.1:{server.server_port}",
        "accept-encoding": "identity",
        "connection": "close",
    }


def test_a_file_that_is_there_is_not_fetched_again(bench: Bench, card: MakeCard) -> None:
    (bench.folder / "net.onnx").write_bytes(CONTENT)
    assert bench.downloader.is_here(card("http://127.0.0.1:1/"))
    bench.downloader.fetch(card("http://127.0.0.1:1/"))
    assert bench.notes.steps == []


def test_a_broken_connection_is_resumed(bench: Bench, card: MakeCard) -> None:
    with RangedServer(cuts=(100_000, 100_000)) as server:
        path = bench.downloader.fetch(card(server.url))
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-", "bytes=200000-"]
    assert server.requests[1][1]["if-range"] == ETAG
    assert [s for s in bench.notes.sentences if "trying again" in s]
    assert "the connection ended after 100000 of 300000 bytes" in bench.notes.sentences[0]


def test_a_later_run_goes_on_where_the_earlier_stopped(bench: Bench, card: MakeCard) -> None:
    with RangedServer() as server:
        bench.begin(123_456, shown(server.url), ETAG, len(CONTENT))
        path = bench.downloader.fetch(card(server.url))
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=123456-"]
    assert "going on after 123456 bytes" in bench.notes.sentences[0]


def test_a_server_without_ranges_starts_over(bench: Bench, card: MakeCard) -> None:
    bench.begin(123_456)
    with PlainServer() as server:
        path = bench.downloader.fetch(card(server.url))
    assert path.read_bytes() == CONTENT
    assert "from the beginning" in bench.notes.sentences[0]


def test_another_version_at_the_server_starts_over(bench: Bench, card: MakeCard) -> None:
    with RangedServer(etag='"version-2"') as server:
        bench.begin(123_456, shown(server.url), ETAG, len(CONTENT))
        bench.part.write_bytes(bytes(123_456))
        path = bench.downloader.fetch(card(server.url))
    assert path.read_bytes() == CONTENT
    assert server.requests[0][1]["if-range"] == ETAG


def test_the_version_of_one_server_is_not_asked_of_another(bench: Bench, card: MakeCard) -> None:
    bench.begin(123_456, "https://elsewhere.example/net.onnx", '"theirs"', len(CONTENT))
    with RangedServer() as server:
        bench.downloader.fetch(card(server.url))
    assert "if-range" not in server.requests[0][1]
    assert server.ranges == ["bytes=123456-"]


def test_a_weak_version_is_never_used_for_resuming(bench: Bench, card: MakeCard) -> None:
    with RangedServer(cuts=(1000,), etag='W/"weak"') as server:
        bench.downloader.fetch(card(server.url))
    assert "if-range" not in server.requests[1][1]


def test_a_changed_size_starts_over(bench: Bench, card: MakeCard) -> None:
    with RangedServer(etag="") as server:
        bench.begin(1000, shown(server.url), "", 7777)
        path = bench.downloader.fetch(card(server.url, bytes=0))
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-", None]
    assert "not the one that was begun" in bench.notes.sentences[0]


def test_a_part_longer_than_the_file_at_the_server_starts_over(
    bench: Bench, card: MakeCard
) -> None:
    bench.part.write_bytes(CONTENT + b"more")
    with RangedServer() as server:
        path = bench.downloader.fetch(card(server.url, bytes=0))
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=300004-", None]


@pytest.mark.parametrize("known", [True, False], ids=["size known", "size unknown"])
def test_a_part_that_is_complete_is_only_checked(bench: Bench, card: MakeCard, known: bool) -> None:
    bench.begin(len(CONTENT))
    with RangedServer() as server:
        path = bench.downloader.fetch(card(server.url, **({} if known else {"bytes": 0})))
    assert path.read_bytes() == CONTENT
    assert len(server.requests) == (0 if known else 1)


def test_a_part_longer_than_the_card_allows_is_dropped(bench: Bench, card: MakeCard) -> None:
    bench.part.write_bytes(bytes(len(CONTENT) + 1))
    with RangedServer() as server:
        bench.downloader.fetch(card(server.url))
    assert server.ranges == [None]


def test_another_part_than_asked_for_is_not_believed(bench: Bench, card: MakeCard) -> None:
    bench.begin(1000)
    with WrongRangeServer() as server:
        path = bench.downloader.fetch(card(server.url))
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-", None]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(0, 120_000), max_size=6), begun=st.integers(0, 300_000))
def test_however_it_breaks_the_file_is_whole_or_absent(
    tmp_path: Path, card: MakeCard, cuts: list[int], begun: int
) -> None:
    bench = Bench(tmp_path / "many")
    shutil.rmtree(bench.folder)
    bench = Bench(bench.folder)
    with RangedServer(cuts=tuple(cuts)) as server:
        bench.begin(begun, shown(server.url), ETAG, len(CONTENT))
        try:
            path = bench.downloader.fetch(card(server.url))
        except ModelError:
            assert "net.onnx" not in bench.names
        else:
            assert path.read_bytes() == CONTENT


def test_a_server_that_brings_nothing_new_is_given_up(bench: Bench, card: MakeCard) -> None:
    with (
        RangedServer(cuts=(5000,) + (0,) * 9) as server,
        pytest.raises(ModelError, match="5000 bytes are kept; the same command goes on"),
    ):
        bench.downloader.fetch(card(server.url))
    assert len(server.requests) == 6
    assert bench.pauses == [1, 1, 2, 4, 8]
    assert bench.part.read_bytes() == CONTENT[:5000]


def test_a_drop_at_a_time_does_not_go_on_for_ever(bench: Bench, card: MakeCard) -> None:
    with RangedServer(cuts=(1,) * 500) as server, pytest.raises(ModelError, match="100 bytes are"):
        bench.downloader.fetch(card(server.url))
    assert len(server.requests) == 100


def test_a_wrong_digest_deletes_what_was_fetched(bench: Bench, card: MakeCard) -> None:
    wrong = bytearray(CONTENT)
    wrong[1000] ^= 1
    with (
        PlainServer(bytes(wrong)) as server,
        pytest.raises(ModelError, match=r"SHA-256 .* has been deleted") as caught,
    ):
        bench.downloader.fetch(card(server.url))
    assert server.url in str(caught.value)
    assert bench.names == []


def test_another_size_than_the_card_says_is_refused_at_once(bench: Bench, card: MakeCard) -> None:
    with (
        PlainServer() as server,
        pytest.raises(ModelError, match="has 300000 bytes and should have 299999"),
    ):
        bench.downloader.fetch(card(server.url, bytes=299_999))
    assert len(server.requests) == 1 and bench.pauses == []


def test_a_server_without_end_is_stopped_at_the_known_size(bench: Bench, card: MakeCard) -> None:
    with (
        EndlessServer() as server,
        pytest.raises(ModelError, match="longer than the 300000 bytes it may have"),
    ):
        bench.downloader.fetch(card(server.url))
    assert bench.names == []


def test_a_server_without_end_is_stopped_at_the_limit(
    bench: Bench, card: MakeCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.models.download.MAX_BYTES", 1_000_000)
    with EndlessServer() as server, pytest.raises(ModelError, match="1000000 bytes it may have"):
        bench.downloader.fetch(card(server.url, bytes=0))
    assert bench.names == []


def test_a_file_said_to_be_huge_is_refused_before_it_comes(bench: Bench, card: MakeCard) -> None:
    with WrongLengthServer(3 * 1024**3) as server, pytest.raises(ModelError, match="2 GiB"):
        bench.downloader.fetch(card(server.url, bytes=0))


def test_a_length_that_is_too_large_is_a_broken_connection(bench: Bench, card: MakeCard) -> None:
    with WrongLengthServer(400_000) as server, pytest.raises(ModelError, match="of 400000 bytes"):
        bench.downloader.fetch(card(server.url, bytes=0))
    assert len(server.requests) > 1


def test_a_length_that_is_too_small_fails_the_digest(bench: Bench, card: MakeCard) -> None:
    with WrongLengthServer(200_000) as server, pytest.raises(ModelError, match="SHA-256"):
        bench.downloader.fetch(card(server.url, bytes=0))
    assert bench.names == []


def test_a_silent_server_is_given_up(bench: Bench, card: MakeCard) -> None:
    downloader = Downloader(
        bench.folder, bench.notes, timeout_s=0.05, wait=bench.pauses.append
    )  # fmt: skip
    with SilentServer() as server, pytest.raises(ModelError, match="no answer in time"):
        downloader.fetch(card(server.url))
    assert len(server.requests) == 5


def test_nobody_at_the_address(bench: Bench, card: MakeCard) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # taken, but nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/net.onnx"
        with pytest.raises(ModelError, match=r"127\.0\.0\.1 cannot be reached .*refused"):
            bench.downloader.fetch(card(url))


def test_a_server_that_does_not_speak_http(bench: Bench, card: MakeCard) -> None:
    with GarbageServer() as server, pytest.raises(ModelError, match="cannot be reached"):
        bench.downloader.fetch(card(server.url))


def test_a_busy_server_is_left_alone_as_long_as_it_asks(bench: Bench, card: MakeCard) -> None:
    with StatusServer(503, 429, Retry_After=7) as server:
        assert bench.downloader.fetch(card(server.url)).read_bytes() == CONTENT
    assert bench.pauses == [7, 7]
    assert "503" in bench.notes.sentences[0]


def test_no_server_may_ask_for_an_hour(bench: Bench, card: MakeCard) -> None:
    with StatusServer(503, Retry_After=3600) as server:
        bench.downloader.fetch(card(server.url))
    assert bench.pauses == [60]


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (404, NotThereError, "There is no http://"),
        (410, NotThereError, "There is no http://"),
        (403, ModelError, "was refused"),
        (401, ModelError, "was refused"),
        (407, ModelError, "https_proxy: http://NAME:PASSWORD@HOST:PORT"),
        (304, ModelError, "leads from one address to the next"),
    ],
)
def test_a_refusal_is_not_repeated(
    bench: Bench, card: MakeCard, code: int, kind: type[ModelError], message: str
) -> None:
    with StatusServer(code, code) as server, pytest.raises(kind, match=message):
        bench.downloader.fetch(card(server.url))
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirection_is_followed_from_the_same_byte_on(
    bench: Bench, card: MakeCard, code: int
) -> None:
    bench.begin(1000)
    with RangedServer() as server, RedirectingServer(server.url, code) as first:
        assert bench.downloader.fetch(card(first.url)).read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-"]


def test_a_redirection_in_a_circle_ends(bench: Bench, card: MakeCard) -> None:
    with RedirectingServer("") as server, pytest.raises(ModelError, match="without end"):
        bench.downloader.fetch(card(server.url))
    assert len(server.requests) < 20


@pytest.mark.parametrize(
    "target",
    [
        "http://192.0.2.1/net.onnx",  # not encrypted, not this computer
        "file:///etc/passwd",
        "ftp://127.0.0.1/net.onnx",
        "http://127.0.0.1:99999/",
        "http://[broken/",
        "https://name:word@192.0.2.1/",
    ],
)
def test_a_redirection_may_not_lead_anywhere(bench: Bench, card: MakeCard, target: str) -> None:
    with RedirectingServer(target) as server, pytest.raises(ModelError) as caught:
        bench.downloader.fetch(card(server.url))
    assert len(server.requests) == 1 and bench.pauses == []
    assert "word" not in str(caught.value)


def test_from_https_no_redirection_leads_back_to_http() -> None:
    request = urllib.request.Request("https://example.org/net.onnx")
    redirects = _Redirects(plain=True)
    for target in ("http://example.org/net.onnx", "http://127.0.0.1/net.onnx"):
        body = io.BytesIO()
        with pytest.raises(ModelError, match="is not encrypted"):
            redirects.http_error_302(request, body, 302, "Found", {"location": target})
        assert body.closed


def test_http_is_for_this_computer_and_for_mirrors(bench: Bench, card: MakeCard) -> None:
    with pytest.raises(ModelError, match="not encrypted"):
        bench.downloader.fetch(card("http://192.0.2.1/net.onnx"))
    check_address("http://192.0.2.1/net.onnx", plain=True)


@given(st.text(max_size=40), st.booleans())
def test_no_text_is_an_address_by_accident(text: str, plain: bool) -> None:
    try:
        check_address(text, plain)
    except ModelError:
        return
    assert text.lower().startswith("https://") or text.lower().startswith("http://")


@given(st.from_regex(r"[a-z0-9]{4,12}", fullmatch=True))
def test_what_is_secret_in_an_address_is_not_shown(secret: str) -> None:
    marked = f"S{secret}S"
    for url in (
        f"https://me:{marked}@example.org/x",
        f"https://example.org/x?token={marked}",
        f"https://example.org/x#{marked}",
    ):
        assert marked not in shown(url)


def test_a_proxy_is_used_when_the_environment_names_one(
    bench: Bench, card: MakeCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:secret@127.0.0.1:{proxy.server_port}")
        mirror = "http://mirror.invalid/kiosk"
        assert bench.downloader.fetch(card(), mirror).read_bytes() == CONTENT
    path, headers = proxy.requests[0]
    assert path == "http://mirror.invalid/kiosk/net.onnx"
    assert headers["proxy-authorization"].startswith("Basic ")


def test_an_https_proxy_that_refuses_is_not_asked_again(
    bench: Bench, card: MakeCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.server_port}")
        with pytest.raises(ModelError, match=r"The proxy refuses .* 403"):
            bench.downloader.fetch(card("https://models.invalid/net.onnx"))
    assert [path for path, _ in proxy.requests] == ["models.invalid:443"]


def test_no_proxy_is_respected(
    bench: Bench, card: MakeCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with PlainServer() as server:
        assert bench.downloader.fetch(card(server.url)).read_bytes() == CONTENT


def test_a_mirror_is_asked_by_file_name_and_keeps_its_query(bench: Bench, card: MakeCard) -> None:
    with PlainServer() as server:
        base = f"http://127.0.0.1:{server.server_port}/kiosk/?key=1"
        bench.downloader.fetch(card("https://models.invalid/other-name.onnx"), base)
    assert server.requests[0][0] == "/kiosk/net.onnx?key=1"


@pytest.mark.parametrize("mirror", ["ftp://example.org/x", "https://", "https://me:word@host/"])
def test_a_mirror_that_is_no_address(bench: Bench, card: MakeCard, mirror: str) -> None:
    with pytest.raises(ModelError) as caught:
        bench.downloader.fetch(card(), mirror)
    assert "word" not in str(caught.value)


def test_a_folder_may_be_the_mirror(bench: Bench, card: MakeCard, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "net.onnx").write_bytes(CONTENT)
    assert bench.downloader.fetch(card(), str(stick)).read_bytes() == CONTENT
    assert bench.names == ["net.onnx"]


def test_a_folder_is_not_trusted_either(bench: Bench, card: MakeCard, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    with pytest.raises(ModelError, match="is not a folder"):
        bench.downloader.fetch(card(), str(stick))
    stick.mkdir()
    with pytest.raises(NotThereError, match=r"holds no net\.onnx"):
        bench.downloader.fetch(card(), str(stick))
    (stick / "net.onnx").write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(ModelError, match="SHA-256"):
        bench.downloader.fetch(card(), str(stick))
    (stick / "net.onnx").write_bytes(CONTENT + b"x")
    with pytest.raises(ModelError, match="should have 300000"):
        bench.downloader.fetch(card(), str(stick))
    assert bench.names == []


def test_an_interruption_keeps_what_is_there(tmp_path: Path, card: MakeCard) -> None:
    bench = Bench(tmp_path / "download", InterruptedNotes())
    with RangedServer() as server:
        url = server.url
        with pytest.raises(KeyboardInterrupt):
            bench.downloader.fetch(card(url))
        kept = bench.part.stat().st_size
        assert kept > len(CONTENT) // 2
        bench = Bench(bench.folder)
        bench.downloader.fetch(card(server.url))
    assert server.ranges == [None, f"bytes={kept}-"]


class FullDisk(io.FileIO):
    """A file on a disk with room for 100,000 bytes."""

    def write(self, block: Any) -> int:
        if self.tell() + len(block) > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(block) or 0


def test_a_full_disk_is_said_clearly_and_keeps_the_part(
    bench: Bench, card: MakeCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_open = Path.open

    def open_on_full_disk(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if path.name == "net.onnx.part" and mode == "wb":
            return FullDisk(path, "w")
        return whole_open(path, mode, *args, **kwargs)

    with RangedServer() as server:
        monkeypatch.setattr(Path, "open", open_on_full_disk)
        with pytest.raises(ModelError, match=r"disk is full; [1-9]\d* bytes .* goes on from there"):
            bench.downloader.fetch(card(server.url))
        monkeypatch.undo()
        assert bench.downloader.fetch(card(server.url)).read_bytes() == CONTENT
    assert len(server.requests) == 2 and server.ranges[1] is not None


def test_too_little_room_is_said_before_anything_comes(
    bench: Bench, card: MakeCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=100)
    monkeypatch.setattr("kiosk.models.download.shutil.disk_usage", lambda path: usage)
    with PlainServer() as server, pytest.raises(ModelError, match="too full"):
        bench.downloader.fetch(card(server.url))
    assert bench.names == []


def test_a_folder_that_cannot_be_written(bench: Bench, card: MakeCard) -> None:
    bench.part.mkdir()
    with PlainServer() as server, pytest.raises(ModelError, match="cannot be written"):
        bench.downloader.fetch(card(server.url))


def test_files_on_this_disk_are_taken_over(
    bench: Bench, card: MakeCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(CONTENT)
    assert bench.downloader.adopt(card(), mine)
    assert (bench.folder / "net.onnx").read_bytes() == CONTENT
    (bench.folder / "net.onnx").unlink()

    def no_links(*args: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr("kiosk.models.download.os.link", no_links)
    assert bench.downloader.adopt(card(), mine)
    assert (bench.folder / "net.onnx").read_bytes() == CONTENT
    mine.write_bytes(b"damaged")
    assert not bench.downloader.adopt(card(), mine)
    assert not bench.downloader.adopt(card(), tmp_path / "absent")


def test_what_does_not_belong_is_cleared_away(bench: Bench, card: MakeCard) -> None:
    for name in ("net.onnx", "old.onnx", "old.onnx.part"):
        (bench.folder / name).write_bytes(b"x")
    bench.downloader.keep_only([card()])
    assert bench.names == ["net.onnx"]


def test_one_download_at_a_time(tmp_path: Path) -> None:
    with download_folder(tmp_path) as folder:
        assert folder.is_dir()
        busy = pytest.raises(DataFolderBusyError, match="Wait until it is done")
        with busy, download_folder(tmp_path):
            pass
    with download_folder(tmp_path):
        pass


def test_a_models_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("")
    with pytest.raises(ModelError, match="cannot be written"), download_folder(tmp_path / "models"):
        pass


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PartFile]:
    return PartFile.of(tmp_path_factory.mktemp("part") / "net.onnx")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["source", "etag", "total"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(note=JSON.map(lambda tree: json.dumps(tree).encode()) | st.binary(max_size=60))
def test_a_note_that_somebody_changed_does_no_harm(part: PartFile, note: bytes) -> None:
    part.path.with_name(part.path.name + ".json").write_bytes(note)
    origin = part.origin
    assert origin.etag.isprintable() and origin.source.isascii()
    assert origin.total is None or type(origin.total) is int

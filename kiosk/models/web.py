"""One request for a file: where it may lead, how it may fail, and from which byte it goes on.

HTTPS everywhere; HTTP only where the caller allows it, and on this computer. Proxies are those of
the usual environment variables. What a server sends is never trusted: the caller checks the digest.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from kiosk import __version__
from kiosk.errors import ModelError

USER_AGENT = f"door-kiosk/{__version__}"
_HERE = ("localhost", "127.0.0.1", "::1")
_LATER = (408, 425, 429, 500, 502, 503, 504)
_LONGEST_PAUSE_S = 60.0
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-\d{1,18}|\*)/(\d{1,18})")


class NotThereError(ModelError):
    """The server has no such file; another may have it."""


class TransferError(Exception):
    """Something that may be better in a moment. ``str(error)`` is half a sentence."""

    def __init__(self, what: str, pause_s: float = 0.0) -> None:
        super().__init__(what)
        self.pause_s = pause_s
        """How long the server asks to be left alone."""


class UnusablePartError(TransferError):
    """What was kept from an earlier attempt cannot be continued."""


class _Stream(Protocol):
    def read1(self, amount: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Body:
    """What a server sends of a file."""

    start: int
    """The first byte it sends."""
    total: int | None
    """Bytes of the whole file; None when the server does not say."""
    etag: str
    """A strong validator of the file's version, else empty."""
    _stream: _Stream | None

    def read(self, amount: int) -> bytes:
        """Return up to ``amount`` bytes, none at the end. Raises TransferError."""
        if self._stream is None:
            return b""
        try:
            return self._stream.read1(amount)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise TransferError(f"the connection broke ({_reason(error)})") from error


@contextlib.contextmanager
def opened(
    url: str, offset: int = 0, etag: str = "", *, plain: bool = False, timeout_s: float = 30.0
) -> Iterator[Body]:
    """Ask for a file from byte ``offset`` on, if it still is the version with this ``etag``.

    ``plain`` allows HTTP. Raises ModelError when it is no use to try again, NotThereError,
    TransferError.
    """
    check_address(url, plain)
    headers = {"User-Agent": USER_AGENT}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if etag:
            headers["If-Range"] = etag
    try:
        response = _opener(plain).open(
            urllib.request.Request(url, headers=headers), timeout=timeout_s
        )
    except urllib.error.HTTPError as error:
        with error:
            yield _after_refusal(error, url, offset)
        return
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(error, url) from error
    except ValueError as error:  # an address in a redirection or of a proxy that is none
        raise ModelError(f"{shown(url)} leads to an address that is none: {error}.") from error
    with response:
        yield _body(response, offset)


def check_address(url: str, plain: bool) -> None:
    """Raise ModelError when a file may not be fetched from this address."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ModelError(f"{url!r} is not an address: {error}.") from error
    if parts.scheme not in ("http", "https") or not host or re.search(r"[^!-~]", url):
        raise ModelError(f"{shown(url)!r} is not an address that begins with https://.")
    if parts.username is not None or parts.password is not None:
        raise ModelError(
            f"{shown(url)}: a user name in an address is not supported. "
            "Copy the files yourself and name their folder: --mirror DIR"
        )
    if parts.scheme == "http" and not plain and host not in _HERE:
        raise ModelError(f"{shown(url)} is not encrypted; only addresses with https:// are used.")


def shown(url: str) -> str:
    """Return an address for people and logs: without what may be secret in it."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, place, parts.path, "", ""))


def _opener(plain: bool) -> urllib.request.OpenerDirector:
    """Return an opener that speaks HTTP and HTTPS and nothing else: no files, no FTP."""
    opener = urllib.request.OpenerDirector()
    opener.addheaders = []
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=_tls()),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(plain),
    ):
        opener.add_handler(handler)
    return opener


@functools.cache
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes longer than a request.
    return ssl.create_default_context()


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self, plain: bool) -> None:
        self._plain = plain

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any
    ) -> Any:
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except (ModelError, ValueError):
            fp.close()
            raise

    # All alike for a request that only fetches; Python 3.10 does not know the last one.
    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request:
        check_address(newurl, self._plain)
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise ModelError(
                f"{shown(req.full_url)} leads to {shown(newurl)}, which is not encrypted. "
                "It is not followed."
            )
        return urllib.request.Request(newurl, headers=dict(req.headers))


def _body(response: http.client.HTTPResponse, offset: int) -> Body:
    validator = response.headers.get("ETag", "").strip()
    etag = validator if re.fullmatch(r'"[!#-~]{1,200}"', validator) else ""
    if response.status == 206:
        start, total = _content_range(response.headers)
        if not offset or start != offset or total is None:
            raise UnusablePartError("the server sent another part of the file than asked for")
        return Body(start, total, etag, response)
    if response.status != 200:
        raise TransferError(f"the server answered {response.status} instead of the file")
    length = response.headers.get("Content-Length", "").strip()
    known = re.fullmatch(r"\d{1,18}", length) is not None
    return Body(0, int(length) if known else None, etag, response)


def _after_refusal(error: urllib.error.HTTPError, url: str, offset: int) -> Body:
    what = f"{error.code} {error.reason}".strip()
    if error.code == 416 and offset:
        _, total = _content_range(error.headers)
        if total == offset:
            return Body(offset, total, "", None)
        raise UnusablePartError("the file there is not the one that was begun") from error
    if error.code in _LATER:
        raise TransferError(f"the server answered {what}", _pause_s(error.headers)) from error
    if error.code in (404, 410):
        raise NotThereError(
            f"There is no {shown(url)} ({what}). Fetch it from elsewhere: --mirror URL-or-DIR"
        ) from error
    if error.code == 407:
        raise ModelError(
            "The proxy asks for a user name and password. "
            "Write them into https_proxy: http://NAME:PASSWORD@HOST:PORT"
        ) from error
    if 300 <= error.code < 400:
        raise ModelError(
            f"{shown(url)} leads from one address to the next without end, or nowhere ({what}). "
            "Fetch it from elsewhere: --mirror URL-or-DIR"
        ) from error
    raise ModelError(
        f"{shown(url)} was refused ({what}). Fetch it from elsewhere: --mirror URL-or-DIR"
    ) from error


def _unreachable(error: OSError | http.client.HTTPException, url: str) -> Exception:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ModelError(
            f"The certificate of {urlsplit(url).hostname} is not trusted "
            f"({cause.verify_message}). Check the clock, and the certificates of this computer "
            "(package ca-certificates, or SSL_CERT_FILE behind a proxy with its own)."
        )
    text = _reason(error)
    # What http.client says when a proxy refuses the way to an HTTPS server.
    if "Tunnel connection failed: 4" in text:
        return ModelError(f"The proxy refuses to connect: {text}. See https_proxy and no_proxy.")
    if isinstance(cause, http.client.InvalidURL):
        return ModelError(f"{shown(url)!r} is not an address: {text}.")
    return TransferError(f"{urlsplit(url).hostname} cannot be reached ({text})")


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, http.client.IncompleteRead):
        return "it ended too early"
    text = (cause.strerror if isinstance(cause, OSError) else None) or str(cause)
    return " ".join(text.split())[:200] or type(cause).__name__


def _content_range(headers: Message) -> tuple[int | None, int | None]:
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if found is None:
        return None, None
    return int(found[1]) if found[1] else None, int(found[2])


def _pause_s(headers: Message) -> float:
    asked = headers.get("Retry-After", "").strip()
    return min(float(asked), _LONGEST_PAUSE_S) if re.fullmatch(r"\d{1,9}", asked) else 0.0

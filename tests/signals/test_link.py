"""One connection against a broker that is scripted byte by byte."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.config import MqttConfig
from kiosk.errors import ConfigError, SignalsError
from kiosk.signals.link import Ack, PahoLink, port_of, tls_context
from kiosk.signals.messages import Message

WILL = Message("door-kiosk/front/availability", "offline", is_retained=True)
WELCOME_5 = bytes.fromhex("20 06 00 00 03 21 00 04")
"""CONNACK, success, Receive Maximum 4: MQTT 5.0, 3.2."""
PUBACK_1 = bytes.fromhex("40 02 00 01")
PUBACK_1_DENIED = bytes.fromhex("40 03 00 01 87")
TAKEN_OVER = bytes.fromhex("e0 01 8e")


class Peer:
    """The broker's end of a connection."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        read, self._write = os.pipe()
        self.wake_fd = read
        self.links: list[PahoLink] = []
        self._socks: list[socket.socket] = []

    def link(self, **settings: object) -> tuple[PahoLink, socket.socket]:
        config = MqttConfig(host="127.0.0.1", port=self.port, **settings)  # type: ignore[arg-type]
        self.links.append(PahoLink(config, "door-kiosk-front", WILL, 10))
        sock, _ = self._server.accept()
        sock.settimeout(5.0)
        self._socks.append(sock)
        return self.links[-1], sock

    def pump(self, link: PahoLink, times: int = 3) -> None:
        for _ in range(times):
            link.pump(0.05, self.wake_fd)

    def close(self) -> None:
        for link in self.links:
            link.close()
        for sock in (*self._socks, self._server):
            sock.close()
        os.close(self.wake_fd)
        os.close(self._write)


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.close()


def test_it_says_who_it_is_what_its_will_is_and_how_little_it_takes(peer: Peer) -> None:
    _, sock = peer.link()
    said = sock.recv(4096)
    assert said[0] == 0x10
    assert said[4:10] == b"MQTT\x05\x2e"[:6]  # 5.0; will, retained, QoS 1, clean start
    assert b"door-kiosk-front" in said
    assert b"door-kiosk/front/availability\x00\x07offline" in said
    assert bytes.fromhex("21 00 08") in said  # Receive Maximum
    assert bytes.fromhex("27 00 00 10 00") in said  # Maximum Packet Size


def test_it_is_up_when_the_broker_says_so_and_keeps_to_its_window(peer: Peer) -> None:
    link, sock = peer.link()
    peer.pump(link)
    assert not link.is_up
    sock.sendall(WELCOME_5)
    peer.pump(link)
    assert link.is_up
    assert link.window == 4


def test_acknowledgements_come_with_what_they_say(peer: Peer) -> None:
    link, sock = peer.link()
    sock.sendall(WELCOME_5)
    peer.pump(link)
    mid = link.publish(Message("door-kiosk/front/event", "1"))
    assert mid == 1
    assert link.take_acks() == []
    sock.sendall(PUBACK_1)
    peer.pump(link)
    assert link.take_acks() == [Ack(1)]
    assert link.take_acks() == []
    link.publish(Message("door-kiosk/front/event", "2"))
    sock.sendall(PUBACK_1_DENIED.replace(b"\x00\x01", b"\x00\x02"))
    peer.pump(link)
    assert link.take_acks() == [Ack(2, "not authorized")]


def test_what_was_acknowledged_with_the_last_breath_is_heard(peer: Peer) -> None:
    link, sock = peer.link()
    sock.sendall(WELCOME_5)
    peer.pump(link)
    link.publish(Message("door-kiosk/front/event", "1"))
    sock.sendall(PUBACK_1)
    sock.shutdown(socket.SHUT_WR)
    with pytest.raises(SignalsError, match="ended the connection"):
        peer.pump(link)
    assert link.take_acks() == [Ack(1)]


def test_another_client_with_the_same_name_is_told_apart_from_an_outage(peer: Peer) -> None:
    link, sock = peer.link()
    sock.sendall(WELCOME_5 + TAKEN_OVER)
    with pytest.raises(SignalsError, match="give each its own device_id"):
        peer.pump(link)


def test_a_refused_login_says_where_to_look(peer: Peer) -> None:
    link, sock = peer.link()
    sock.sendall(bytes.fromhex("20 03 00 86 00"))
    with pytest.raises(SignalsError, match="refuses this door: bad user name or password"):
        peer.pump(link)


def test_commands_that_may_not_be_read_are_a_complaint_and_no_end(peer: Peer) -> None:
    link, sock = peer.link()
    sock.sendall(WELCOME_5)
    peer.pump(link)
    link.subscribe("door-kiosk/front/command")
    sock.sendall(bytes.fromhex("90 04 00 01 00 87"))
    peer.pump(link)
    assert "does not let this door read commands: not authorized" in link.complaint


def test_a_broker_that_takes_nothing_keeps_nobody_waiting(peer: Peer) -> None:
    link, sock = peer.link()
    sock.sendall(WELCOME_5)
    peer.pump(link)
    began_s = time.monotonic()
    for _ in range(100):
        link.publish(Message("door-kiosk/front/event", "x" * 100_000))
    peer.pump(link)
    assert time.monotonic() - began_s < 5.0


def test_an_old_broker_is_spoken_to_in_its_own_version(peer: Peer) -> None:
    link, sock = peer.link(protocol="3.1.1")
    assert sock.recv(4096)[4:9] == b"MQTT\x04"
    sock.sendall(bytes.fromhex("20 02 00 00"))
    peer.pump(link)
    assert link.is_up
    assert link.window == 10


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=64), st.booleans())
def test_garbage_ends_the_connection_at_worst(garbage: bytes, is_welcomed: bool) -> None:
    peer = Peer()
    try:
        link, sock = peer.link()
        sock.sendall((WELCOME_5 if is_welcomed else b"") + garbage)
        sock.shutdown(socket.SHUT_WR)
        with pytest.raises(SignalsError):
            for _ in range(40):
                link.pump(0.05, peer.wake_fd)
    finally:
        peer.close()


def test_nobody_there_is_said_with_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    config = MqttConfig(host="127.0.0.1", port=port)
    with pytest.raises(SignalsError, match=rf"127.0.0.1:{port} cannot be reached"):
        PahoLink(config, "door", WILL, 10)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 300, "..", "bad host"])
def test_names_that_lead_nowhere_are_said(host: str) -> None:
    with pytest.raises(SignalsError, match="cannot be reached"):
        PahoLink(MqttConfig(host=host), "door", WILL, 10)


def test_the_port_follows_tls() -> None:
    assert port_of(MqttConfig(host="b")) == 1883
    assert port_of(MqttConfig(host="b", tls=True)) == 8883
    assert port_of(MqttConfig(host="b", port=9, tls=True)) == 9


def test_certificates_that_are_none_are_said(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    for text in (None, "", "not a certificate"):
        if text is not None:
            path.write_text(text)
        with pytest.raises(ConfigError, match=r"certificates of \[mqtt\] cannot be used"):
            tls_context(MqttConfig(host="b", tls=True, ca_file=str(path)))
        with pytest.raises(ConfigError, match=r"certificates of \[mqtt\] cannot be used"):
            tls_context(MqttConfig(host="b", tls=True, cert_file=str(path)))

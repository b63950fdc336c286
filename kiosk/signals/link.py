"""One connection to the broker, from connecting to its end; used on one thread.

The client of the Eclipse project is used without its threads and without its queue: a connection
that ended is thrown away with everything in it, and what was not acknowledged comes from the
access log again.
"""

from __future__ import annotations

import contextlib
import select
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from kiosk.config import MqttConfig
from kiosk.errors import ConfigError, SignalsError
from kiosk.signals.messages import Message
from kiosk.signals.secretfile import read_login, read_secret

CONNECT_TIMEOUT_S = 5.0
"""For the name's every address; a broker has as long again to answer."""
_KEEPALIVE_S = 20
_MAX_INCOMING = 8
_KEPT_INCOMING = 64
"""More than one ``pump`` takes in: nothing is pushed out by a flood."""
_MAX_PACKET = 4096
_UNSPECIFIED, _TAKEN_OVER = 0x80, 0x8E


@dataclass(frozen=True, slots=True)
class Ack:
    """The broker's word about a publication; ``refusal`` is empty when it has it."""

    mid: int
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from the broker."""

    topic: str
    payload: bytes
    is_retained: bool


class Link(Protocol):
    """A connection. Everything but ``close`` raises SignalsError when it cannot be used."""

    window: int
    """How many publications may be unacknowledged, once it is up."""
    complaint: str
    """What does not work though the connection does."""

    @property
    def is_up(self) -> bool: ...
    def publish(self, message: Message) -> int: ...
    def subscribe(self, topic: str) -> None: ...
    def pump(self, timeout_s: float, wake_fd: int) -> None: ...
    def take_acks(self) -> list[Ack]: ...
    def take_incoming(self) -> list[Incoming]: ...
    def close(self) -> None: ...


class PahoLink:
    """The real one; making it connects, for at most some seconds."""

    def __init__(self, config: MqttConfig, client_id: str, will: Message, window: int) -> None:
        """``will`` is what the broker says when the connection breaks.

        Raises SignalsError, and ConfigError for files that cannot be used.
        """
        self.window = window
        self.complaint = ""
        self._address = f"{config.host}:{port_of(config)}"
        self._is_up = False
        self._end = ""
        self._acks: list[Ack] = []
        self._incoming: deque[Incoming] = deque(maxlen=_KEPT_INCOMING)
        self._tls = tls_context(config) if config.tls else None
        self._client = self._make(config, client_id)
        self._client.will_set(will.topic, will.payload, qos=1, retain=will.is_retained)
        try:
            self._guarded(lambda: self._connect(config))
        except SignalsError:
            self.close()
            raise

    @property
    def is_up(self) -> bool:
        return self._is_up

    def publish(self, message: Message) -> int:
        """Hand a message over with QoS 1 and return the number its acknowledgement will have."""
        payload = message.payload.encode("utf-8", "replace")
        info: Any = self._guarded(
            lambda: self._client.publish(message.topic, payload, qos=1, retain=message.is_retained)
        )
        return int(info.mid)

    def subscribe(self, topic: str) -> None:
        self._guarded(lambda: self._client.subscribe(topic, qos=1))

    def pump(self, timeout_s: float, wake_fd: int) -> None:
        """Send and receive, waiting so long at most for something to happen on either end."""
        self._guarded(lambda: self._pump(timeout_s, wake_fd))

    def take_acks(self) -> list[Ack]:
        taken, self._acks = self._acks, []
        return taken

    def take_incoming(self) -> list[Incoming]:
        taken = list(self._incoming)
        self._incoming.clear()
        return taken

    def close(self) -> None:
        """Take leave where possible, so that the broker does not say the will. Never raises."""
        # Whatever it raises, nobody needs this connection any more.
        with contextlib.suppress(Exception):
            self._client.disconnect()
        for sock in (self._client.socket(), None if self._tls is None else self._tls.socket):
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.close()

    # --- inside -----------------------------------------------------------------------------------

    def _make(self, config: MqttConfig, client_id: str) -> paho.Client:
        is_5 = config.protocol == "5"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if is_5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if is_5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_publish = self._published
        client.on_subscribe = self._subscribed
        client.on_message = self._arrived
        if config.login_file:
            client.username_pw_set(*read_login(config.login_file))
        if self._tls is not None:
            client.tls_set_context(self._tls)
        return client

    def _connect(self, config: MqttConfig) -> None:
        limits: Properties | None = None
        if config.protocol == "5":
            limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            limits.MaximumPacketSize = _MAX_PACKET
            limits.ReceiveMaximum = _MAX_INCOMING
        self._client.connect(config.host, port_of(config), _KEEPALIVE_S, properties=limits)

    def _pump(self, timeout_s: float, wake_fd: int) -> None:
        sock: Any = self._client.socket()
        if sock is None:
            return
        # TLS may have decrypted more than was asked for; the socket does not show that.
        is_pending = bool(getattr(sock, "pending", lambda: 0)())
        poll = select.poll()
        wanted = select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)
        poll.register(sock, wanted)
        poll.register(wake_fd, select.POLLIN)
        ready = dict(poll.poll(0 if is_pending else max(timeout_s, 0.0) * 1000))
        state = ready.get(sock.fileno(), 0)
        if is_pending or state & ~select.POLLOUT:
            self._client.loop_read()
        if state & select.POLLOUT:
            self._client.loop_write()
        self._client.loop_misc()

    def _guarded(self, step: Callable[[], Any]) -> Any:
        try:
            result = step()
        except Exception as error:
            # The client's parser raises all sorts of things at bytes that are no MQTT.
            raise SignalsError(f"The broker {self._address} {_in_words(error)}.") from error
        if self._end or self._client.socket() is None:
            raise SignalsError(
                f"The broker {self._address} {self._end or 'closed the connection'}."
            )
        return result

    # --- told by the client, on the same thread ---------------------------------------------------

    def _connected(
        self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, limits: Properties | None
    ) -> None:
        if code.is_failure:
            self._end = f"refuses this door: {str(code).lower()}; see login_file and its own log"
            return
        self._is_up = True
        self.window = min(self.window, getattr(limits, "ReceiveMaximum", self.window))

    def _disconnected(
        self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        if code.value == _TAKEN_OVER:
            self._end = "has another client with this door's name: give each its own device_id"
        elif not self._end:
            said = "" if code.value == _UNSPECIFIED else f" ({str(code).lower()})"
            self._end = f"ended the connection{said}"

    def _published(
        self, _client: Any, _data: Any, mid: int, code: ReasonCode, _properties: Any
    ) -> None:
        self._acks.append(Ack(mid, str(code).lower() if code.is_failure else ""))

    def _subscribed(
        self, _client: Any, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Any
    ) -> None:
        refused = next((code for code in codes if code.is_failure), None)
        if refused is not None:
            self.complaint = (
                f"The broker {self._address} does not let this door read commands: "
                f"{str(refused).lower()}."
            )

    def _arrived(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        self._incoming.append(Incoming(message.topic, bytes(message.payload), message.retain))


def port_of(config: MqttConfig) -> int:
    """Return the port that is meant."""
    return config.port or (8883 if config.tls else 1883)


class TlsContext(ssl.SSLContext):
    """Remembers the socket: the client leaves one open whose handshake failed."""

    socket: ssl.SSLSocket | None = None

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        self.socket = super().wrap_socket(*arguments, **options)
        return self.socket


def tls_context(config: MqttConfig) -> TlsContext:
    """Return a context that believes nobody without a certificate. Raises ConfigError."""
    # This protocol checks certificate and name, and speaks TLS 1.2 or newer.
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if config.ca_file:
            context.load_verify_locations(config.ca_file)
        else:
            context.load_default_certs()
        if config.cert_file:
            # Without a password at hand OpenSSL asks for one at the terminal, and waits.
            context.load_cert_chain(config.cert_file, config.key_file or None, lambda: "")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The certificates of [mqtt] cannot be used: {_reason(error)}. See ca_file, cert_file "
            "and key_file; the key has no password."
        ) from error
    if config.key_file:
        read_secret(config.key_file, "The key")
    return context


def _in_words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"has a certificate that is not believed ({error.verify_message}); see ca_file"
    if isinstance(error, ssl.SSLError):
        return f"cannot be spoken to with TLS ({_reason(error)})"
    if isinstance(error, TimeoutError):
        return "does not answer"
    if isinstance(error, (OSError, UnicodeError)):
        return f"cannot be reached ({_reason(error)})"
    return f"sent something that is no MQTT ({type(error).__name__})"


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)

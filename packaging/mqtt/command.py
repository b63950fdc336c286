"""Sends one signed command to a door-kiosk and prints what came of it.

    python command.py --host broker --topic door-kiosk/front-door --secret FILE unlock
    python command.py --host broker --topic door-kiosk/front-door --secret FILE free_access 30

Needs paho-mqtt. It can be a ``shell_command`` of Home Assistant. The counter is the time in
milliseconds: several senders may share a secret as long as their clocks are right.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import sys
import threading
import time
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

COMMANDS = ("unlock", "lockdown", "end_lockdown", "free_access", "end_free_access")
WAIT_S = 10.0


def signed(secret: bytes, topic: str, tree: dict[str, object]) -> bytes:
    """Return what is published: the signature in hexadecimal, a line feed, the JSON object."""
    body = json.dumps(tree).encode("utf-8")
    digest = hmac.new(secret, topic.encode("utf-8") + b"\n" + body, hashlib.sha256)
    return digest.hexdigest().encode("ascii") + b"\n" + body


def main() -> int:
    """Return 0 when the door obeyed."""
    parser = argparse.ArgumentParser(description="Send one signed command to a door-kiosk.")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("minutes", nargs="?", type=int, help="of free access")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--topic", required=True, help="the door's, without /command")
    parser.add_argument("--secret", required=True, type=Path)
    parser.add_argument("--login", type=Path, help="user name and password, a line each")
    parser.add_argument("--ca", help="PEM of the authority the broker's certificate is from")
    parser.add_argument("--reason", default="", help="of an unlock")
    chosen = parser.parse_args()

    now_ms = time.time_ns() // 1_000_000
    tree: dict[str, object] = {"command": chosen.command, "counter": now_ms, "time_ms": now_ms}
    if chosen.command == "unlock" and chosen.reason:
        tree["reason"] = chosen.reason
    if chosen.command == "free_access" and chosen.minutes:
        tree["minutes"] = chosen.minutes
    topic = f"{chosen.topic}/command"
    payload = signed(chosen.secret.read_text(encoding="utf-8").strip().encode(), topic, tree)

    answers: list[dict[str, object]] = []
    is_answered = threading.Event()

    def take(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        answer = json.loads(message.payload)
        if answer.get("counter") == now_ms:
            answers.append(answer)
            is_answered.set()

    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_connect = lambda *_: client.subscribe(f"{chosen.topic}/result", qos=1)
    client.on_subscribe = lambda *_: client.publish(topic, payload, qos=1)
    client.on_message = take
    if chosen.login:
        client.username_pw_set(*chosen.login.read_text(encoding="utf-8").splitlines())
    if chosen.ca:
        client.tls_set(chosen.ca)
    client.connect(chosen.host, chosen.port or (8883 if chosen.ca else 1883))
    client.loop_start()
    is_answered.wait(WAIT_S)
    client.disconnect()
    client.loop_stop()
    if not answers:
        print("no answer: is the door connected, and the secret right?", file=sys.stderr)
        return 2
    print("done" if answers[0]["ok"] else f"refused: {answers[0]['reason']}")
    return 0 if answers[0]["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())

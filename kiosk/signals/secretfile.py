"""Files with something secret in them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from kiosk.errors import ConfigError

_MAX_BYTES = 64 * 1024


def read_secret(path: str, what: str) -> str:
    """Return the text of a file that other users can neither read nor write.

    Raises ConfigError, which says what to do.
    """
    try:
        # Not to hang on a pipe in the place of a file.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise ConfigError(f"{what} {path} is not a file.")
            if mode & stat.S_IRWXO:
                raise ConfigError(
                    f"{what} {path} is open to every user of this computer. "
                    f"Run: chmod o= {path}, and change the secret."
                )
            data = os.read(descriptor, _MAX_BYTES + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{what} {path} cannot be read: {reason}.") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{what} {path} is too large to be one.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{what} {path} is not text.") from error


def read_login(path: str) -> tuple[str, str]:
    """Return user name and password. Raises ConfigError."""
    lines = read_secret(path, "The broker's login file").splitlines()
    if not 1 <= len(lines) <= 2 or not lines[0]:
        raise ConfigError(
            f"The broker's login file {Path(path)} has the user name on the first line and the "
            "password on the second, and nothing else."
        )
    return lines[0], lines[1] if len(lines) == 2 else ""


def read_key(path: str) -> bytes:
    """Return the secret that commands are signed with. Raises ConfigError."""
    key = read_secret(path, "The secret of the commands").strip().encode("utf-8")
    if len(key) < 32:
        raise ConfigError(
            f"The secret of the commands in {path} is too short. Make one with: "
            f"(umask 077; openssl rand -hex 32 > {path})"
        )
    return key

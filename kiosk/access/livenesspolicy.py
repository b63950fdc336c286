"""Which liveness policy holds when, as one line of text.

``Mon-Fri 08:00-18:00 passive; Sat 09:00-12:00 off; else passive+challenge``: each part names days
and one span of the day like access hours (:mod:`kiosk.access.hours`) and the policy inside it; of
several that hold at once the first one counts. ``else`` stands last and names the policy of all
other times; without it, that is the one of the setting ``policy``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.access.hours import AccessHours, HoursPart
from kiosk.domain import LivenessPolicy
from kiosk.errors import AccessError, ConfigError

_MAX_LENGTH = 500
_MAX_SHOWN = 60
_ELSE = "else"
_POLICIES = {policy.value: policy for policy in LivenessPolicy}
_EXAMPLE = "Write it like Mon-Fri 08:00-18:00 passive; else passive+challenge."


@dataclass(frozen=True, slots=True)
class LivenessSchedule:
    """Policies by the time of the week."""

    parts: tuple[tuple[HoursPart, LivenessPolicy], ...]
    otherwise: LivenessPolicy

    @classmethod
    def parse(cls, text: str, default: LivenessPolicy) -> LivenessSchedule:
        """Read a schedule as described above; ``default`` holds where it says nothing.

        Letter case does not matter. Raises ConfigError saying what cannot be read.
        """
        if len(text) > _MAX_LENGTH:
            raise ConfigError(
                f"[liveness] schedule: it has more than {_MAX_LENGTH} characters. {_EXAMPLE}"
            )
        if not text.strip():
            return cls((), default)
        *firsts, last = (part.split() for part in text.split(";"))
        otherwise = default
        if last and last[0].casefold() == _ELSE:
            otherwise = _policy(last[1:], last)
        else:
            firsts.append(last)
        return cls(tuple(_part(words) for words in firsts), otherwise)

    @property
    def policies(self) -> frozenset[LivenessPolicy]:
        """Return every policy that may come to hold."""
        return frozenset({self.otherwise, *(policy for _, policy in self.parts)})

    def policy_at(self, local: datetime) -> LivenessPolicy:
        """Return the policy at this time on the wall."""
        day, minute = local.weekday(), local.hour * 60 + local.minute
        return next(
            (policy for hours, policy in self.parts if hours.covers(day, minute)), self.otherwise
        )

    def __str__(self) -> str:
        parts = [f"{hours} {policy.value}" for hours, policy in self.parts]
        return "; ".join([*parts, f"{_ELSE} {self.otherwise.value}"])


def _part(words: list[str]) -> tuple[HoursPart, LivenessPolicy]:
    if words and words[0].casefold() == _ELSE:
        raise ConfigError(f"[liveness] schedule: else must be the last part. {_EXAMPLE}")
    policy = _policy(words[-1:], words)
    try:
        hours = AccessHours.parse(" ".join(words[:-1])) if len(words) > 1 else None
    except AccessError as error:
        raise ConfigError(f"[liveness] schedule: {error}") from error
    if hours is None or len(hours.parts) != 1:
        raise ConfigError(
            f"[liveness] schedule: the part {_shown(words)} names no time. {_EXAMPLE}"
        )
    return hours.parts[0], policy


def _policy(words: list[str], part: list[str]) -> LivenessPolicy:
    policy = _POLICIES.get(words[0].casefold()) if len(words) == 1 else None
    if policy is None:
        raise ConfigError(
            f"[liveness] schedule: the part {_shown(part)} must end in one policy: "
            f"{', '.join(_POLICIES)}. {_EXAMPLE}"
        )
    return policy


def _shown(words: list[str]) -> str:
    return repr(" ".join(words)[:_MAX_SHOWN])

"""Orders to the door that wait for its thread."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Protocol

from kiosk.door.logic import Answer

MAX_WAITING = 8
"""Orders of a kind that may wait."""


class Act(Protocol):
    """What an order does to the door's logic."""

    def __call__(self, *, now_ns: int) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Order:
    """One order, with the words for a person when it is refused."""

    name: str
    act: Act
    reason: str = ""
    opens: bool = False
    """Whether it would unlock the door."""
    lapses: bool = False
    """Whether it is void when the latch does not obey at once."""
    goes_first: bool = False
    """Whether it overtakes orders that open. Those are refused by what it has done then."""


class OrderQueue:
    """Bounded, in order; to be used under its owner's lock."""

    def __init__(self) -> None:
        self._waiting: deque[Order] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, order: Order) -> bool:
        """Take an order; return False when too many of its kind are waiting."""
        if Counter(waiting.name for waiting in self._waiting)[order.name] >= MAX_WAITING:
            return False
        if order.goes_first:
            opening = [waiting for waiting in self._waiting if waiting.opens]
            others = [waiting for waiting in self._waiting if not waiting.opens]
            self._waiting = deque([*others, order, *opening])
        else:
            self._waiting.append(order)
        return True

    def take(self) -> Order | None:
        return self._waiting.popleft() if self._waiting else None

    def take_all(self) -> list[Order]:
        left, self._waiting = list(self._waiting), deque()
        return left

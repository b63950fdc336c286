"""The access log, as this package needs it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from kiosk.domain import Event
from kiosk.store.store import Store

T = TypeVar("T")


class Lane(Protocol):
    """What is needed of :class:`kiosk.store.lane.StoreLane`."""

    def submit(self, work: Callable[[Store], T]) -> Future[T]: ...
    def record(self, event: Event) -> None: ...

"""The guard as a process, on an emulated board: whatever happens to whom, the door ends locked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.door.guardedlatch import GuardedLatch, guard_command
from kiosk.errors import ConfigError, GuardError, RelayError

ROOT = Path(__file__).parents[2]

PULSE_S = 0.4
LIMIT_S = 1.0
"""How much longer than its pulse a relay may be on, whatever happens."""


@pytest.fixture
def make_latch(tmp_path: Path) -> Iterator[Callable[..., GuardedLatch]]:
    made: list[GuardedLatch] = []

    def make(url: str, **others: Any) -> GuardedLatch:
        latch = GuardedLatch(url, tmp_path / "guard.journal", **others)
        made.append(latch)
        return latch

    yield make
    for latch in made:
        latch.close()


@pytest.fixture
def board(make_board: Callable[..., Any]) -> Any:
    return make_board()


@pytest.fixture
def latch(board: Any, make_latch: Callable[..., GuardedLatch]) -> GuardedLatch:
    latch = make_latch(board.url)
    latch.connect()
    return latch


def try_to_connect(latch: GuardedLatch, times: int = 20) -> None:
    for _ in range(times):
        try:
            latch.connect()
        except RelayError:
            time.sleep(0.05)
        else:
            return
    latch.connect()


def on_for_s(board: Any) -> float:
    """How long the relay was on, last time."""
    on, off = board.edges[-2:]
    assert on.is_on and not off.is_on
    return (off.at_ns - on.at_ns) / 1e9


# --- as it should be --------------------------------------------------------------------------


def test_the_guard_locks_at_its_start_and_at_the_deadline(board: Any, latch: GuardedLatch) -> None:
    assert latch.incident == ""
    assert latch.description.endswith("switching is confirmed by the board")
    called_at_ns = time.monotonic_ns()
    latch.hold(PULSE_S)
    assert board.is_on
    off = board.wait_for(is_on=False)
    assert PULSE_S <= (off.at_ns - called_at_ns) / 1e9 <= PULSE_S + LIMIT_S / 2


def test_a_later_hold_replaces_the_deadline(board: Any, latch: GuardedLatch) -> None:
    latch.hold(30)
    latch.hold(0.2)
    board.wait_for(is_on=False)
    assert on_for_s(board) < 1
    latch.hold(0.2)
    latch.hold(0.8)
    board.wait_for(is_on=False)
    assert 0.75 <= on_for_s(board) < 1.3


def test_releasing_locks_at_once(board: Any, latch: GuardedLatch) -> None:
    latch.hold(30)
    latch.release()
    assert not board.is_on
    latch.release()
    assert latch.check().is_open is None


def test_closing_locks_and_may_be_done_twice(board: Any, latch: GuardedLatch) -> None:
    latch.hold(30)
    latch.close()
    assert not board.is_on
    latch.close()
    latch.connect()
    assert latch.incident == ""


@pytest.mark.parametrize("seconds", [0, -1, 60.1, float("nan"), float("inf")])
def test_a_hold_of_unreasonable_length_is_refused(latch: GuardedLatch, seconds: float) -> None:
    with pytest.raises(ConfigError, match="at most 60 s"):
        latch.hold(seconds)


def test_a_relay_that_cannot_be_meant_is_refused_before_anything_starts() -> None:
    with pytest.raises(ConfigError, match="of no known kind"):
        GuardedLatch("toaster:")


def test_asking_before_connecting_is_an_error(make_latch: Callable[..., GuardedLatch]) -> None:
    with pytest.raises(GuardError, match="connect it first"):
        make_latch("sim:").check()


# --- the kiosk ends or hangs ------------------------------------------------------------------

KIOSK = """
import sys, time
from pathlib import Path
from kiosk.door.guardedlatch import GuardedLatch
latch = GuardedLatch(sys.argv[1], Path(sys.argv[2]))
latch.connect()
latch.hold(float(sys.argv[3]))
print(latch.guard_pid, flush=True)
while True:
    time.sleep(0.1)
    latch.check()
"""


OpenDoor = Callable[[float], "contextlib.AbstractContextManager[subprocess.Popen[bytes]]"]


@pytest.fixture
def open_door(board: Any, tmp_path: Path, processes: types.ModuleType) -> OpenDoor:
    """Run a kiosk that has just unlocked; at the end it and its guards have gone."""

    @contextlib.contextmanager
    def run(hold_s: float) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [sys.executable, "-c", KIOSK, board.url, str(tmp_path / "guard.journal"), str(hold_s)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        guards = []
        try:
            assert process.stdout is not None
            guards.append(int(process.stdout.readline()))
            guards += processes.children(guards[0])
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            for guard in guards:
                processes.wait_until_gone(guard)

    return run


def test_kill_9_of_the_kiosk_locks_and_is_told(
    board: Any, open_door: OpenDoor, make_latch: Callable[..., GuardedLatch]
) -> None:
    with open_door(30) as process:
        killed_at_ns = time.monotonic_ns()
        process.kill()
        edge = board.wait_for(is_on=False)
    # How quickly is measured in test_guardtimes.
    assert (edge.at_ns - killed_at_ns) / 1e9 <= LIMIT_S
    latch = make_latch(board.url)
    try_to_connect(latch)
    assert latch.incident.startswith("The program ended without stopping at 20")
    assert latch.incident.endswith("while the door was unlocked; the guard locked it.")


@pytest.mark.parametrize(("hold_s", "limit_s"), [(30, 2.0), (PULSE_S, PULSE_S)])
def test_a_kiosk_that_hangs_finds_the_door_locked(
    board: Any, open_door: OpenDoor, hold_s: float, limit_s: float
) -> None:
    with open_door(hold_s) as process:
        process.send_signal(signal.SIGSTOP)
        board.wait_for(is_on=False)
        assert on_for_s(board) <= limit_s + LIMIT_S


def test_a_kiosk_that_wakes_up_again_is_told_so(board: Any, latch: GuardedLatch) -> None:
    latch.hold(30)
    board.wait_for(is_on=False)
    with pytest.raises(GuardError, match="no sign of life for 2 s"):
        latch.check()
    latch.connect()
    latch.hold(30)
    assert board.is_on


KILL, STOP = signal.SIGKILL, signal.SIGSTOP


@pytest.mark.parametrize(
    ("to_kiosk", "to_outer", "to_inner", "hold_s", "limit_s"),
    [
        (KILL, KILL, KILL, 30, 0),
        (KILL, STOP, STOP, 30, 0),
        (STOP, KILL, KILL, 30, 0),
        (STOP, STOP, KILL, 30, 3),
        (STOP, STOP, STOP, 1.5, 1.5),
    ],
)
def test_the_spare_locks_when_it_alone_is_left(
    board: Any,
    open_door: OpenDoor,
    make_latch: Callable[..., GuardedLatch],
    processes: types.ModuleType,
    to_kiosk: signal.Signals,
    to_outer: signal.Signals,
    to_inner: signal.Signals,
    hold_s: float,
    limit_s: float,
) -> None:
    with open_door(hold_s) as process:
        deadline_s = time.monotonic() + 5
        while len(started := processes.children(process.pid)) < 2:
            assert time.monotonic() < deadline_s
        (outer,) = (guard for guard in started if processes.children(guard))
        (spare,) = set(started) - {outer}
        (inner,) = processes.children(outer)
        # Each strike could be the last one that the others have time to notice.
        struck_at_ns = time.monotonic_ns()
        os.kill(process.pid, to_kiosk)
        os.kill(outer, to_outer)
        os.kill(inner, to_inner)
        edge = board.wait_for(is_on=False)
        assert (edge.at_ns - struck_at_ns) / 1e9 <= limit_s + LIMIT_S
        process.kill()
        processes.wait_until_gone(spare)
    latch = make_latch(board.url)
    latch.connect()
    assert latch.incident.endswith("while the door was unlocked; the guard locked it.")


def test_a_spare_does_not_delay_a_clean_end(
    board: Any, latch: GuardedLatch, processes: types.ModuleType
) -> None:
    latch.check()
    (spare,) = set(processes.children(os.getpid())) - {latch.guard_pid}
    began_s = time.monotonic()
    latch.close()
    assert time.monotonic() - began_s < LIMIT_S
    assert not Path(f"/proc/{spare}").exists()
    latch.connect()
    assert latch.incident == ""


# --- the guard ends or hangs ------------------------------------------------------------------

VICTIMS: dict[str, Callable[[int, int, int], None]] = {
    "the guard": lambda outer, inner, number: os.kill(inner, number),
    "the process behind it": lambda outer, inner, number: os.kill(outer, number),
    "both": lambda outer, inner, number: os.killpg(outer, number),
}


@pytest.fixture
def find_inner(processes: types.ModuleType) -> Callable[[GuardedLatch], int]:
    """Find the process that owns the port: the child of the one that was started."""
    return lambda latch: int(processes.children(latch.guard_pid)[0])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_guard_that_is_lost_locks_and_is_replaced(
    board: Any,
    latch: GuardedLatch,
    find_inner: Callable[[GuardedLatch], int],
    victim: str,
    number: signal.Signals,
) -> None:
    latch.hold(5)
    struck_at_ns = time.monotonic_ns()
    VICTIMS[victim](latch.guard_pid or 0, find_inner(latch), number)
    with pytest.raises(GuardError, match="a new one locks the door"):
        while True:
            latch.check()
    edge = board.wait_for(is_on=False)
    assert (edge.at_ns - struck_at_ns) / 1e9 <= LIMIT_S
    try_to_connect(latch)
    assert "guard" in latch.incident
    latch.connect()
    assert latch.incident == ""
    latch.hold(PULSE_S)
    board.wait_for(is_on=False)


def test_the_process_behind_a_killed_guard_locks_even_when_the_kiosk_hangs(
    board: Any, latch: GuardedLatch, find_inner: Callable[[GuardedLatch], int]
) -> None:
    for number in (signal.SIGKILL, signal.SIGSTOP):
        latch.hold(5)
        struck_at_ns = time.monotonic_ns()
        os.kill(find_inner(latch), number)
        # The kiosk does nothing at all meanwhile.
        edge = board.wait_for(is_on=False)
        assert (edge.at_ns - struck_at_ns) / 1e9 <= LIMIT_S
        with pytest.raises(GuardError):
            latch.check()
        try_to_connect(latch)
        assert "The guard of the door was killed" in latch.incident or "hung" in latch.incident


def test_a_spare_is_kept_and_takes_over(
    board: Any, latch: GuardedLatch, processes: types.ModuleType
) -> None:
    def spares() -> set[int]:
        return set(processes.children(os.getpid())) - {latch.guard_pid}

    latch.check()
    (spare,) = spares()
    latch.hold(5)
    os.killpg(latch.guard_pid or 0, signal.SIGKILL)
    with pytest.raises(GuardError):
        latch.check()
    assert latch.guard_pid == spare
    board.wait_for(is_on=False)
    try_to_connect(latch)
    deadline_s = time.monotonic() + 5
    while not spares():
        assert time.monotonic() < deadline_s
        latch.check()
    # One that was lost is noticed and not used.
    (spare,) = spares()
    os.kill(spare, signal.SIGSTOP)
    latch.hold(5)
    os.killpg(latch.guard_pid or 0, signal.SIGKILL)
    with pytest.raises(GuardError):
        latch.release()
    assert latch.guard_pid != spare
    board.wait_for(is_on=False)
    processes.wait_until_gone(spare)


def test_nonsense_on_the_pipe_locks(
    board: Any, latch: GuardedLatch, find_inner: Callable[[GuardedLatch], int]
) -> None:
    latch.hold(5)
    with open(f"/proc/{find_inner(latch)}/fd/0", "wb", buffering=0) as pipe:
        pipe.write(b"\x00open sesame\n")
    board.wait_for(is_on=False)
    assert on_for_s(board) <= LIMIT_S
    with pytest.raises(GuardError):
        latch.check()
    try_to_connect(latch)
    assert "was sent nonsense" in latch.incident


# --- the cable and the board ------------------------------------------------------------------


def test_an_unplugged_board_is_found_again_and_locked(board: Any, latch: GuardedLatch) -> None:
    latch.hold(5)
    board.unplug()
    board.wait_for(is_on=False)
    with pytest.raises(RelayError, match=r"no longer answers|no serial port"):
        while True:
            latch.check()
    with pytest.raises(RelayError):
        latch.hold(5)
    plugged_at_ns = time.monotonic_ns()
    board.plug()
    # The guard does not wait to be asked.
    board.wait_for_bytes(plugged_at_ns)
    try_to_connect(latch)
    assert not board.is_on


def test_a_board_that_is_not_there_is_an_error_until_it_is(
    make_board: Callable[..., Any], make_latch: Callable[..., GuardedLatch]
) -> None:
    board = make_board()
    board.unplug()
    board.wait_for(is_on=False)
    while board.path.is_symlink():
        time.sleep(0.01)
    latch = make_latch(board.url)
    with pytest.raises(RelayError, match="There is no serial port") as caught:
        latch.connect()
    assert not isinstance(caught.value, GuardError)
    with pytest.raises(RelayError, match="There is no serial port"):
        latch.connect()
    board.plug()
    try_to_connect(latch)
    latch.check()


def test_a_guard_that_cannot_start_says_why(make_latch: Callable[..., GuardedLatch]) -> None:
    def broken(url: str, journal: Path | None) -> list[str]:
        return [sys.executable, "-c", "raise SystemExit('no such luck')"]

    latch = make_latch("sim:", make_command=broken)
    for _ in range(2):
        with pytest.raises(GuardError, match="ended before it was ready: no such luck"):
            latch.connect()

    latch = make_latch("sim:", make_command=lambda url, journal: ["/nowhere/python"])
    with pytest.raises(GuardError, match="cannot be started"):
        latch.connect()


def test_a_guard_that_talks_nonsense_is_replaced(make_latch: Callable[..., GuardedLatch]) -> None:
    def babbling(url: str, journal: Path | None) -> list[str]:
        return [sys.executable, "-c", "import time; print('hello', flush=True); time.sleep(60)"]

    with pytest.raises(GuardError, match="talks nonsense before it was ready"):
        make_latch("sim:", make_command=babbling).connect()


# --- the clock, the disk, the start -----------------------------------------------------------

JUMPING = """
import itertools, runpy, sys, time
jumps = itertools.cycle((0, -20 * 365 * 86400, 10 * 365 * 86400))
real = time.time_ns
time.time_ns = lambda: real() + next(jumps) * 10**9
time.time = lambda: time.time_ns() / 1e9
sys.argv = ["guard", *sys.argv[1:]]
runpy.run_module("kiosk.door.guard", run_name="__main__")
"""


def test_a_jumping_date_does_not_move_the_deadline(
    board: Any, make_latch: Callable[..., GuardedLatch]
) -> None:
    def jumping(url: str, journal: Path | None) -> list[str]:
        return [sys.executable, "-c", JUMPING, *guard_command(url, journal)[3:]]

    latch = make_latch(board.url, make_command=jumping)
    latch.connect()
    for _ in range(3):
        called_at_ns = time.monotonic_ns()
        latch.hold(PULSE_S)
        off = board.wait_for(is_on=False)
        assert PULSE_S <= (off.at_ns - called_at_ns) / 1e9 <= PULSE_S + LIMIT_S / 2


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00garbage", b"[]", b'{"state":"ended"}', b"9" * 600]
)
def test_a_damaged_journal_does_not_matter_to_the_door(
    board: Any, tmp_path: Path, make_latch: Callable[..., GuardedLatch], content: bytes
) -> None:
    (tmp_path / "guard.journal").write_bytes(content)
    latch = make_latch(board.url)
    latch.connect()
    assert ("journal is damaged" in latch.incident) == bool(content)
    latch.hold(PULSE_S)
    board.wait_for(is_on=False)


def test_a_journal_that_cannot_be_written_does_not_matter_to_the_door(board: Any) -> None:
    latch = GuardedLatch(board.url, Path("/nowhere/guard.journal"))
    latch.connect()
    latch.hold(PULSE_S)
    board.wait_for(is_on=False)
    latch.close()
    latch.connect()
    assert latch.incident == ""
    latch.close()


def test_the_guard_loads_little() -> None:
    code = (
        "import sys, kiosk.door.guard; heavy = {'numpy', 'cv2', 'onnxruntime', 'peewee', 'PySide6',"
        " 'sqlite3', 'asyncio', 'argon2'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)

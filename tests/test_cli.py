"""The command line as a whole: help, exit codes, streams."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kiosk import __version__, cli
from kiosk.commands import relay, run
from kiosk.errors import StoreError

ROOT = Path(cli.__file__).parents[1]

COMMANDS = [
    ("run",),
    ("doctor",),
    ("models", "import"),
    ("models", "list"),
    ("models", "verify"),
    ("models", "pull"),
    ("people", "add"),
    ("people", "import"),
    ("people", "list"),
    ("people", "remove"),
    ("events", "list"),
    ("events", "export"),
    ("events", "verify"),
    ("pin", "set"),
    ("pin", "reset"),
    ("relay", "list"),
    ("relay", "test"),
    ("evaluate",),
    ("calibrate",),
    ("bench",),
]


def start(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "kiosk.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"door-kiosk {' '.join(command)}" in text
    assert "--data DIR" in text
    assert "--verbose" in text


def test_help_and_version_load_nothing_heavy() -> None:
    code = (
        "import sys; from kiosk.cli import main; main(['people', 'add', '--help']); "
        "main(['--version']); "
        "print([m for m in ('cv2', 'numpy', 'onnxruntime', 'PySide6', 'peewee', 'serial') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == "[]", done.stderr
    assert lines[-2] == f"door-kiosk {__version__}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["models"],
        ["people", "add", "Ada"],
        ["events", "export"],
        ["events", "export", "--usb", "--to-file", "x.csv"],
        ["events", "list", "--since", "yesterday"],
        ["events", "list", "--kind", "party"],
        ["events", "list", "--limit", "0"],
        ["relay", "test", "sim:", "--pulse", "nan"],
        ["relay", "test", "sim:", "--pulse", "3600"],
        ["evaluate", "--enroll", "a.csv"],
        ["evaluate", "--enroll", "a", "--probe", "b", "--stranger-rate", "0.5"],
        ["run", "--seconds", "-1"],
        # An abbreviation must not come to mean something else later.
        ["people", "list", "--sea", "x"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "usage: door-kiosk" in said.err


def test_a_fault_is_one_line_and_code_one(tmp_path: Path) -> None:
    done = start("bench", "--data", str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "door-kiosk: No face models. Get them with: door-kiosk models pull, or: door-kiosk models "
        "import DIR\n"
    )


def test_a_bug_is_a_traceback_and_code_seventy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kiosk.door.drivers.list_ports", lambda: 1 / 0)
    assert cli.main(["relay", "list"]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_an_interruption_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kiosk.door.drivers.list_ports", interrupted)
    assert cli.main(["relay", "list"]) == 130
    assert capsys.readouterr().err == "door-kiosk: interrupted\n"


def test_a_sentence_with_line_breaks_stays_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise StoreError("The disk\nis full.")

    monkeypatch.setattr("kiosk.door.drivers.list_ports", fail)
    assert cli.main(["relay", "list"]) == 1
    assert capsys.readouterr().err == "door-kiosk: The disk is full.\n"


def test_a_closed_pipe_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "kiosk.cli", "relay", "list"],
            cwd=ROOT,
            stdout=pipe,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == cli.EXIT_PIPE
    assert done.stderr == b""


def test_without_a_command_it_runs_the_kiosk(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(run, "execute", lambda args: seen.append(args) or 0)
    assert cli.main([]) == 0
    assert cli.main(["--verbose"]) == 0
    assert [(args.camera, args.windowed, args.verbose) for args in seen] == [
        (None, False, False),
        (None, False, True),
    ]


def test_verbose_may_stand_after_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(relay, "execute_list", lambda args: seen.append(args.verbose) or 0)
    cli.main(["relay", "list", "--verbose"])
    cli.main(["relay", "list"])
    assert seen == [True, False]


def test_names_are_shown_on_a_terminal_that_cannot(tmp_path: Path) -> None:
    done = start(
        "relay",
        "test",
        "sim:",
        "--pulse",
        "0.05",
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
    )
    assert done.returncode == 0, done.stderr
    assert "\\u2026" in done.stdout


def test_start_is_quick() -> None:
    start("--version")
    began = time.perf_counter()
    start("--version")
    # 0.06 s on an idle machine; the bound leaves room for a busy one.
    assert time.perf_counter() - began < 1.5


def test_a_closed_stdout_is_no_bug() -> None:
    code = "import os, sys; os.close(1); sys.stdout = None; from kiosk.cli import main; "
    run = subprocess.run(
        [sys.executable, "-c", code + "sys.exit(main(['--version']))"],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert "Traceback" not in run.stderr
    run = subprocess.run(
        [sys.executable, "-c", code + "sys.exit(main(['relay', 'list']))"],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert "Traceback" not in run.stderr
    assert run.returncode == 0

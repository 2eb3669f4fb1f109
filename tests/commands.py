"""The installed command, as scripts run it and as people type at it."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CUSTODY = str(Path(sys.executable).with_name("custody"))
PATIENCE = 60

Typed = str | Callable[[str], str]
"""What a person types: a text, or what he makes of the screen."""


def run(*arguments: object, exit_code: int = 0) -> dict[str, Any]:
    """The JSON object of a command that asks nothing."""
    command = [CUSTODY, *map(str, arguments), "--json"]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    assert ended.returncode == exit_code, ended.stderr.decode()
    return dict(json.loads(ended.stdout))


def at_terminal(*arguments: object, answers: dict[str, Typed]) -> tuple[dict[str, Any], str]:
    """The JSON object and the screen of a command that asks each of these questions, in this order, at a terminal."""
    screen_end, keyboard_end = pty.openpty()
    command = ["setsid", "--ctty", CUSTODY, *map(str, arguments), "--json"]
    with (
        open(screen_end, "r+b", buffering=0) as terminal,  # noqa: PTH123
        subprocess.Popen(command, stdin=keyboard_end, stdout=subprocess.PIPE, stderr=keyboard_end) as child,
    ):
        os.close(keyboard_end)
        try:
            screen = ""
            for question, typed in answers.items():
                screen += _read(terminal.fileno(), until=f"{question}: ")
                line = typed if isinstance(typed, str) else typed(screen)
                terminal.write(line.encode() + b"\n")
            screen += _read(terminal.fileno())
            told, _ = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
    assert child.returncode == 0, screen
    return dict(json.loads(told)), screen


def _read(descriptor: int, until: str | None = None) -> str:
    """What appears on the screen until a question stands there, or until the program ends."""
    shown, deadline = b"", time.monotonic() + PATIENCE
    while until is None or not shown.endswith(until.encode()):
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"nothing more after: {shown.decode()}"
        try:
            part = os.read(descriptor, 4_096)
        except OSError:  # Linux: nobody has the other end open any more
            part = b""
        if not part:
            assert until is None, f"{until!r} was never asked: {shown.decode()}"
            break
        shown += part
    return shown.decode()

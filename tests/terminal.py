"""A person at a terminal on which the program runs."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from desk import PROGRAM

PATIENCE = 90.0


class Terminal:
    """The person's end of a terminal on which the program runs."""

    def __init__(self, descriptor: int, child: int) -> None:
        self._descriptor, self._child = descriptor, child
        self.told, self._read_to = "", 0

    def wait_for(self, pattern: str) -> "re.Match[str]":
        """The next place in what is told that matches."""
        until = time.monotonic() + PATIENCE
        while not (found := re.compile(pattern).search(self.told, self._read_to)):
            assert time.monotonic() < until, f"{pattern!r} did not come; told: {self.told[-500:]}"
            if not self._hear():
                raise AssertionError(f"the program ended before {pattern!r}: {self.told[-500:]}")
        self._read_to = found.end()
        return found

    def type(self, line: str) -> None:
        """A line and Enter."""
        os.write(self._descriptor, line.encode() + b"\n")

    def press(self, key: bytes) -> None:
        """A key without Enter."""
        os.write(self._descriptor, key)

    def interrupt(self) -> int:
        """Ctrl-C, and again after a while: CPython's readline can miss the first one. The exit code."""
        until = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < until, f"Ctrl-C did not end the program; told: {self.told[-500:]}"
            self.press(b"\x03")
            while select.select([self._descriptor], [], [], 5)[0]:
                if not self._hear():
                    return self.end()

    def answer(self, question: str, line: str) -> None:
        """Waits for a question to stand there whole, and answers it: what is typed earlier is thrown away."""
        self.wait_for(f"{question}[^\\n]*: ")
        self.type(line)

    def end(self) -> int:
        """The exit code, once the program has ended."""
        while self._hear():
            continue
        until = time.monotonic() + PATIENCE
        while not (ended := os.waitpid(self._child, os.WNOHANG))[0]:
            if time.monotonic() > until:
                os.kill(self._child, signal.SIGKILL)
                os.waitpid(self._child, 0)
                raise AssertionError(f"the program did not end; told: {self.told[-500:]}")
            time.sleep(0.02)
        return os.waitstatus_to_exitcode(ended[1])

    def core_limit(self) -> str:
        """How large a core dump of the program may become."""
        limits = Path(f"/proc/{self._child}/limits").read_text()
        return next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4]

    def _hear(self) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], PATIENCE)
        try:
            heard = os.read(self._descriptor, 65_536) if ready else b""
        except OSError:
            heard = b""
        self.told += heard.decode(errors="replace")
        return bool(heard)


@contextmanager
def at_the_terminal(*arguments: object, rows: int = 200, columns: int = 80) -> Iterator[Terminal]:
    """The program with a terminal of its own for input and people's output; stdout is that terminal too."""
    command = [PROGRAM, *map(str, arguments)]
    child, descriptor = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execv(command[0], command)  # noqa: S606
    try:
        yield Terminal(descriptor, child)
    finally:
        os.close(descriptor)


def json_of(terminal: Terminal) -> dict[str, Any]:
    """The JSON object that ended up on the same terminal."""
    lines = [line for line in terminal.told.splitlines() if line.startswith("{")]
    assert len(lines) == 1
    fields: dict[str, Any] = json.loads(lines[0])
    return fields

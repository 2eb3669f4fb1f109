"""Runs `custody` in forks of one warm process and kills them, group and all, at a given moment.

As a script: the arguments of `_run` as a JSON object a line on standard input, and `{"exit", "seconds", "gone"}` a line
on standard output. The kill comes `wait` seconds after the file `log` has changed its size `growth` times, or after
the start when `growth` is 0; without `wait` there is none. No file may grow beyond `limit` bytes.
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_POLL = 0.0001
_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 30.0


class KillServer:
    """The parent's end."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, arguments: list[str], log: Path, **kill: Any) -> dict[str, Any]:
        """Run a command and perhaps kill it; how it ended and after how long."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, "log": str(log), **kill}) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told


@contextmanager
def started() -> Iterator[KillServer]:
    """A server of its own process, ended with the block."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield KillServer(process)
        assert process.stdin is not None
        process.stdin.close()


def _serve() -> None:
    # What a killed command leaves behind becomes a child of this process, which can then tell when it ends.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for line in sys.stdin:
        print(json.dumps(_run(**json.loads(line))), flush=True)


def _run(
    arguments: list[str],
    log: str,
    wait: float | None = None,
    growth: int = 0,
    alone: bool = False,
    limit: int = resource.RLIM_INFINITY,
) -> dict[str, Any]:
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        _become_command(arguments)
    # Both sides set the group, so that it is there whoever runs first.
    _own_group(child)
    if wait is not None:
        _await_growth(child, Path(log), growth, begun)
        time.sleep(wait)
        _kill(child, alone=alone)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - begun
    return {"exit": os.waitstatus_to_exitcode(status), "seconds": seconds, "gone": _group_ends(child)}


def _become_command(arguments: list[str]) -> None:
    from custody.cli import main

    _own_group(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    code = 1
    try:
        main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def _own_group(process: int) -> None:
    try:
        os.setpgid(process, process)
    except (PermissionError, ProcessLookupError):
        return


def _await_growth(child: int, log: Path, growth: int, begun: float) -> None:
    size = log.stat().st_size
    while growth and time.monotonic() - begun < _PATIENCE:
        now = log.stat().st_size
        growth, size = growth - (now != size), now
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(_POLL)


def _kill(child: int, *, alone: bool) -> None:
    try:
        (os.kill if alone else os.killpg)(child, signal.SIGKILL)
    except ProcessLookupError:
        return


def _group_ends(group: int) -> bool:
    """Whether every process of the group ends soon, those that the command left behind too."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            os.waitpid(-group, os.WNOHANG)
        except ChildProcessError:
            return True
        time.sleep(_POLL)
    os.killpg(group, signal.SIGKILL)
    return False


if __name__ == "__main__":
    import custody.cli.signer
    import custody.edge.frames
    import custody.edge.home
    import custody.qr.ur  # noqa: F401

    _serve()

"""Frames on a terminal: what is drawn is the codes, at a size that fits."""

import os
import pty
import random
import subprocess
import sys
import termios
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

import pytest

from custody.edge import animation
from custody.edge.frames import write_dest
from custody.errors import InputError
from custody.qr import render, symbol, ur
from custody.qr.profile import Profile, default_profile, frames

MESSAGE = ur.Message("x-custody-request", random.Random(1).randbytes(3_000))


def drawings(profile: Profile, parts: int | None = None) -> list[str]:
    return [render.half_blocks(matrix) for matrix in symbol.encode(frames(MESSAGE, profile, parts))]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(animation.shutil, "get_terminal_size", lambda: os.terminal_size(request.param))


def test_where_nobody_watches_each_frame_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    profile = Profile(fragment=200, fps=5)
    assert write_dest(MESSAGE, "screen", profile=profile, parts=15) == 15
    assert capsys.readouterr().out == "\n\n".join(drawings(profile, 15)) + "\n"


@pytest.mark.parametrize(
    ("terminal", "version"), [((80, 24), 5), ((240, 67), 20), ((105, 54), 20), ((100, 50), 18)], indirect=["terminal"]
)
@pytest.mark.usefixtures("terminal")
def test_the_largest_version_that_fits_is_shown(version: int) -> None:
    chosen = animation._fitting_profile("x-custody-request")
    size = len(symbol.encode(frames(ur.Message(MESSAGE.type, bytes(36_000)), chosen))[0])
    assert size == 17 + 4 * version
    assert size <= animation._largest_symbol()


@pytest.mark.parametrize("terminal", [(44, 24), (80, 23)], indirect=True)
@pytest.mark.usefixtures("terminal")
def test_a_terminal_too_small_for_any_code_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        animation._fitting_profile("psbt")
    assert refused.value.code == "SCREEN-TOO-SMALL"


@pytest.mark.parametrize("terminal", [(80, 24)], indirect=True)
@pytest.mark.usefixtures("terminal")
def test_frames_asked_for_larger_than_the_terminal_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(InputError) as refused:
        write_dest(MESSAGE, "screen", profile=Profile(fragment=200, fps=5))
    assert refused.value.code == "SCREEN-TOO-SMALL"


def test_a_terminal_shows_the_frames_over_and_over_until_enter(tmp_path: Path) -> None:
    (tmp_path / "a.request").write_bytes(MESSAGE.payload)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (54, 105))
    arguments = ["qr", "encode", f"{tmp_path}/a.request", "--type", MESSAGE.type, "--out", "screen"]
    child = subprocess.Popen(
        [sys.executable, "-c", "from custody.cli import main; main()", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"},
    )
    os.close(theirs)
    drawn = b""
    while drawn.count(animation._HOME.encode()) < 16:
        drawn += os.read(ours, 65_536)
    os.write(ours, b"\n")
    with suppress(OSError):
        while more := os.read(ours, 65_536):
            drawn += more
    os.close(ours)
    assert child.wait(60) == 0
    pictures = drawn.decode(errors="replace").replace("\r\n", "\n").split(animation._HOME + animation._INK)[1:16]
    expected = islice(cycle(drawings(default_profile(MESSAGE.type))), 15)
    assert [picture.split(animation._PLAIN)[0] for picture in pictures] == list(expected)

"""``custody qr``: a file out as frames and in again."""

import json
import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from custody.cli import main

CONTENT = random.Random(1).randbytes(2_150)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.bin").write_bytes(CONTENT)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--json"])
    return int(str(ended.value.code)), json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("kind", ["bytes", "psbt", "x-custody-request", "seed"])
@pytest.mark.parametrize("out", ["a.gif", "a.txt", "a"])
def test_a_file_goes_out_as_frames_and_comes_in_again(
    kind: str, out: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = run(capsys, "qr", "encode", "in.bin", "--type", kind, "--out", out)
    assert (code, told["ok"], told["type"]) == (0, True, kind)
    code, told = run(capsys, "qr", "decode", out, "-o", "out.bin")
    assert (folder / "out.bin").read_bytes() == CONTENT
    digest = sha256(CONTENT).hexdigest()
    assert (code, told) == (0, {"ok": True, "type": kind, "size": len(CONTENT), "sha256": digest})


@pytest.mark.parametrize(
    ("options", "frames"),
    [
        (["--fragment", "500"], 10),
        (["--version", "20"], 8),
        (["--version", "40"], 4),
        (["--fragment", "500", "--parts", "5"], 5),
        (["--fps", "1"], 8),
    ],
)
def test_size_and_number_of_frames_can_be_chosen(
    options: list[str], frames: int, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = run(capsys, "qr", "encode", "in.bin", "--type", "x-custody-request", "--out", "a.txt", *options)
    assert (code, told["frames"]) == (0, frames)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        (["encode", "in.bin", "--type", "bytes", "--out", "a.txt", "--fps", "0"], 2, "QR-PROFILE"),
        (["encode", "in.bin", "--type", "bytes", "--out", "a.txt", "--fps", "31"], 2, "QR-PROFILE"),
        (["encode", "in.bin", "--type", "bytes", "--out", "a.txt", "--version", "4"], 2, "QR-PROFILE"),
        (["encode", "in.bin", "--type", "bytes", "--out", "a.txt", "--version", "41"], 2, "QR-PROFILE"),
        (["encode", "in.bin", "--type", "bytes", "--out", "a.txt", "--fragment", "0"], 2, "QR-PROFILE"),
        (
            ["encode", "in.bin", "--type", "bytes", "--out", "a.txt", "--fragment", "9", "--version", "9"],
            2,
            "QR-PROFILE",
        ),
        (["encode", "in.bin", "--type", "bytes", "--out", "a.txt", "--parts", "3"], 2, "QR-PARTS"),
        (["encode", "in.bin", "--type", "bytes", "--out", "a.gif", "--fragment", "2200"], 4, "QR-CAPACITY"),
        (["encode", "in.bin", "--type", "Bytes", "--out", "a.txt"], 4, "UR-SYNTAX"),
        (["encode", "in.bin", "--type", "bytes", "--out", "a.mp4"], 2, "DEST-FORM"),
        (["encode", "in.bin", "--type", "bytes", "--out", "in.bin"], 2, "DEST-FORM"),
        (["encode", "in.bin", "--type", "bytes", "--out", "file:in.bin"], 2, "DEST-EXISTS"),
        (["encode", "no.bin", "--type", "bytes", "--out", "a.txt"], 4, "FILE-MISSING"),
        (["decode", "camera:0", "-o", "out.bin"], 2, "SOURCE-FORM"),
        (["decode", "no.gif", "-o", "out.bin"], 4, "SOURCE-MISSING"),
        (["decode", "text:in.bin", "-o", "out.bin"], 4, "SCAN-INCOMPLETE"),
        (["decode", "images:in.bin", "-o", "out.bin"], 4, "SCAN-INCOMPLETE"),
    ],
)
def test_what_cannot_be_done_says_why(
    arguments: list[str], exit_code: int, error: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = run(capsys, "qr", *arguments)
    assert (code, told["ok"], told["error"]["code"]) == (exit_code, False, error)
    assert [path.name for path in folder.iterdir()] == ["in.bin"]


def test_frames_shown_on_screen_stay_out_of_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "qr", "encode", "in.bin", "--type", "bytes", "--out", "screen")
    assert (code, told["frames"]) == (0, 22)


def test_an_incomplete_scan_tells_its_progress_in_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "qr", "encode", "in.bin", "--type", "bytes", "--out", "a.txt")
    lines = (folder / "a.txt").read_text().splitlines()
    (folder / "a.txt").write_text("\n".join(lines[:7]))
    code, told = run(capsys, "qr", "decode", "a.txt", "-o", "out.bin")
    assert (code, told["rank"], told["needed"], told["frames"], told["types"]) == (4, 7, 11, 7, ["bytes"])

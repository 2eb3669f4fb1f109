"""Sources and destinations of messages: what goes out comes in again, and nothing half-made stays behind."""

import errno
import os
import random
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from PIL import Image

from custody.edge import frames
from custody.edge.frames import FILE_TYPES, check_dest, read_source, write_dest
from custody.errors import CustodyError, InputError, UsageError
from custody.qr import render, symbol, ur
from custody.qr.collector import ScanIncomplete
from custody.qr.fountain import Encoder
from custody.qr.profile import Profile
from custody.wire import export, request, response

MESSAGE = ur.Message("x-custody-request", random.Random(1).randbytes(3_000))
SMALL = ur.Message("x-custody-response", b"\xa1\x61\x61\x01")
PROFILE = Profile(fragment=200, fps=5)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(CustodyError) as refused:
        call()
    return refused.value.code


class Blind:
    """A decoder that finds the texts it is given, or raises what it is given, picture by picture."""

    def __init__(self, *answers: list[list[str]] | CustodyError) -> None:
        self.answers = iter(answers)

    def decode(self, _image: bytes) -> Iterator[list[str]]:
        answer = next(self.answers)
        if isinstance(answer, CustodyError):
            raise answer
        yield from answer


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03}.png").write_bytes(b"")
    return folder


@pytest.mark.parametrize("name", ["shown.gif", "shown.txt", "shown", "message.request", "file:message.request"])
def test_what_is_written_is_read_again(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    count = write_dest(MESSAGE, name, profile=PROFILE)
    assert count == (1 if "message" in name else 30)
    assert read_source(name, expected_types={MESSAGE.type}) == MESSAGE


@pytest.mark.parametrize("name", ["shown.gif", "shown.txt", "shown"])
def test_a_message_of_one_frame_is_one_frame(name: str, tmp_path: Path) -> None:
    assert write_dest(SMALL, str(tmp_path / name)) == 1
    assert read_source(str(tmp_path / name)) == SMALL


def test_half_of_the_pictures_are_enough(tmp_path: Path) -> None:
    write_dest(MESSAGE, str(tmp_path / "shown"), profile=PROFILE)
    for number, picture in enumerate(sorted((tmp_path / "shown").iterdir())):
        if number % 2:
            picture.unlink()
        elif number % 4:
            Image.open(picture).convert("RGB").save(picture.with_suffix(".jpg"), quality=40)
            picture.unlink()
    encoder = Encoder(MESSAGE.payload, PROFILE.fragment)
    for seq_num in range(31, 40):
        text = ur.encode_part(MESSAGE.type, encoder.part(seq_num))
        (tmp_path / "shown" / f"more-{seq_num}.png").write_bytes(render.png(symbol.encode([text])[0]))
    assert read_source(f"images:{tmp_path / 'shown'}") == MESSAGE


def test_a_psbt_file_becomes_a_wrapped_message_and_comes_back_bare(tmp_path: Path) -> None:
    (tmp_path / "one.psbt").write_bytes(b"psbt\xff...")
    message = read_source(str(tmp_path / "one.psbt"))
    assert message == ur.wrap("psbt", b"psbt\xff...")
    write_dest(message, str(tmp_path / "two.psbt"))
    assert (tmp_path / "two.psbt").read_bytes() == b"psbt\xff..."


def test_suffixes_stand_for_the_types_of_the_wire() -> None:
    assert {FILE_TYPES[".request"], FILE_TYPES[".response"], FILE_TYPES[".account"]} == {
        request.UR_TYPE,
        response.UR_TYPE,
        export.UR_TYPE,
    }


def test_a_file_of_another_type_than_asked_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.response").write_bytes(b"\xa0")
    (tmp_path / "a.bin").write_bytes(b"\xa0")
    assert code_of(lambda: read_source(f"{tmp_path}/a.response", expected_types={"psbt"})) == "SOURCE-TYPE"
    assert code_of(lambda: read_source(f"file:{tmp_path}/a.bin")) == "SOURCE-TYPE"
    assert code_of(lambda: read_source(f"file:{tmp_path}/a.bin", expected_types={"a", "b"})) == "SOURCE-TYPE"
    assert read_source(f"file:{tmp_path}/a.bin", expected_types={"seed"}) == ur.Message("seed", b"\xa0")


@pytest.mark.parametrize(
    "source",
    [
        "",
        "camera:0",
        "video:a.mp4",
        "a.mp4",
        "nothing",
        "images:",
        "a.request.bak",
        "a:b.png",
        "http://a/b",
        "-",
        "screen",
    ],
)
def test_what_is_no_source_is_refused_with_the_list(source: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_source(source)
    assert refused.value.code == "SOURCE-FORM"
    assert "images:F_OR_DIR" in refused.value.hint
    assert "camera:" in refused.value.hint


@pytest.mark.parametrize(
    "source", ["text:{}/no.txt", "{}/no.gif", "{}/no.request", "images:{}/no", "file:{}", "images:{}"]
)
def test_a_source_that_is_not_there_is_refused(source: str, tmp_path: Path) -> None:
    expected = {"x-custody-request"}
    assert code_of(lambda: read_source(source.format(tmp_path), expected_types=expected)) in (
        "SOURCE-MISSING",
        "FILE-MISSING",
    )


def test_a_pipe_is_no_source(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    assert code_of(lambda: read_source(str(tmp_path / "a.txt"))) == "FILE-MISSING"


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.request").write_bytes(bytes(1_048_577))
    assert code_of(lambda: read_source(str(tmp_path / "a.request"))) == "FILE-SIZE"


def test_lines_without_end_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\n" * 10_001)
    assert code_of(lambda: read_source(str(tmp_path / "a.txt"))) == "SOURCE-TOO-LARGE"


def test_lines_that_are_no_parts_are_passed_over(tmp_path: Path) -> None:
    write_dest(MESSAGE, str(tmp_path / "a.txt"), profile=PROFILE)
    lines = (tmp_path / "a.txt").read_bytes().split(b"\n")
    noise = [b"\xff\xfe", b"", b"  ", b"ur:nonsense", b"https://example.org\r"]
    (tmp_path / "a.txt").write_bytes(
        b"\r\n".join(line for pair in zip(lines, noise * 20, strict=False) for line in pair)
    )
    assert read_source(f"text:{tmp_path / 'a.txt'}") == MESSAGE


def test_an_incomplete_source_says_what_was_seen(tmp_path: Path) -> None:
    write_dest(MESSAGE, str(tmp_path / "a.txt"), profile=PROFILE)
    lines = (tmp_path / "a.txt").read_text().splitlines()
    (tmp_path / "a.txt").write_text("\n".join([*lines[:9], "stray"]))
    with pytest.raises(ScanIncomplete) as incomplete:
        read_source(str(tmp_path / "a.txt"))
    assert incomplete.value.exit_code == 4
    assert (incomplete.value.details["rank"], incomplete.value.details["needed"]) == (9, 15)
    assert incomplete.value.details["frames"] == 10


def test_pictures_that_cannot_be_read_are_counted_and_passed_over(tmp_path: Path) -> None:
    texts = frames.frames(MESSAGE, PROFILE)
    bad = InputError("IMAGE-UNREADABLE", "")
    blind = Blind(bad, [[]], [texts[:8]], InputError("IMAGE-KILLED-DECODER", ""), [[texts[8], "stray"], texts[9:15]])
    folder = pictures(tmp_path / "a", 5)
    assert read_source(str(folder), decoder_factory=lambda: nullcontext(blind)) == MESSAGE


def test_a_folder_of_bad_pictures_is_an_incomplete_scan(tmp_path: Path) -> None:
    bad = InputError("IMAGE-UNREADABLE", "")
    folder = pictures(tmp_path / "a", 4)
    with pytest.raises(ScanIncomplete) as incomplete:
        read_source(str(folder), decoder_factory=lambda: nullcontext(Blind(bad, [[]], bad, [[], []])))
    assert incomplete.value.details["outcomes"] == {"unreadable": 2, "empty": 3}


def test_an_exhausted_decoder_ends_the_scan(tmp_path: Path) -> None:
    blind = Blind(InputError("DECODER-EXHAUSTED", ""), [[ur.encode(SMALL)]])
    folder = pictures(tmp_path / "a", 2)
    assert code_of(lambda: read_source(str(folder), decoder_factory=lambda: nullcontext(blind))) == "DECODER-EXHAUSTED"


def test_a_hostile_folder_through_the_real_jail(tmp_path: Path) -> None:
    write_dest(MESSAGE, str(tmp_path / "a"), profile=PROFILE)
    (tmp_path / "a" / "frame-0000.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "a" / "frame-0000.gif").write_bytes(random.Random(3).randbytes(5_000))
    (tmp_path / "a" / "a folder.png").mkdir()
    (tmp_path / "a" / "notes.md").write_text("not looked at")
    Image.new("L", (100, 100)).save(tmp_path / "a" / "blank.bmp")
    assert read_source(str(tmp_path / "a")) == MESSAGE


@pytest.mark.parametrize(
    "dest", ["", "camera:0", "a.mp4", "a.png", "text:a.txt", "file:", "/", "b.pdf", "images:b", "a.request.bak"]
)
def test_what_is_no_destination_is_refused_with_the_list(
    dest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as refused:
        write_dest(SMALL, dest)
    assert refused.value.code == "DEST-FORM"
    assert "frame-0001.png" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.gif", "a.txt", "a.request", "file:a.bin", "a"])
def test_what_exists_is_replaced_with_force_only(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_dest(SMALL, name)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert code_of(lambda: write_dest(MESSAGE, name)) == "DEST-EXISTS"
    assert code_of(lambda: check_dest(name)) == "DEST-EXISTS"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    write_dest(MESSAGE, name, force=True)
    assert read_source(name, expected_types={MESSAGE.type}) == MESSAGE


def test_force_does_not_delete_a_folder_of_other_things(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "log").write_text("years of it")
    assert code_of(lambda: write_dest(SMALL, str(tmp_path / "home"), force=True)) == "DEST-EXISTS"
    assert code_of(lambda: write_dest(SMALL, f"file:{tmp_path / 'home'}", force=True)) == "DEST-EXISTS"
    assert (tmp_path / "home" / "log").read_text() == "years of it"


def test_force_replaces_all_frames_of_a_longer_message(tmp_path: Path) -> None:
    write_dest(MESSAGE, str(tmp_path / "a"), profile=PROFILE)
    write_dest(SMALL, str(tmp_path / "a"), force=True)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["frame-0001.png"]


def test_a_destination_in_no_folder_is_refused(tmp_path: Path) -> None:
    assert code_of(lambda: check_dest(str(tmp_path / "no" / "a.gif"))) == "DEST-UNWRITABLE"


@pytest.mark.parametrize(
    ("name", "code"), [("a.gif", "HOME-NO-SPACE"), ("a.request", "HOME-NO-SPACE"), ("a", "HOME-NO-SPACE")]
)
def test_a_failure_leaves_nothing_half_made(
    name: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CustodyError) as refused:
        write_dest(MESSAGE, str(tmp_path / name))
    assert refused.value.code == code
    assert "space" in refused.value.message
    assert list(tmp_path.iterdir()) == []


def test_parts_can_be_chosen_but_not_fewer_than_needed(tmp_path: Path) -> None:
    assert write_dest(MESSAGE, str(tmp_path / "a.txt"), profile=PROFILE, parts=15) == 15
    assert read_source(str(tmp_path / "a.txt")) == MESSAGE
    assert code_of(lambda: write_dest(MESSAGE, str(tmp_path / "b.txt"), profile=PROFILE, parts=14)) == "QR-PARTS"

"""Sticks and files of raw blocks: read once, refused where they lie, never written over somebody's files unasked."""

import hashlib
import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from custody.edge import blocks
from custody.edge.blocks import Stick, read_blocks, write_blocks
from custody.errors import CustodyError, InputError, UsageError
from custody.screening.large import unwatched
from custody.wire.blocks import SECTOR, Header

MESSAGE = bytes(range(256)) * 40
HEADER = Header.of("log", MESSAGE)
STICK = HEADER.serialize() + MESSAGE + bytes(HEADER.padding)


def put(path: Path, message: bytes = MESSAGE, *, force: bool = False) -> None:
    write_blocks(path, Header.of("log", message), io.BytesIO(message), unwatched, force=force)


def read(path: Path) -> bytes:
    return read_blocks(path, "log", unwatched)


def refused(path: Path, octets: bytes) -> str:
    path.write_bytes(octets)
    with pytest.raises(CustodyError) as caught:
        read(path)
    return caught.value.code


def test_a_file_holds_what_would_stand_on_a_stick(tmp_path: Path) -> None:
    put(tmp_path / "stick")
    assert (tmp_path / "stick").read_bytes() == STICK
    assert read(tmp_path / "stick") == MESSAGE
    with pytest.raises(UsageError, match="DEST-EXISTS"):
        put(tmp_path / "stick")
    put(tmp_path / "stick", b"another", force=True)
    assert read(tmp_path / "stick") == b"another"


def test_what_lies_behind_the_last_sector_has_no_meaning(tmp_path: Path) -> None:
    (tmp_path / "stick").write_bytes(STICK + b"\xff" * 10_000)
    assert read(tmp_path / "stick") == MESSAGE


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "BLOCKS-SHORT"),
        (STICK[:4_000], "BLOCKS-SHORT"),
        (STICK[:SECTOR], "BLOCKS-SHORT"),
        (STICK[: SECTOR + len(MESSAGE) - 1], "BLOCKS-SHORT"),
        (STICK[: SECTOR + 100] + b"\x00" + STICK[SECTOR + 101 :], "BLOCKS-DIGEST"),
        (STICK[:-1] + b"\x01", "BLOCKS-PADDING"),
        (STICK[:-1], "BLOCKS-PADDING"),
        (Header.of("bundle", MESSAGE).serialize() + MESSAGE, "BLOCKS-KIND"),
    ],
)
def test_what_is_no_whole_message_is_refused_by_name(tmp_path: Path, octets: bytes, code: str) -> None:
    assert refused(tmp_path / "stick", octets) == code


def test_every_octet_is_read_once_and_a_stick_that_changes_its_mind_is_refused() -> None:
    """A stick that gives other octets behind an honest header: what was copied is hashed, and nothing is read again."""

    class Changing(io.BytesIO):
        reads = 0

        def read(self, count: int | None = -1) -> bytes:
            Changing.reads += 1
            return super().read(count)

    for octets, good in ((MESSAGE, True), (MESSAGE[:-1] + b"\x00", False)):
        source, out = Changing(octets + bytes(HEADER.padding)), io.BytesIO()
        Changing.reads = 0
        stick = Stick(HEADER, Path("stick"), source)
        if good:
            stick.copy(out, unwatched)
            assert hashlib.sha256(out.getvalue()).digest() == HEADER.digest
        else:
            with pytest.raises(InputError, match="BLOCKS-DIGEST"):
                stick.copy(out, unwatched)
        assert Changing.reads <= 2


@pytest.mark.parametrize("place", ["folder", "pipe", "missing"])
def test_what_is_neither_device_nor_file_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    code = "FILE-MISSING" if place == "missing" else "BLOCKS-PLACE"
    with pytest.raises(InputError, match=code):
        read(tmp_path / place)
    if place != "missing":
        with pytest.raises(InputError, match="BLOCKS-PLACE"):
            put(tmp_path / place, force=True)
    with pytest.raises(InputError, match="BLOCKS-PLACE"):
        read(Path("/dev/zero"))


def test_a_link_is_followed(tmp_path: Path) -> None:
    """`/dev/disk/by-id/…` are links."""
    put(tmp_path / "stick")
    (tmp_path / "link").symlink_to(tmp_path / "stick")
    assert read(tmp_path / "link") == MESSAGE


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """A device of blocks: a loop over a file. The superuser's, and only where the kernel has them."""
    (tmp_path / "medium").write_bytes(bytes(2 << 20))
    command = ["losetup", "--find", "--show", str(tmp_path / "medium")]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"this machine makes no loop devices: {made.stderr.strip()}")
    try:
        yield Path(made.stdout.strip())
    finally:
        subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)


def test_a_device_is_written_read_back_and_read(device: Path) -> None:
    put(device)
    assert read(device) == MESSAGE
    put(device, b"over an earlier message")
    assert read(device) == b"over an earlier message"


def test_a_device_that_holds_somebody_s_files_is_not_overwritten_unasked(device: Path) -> None:
    subprocess.run(["mkfs.ext4", "-q", str(device)], check=True)
    with pytest.raises(UsageError, match="BLOCKS-OCCUPIED"):
        put(device)
    put(device, force=True)
    assert read(device) == MESSAGE


def test_a_device_that_is_mounted_is_never_overwritten(device: Path, tmp_path: Path) -> None:
    subprocess.run(["mkfs.ext4", "-q", str(device)], check=True)
    (tmp_path / "mounted").mkdir()
    subprocess.run(["mount", str(device), str(tmp_path / "mounted")], check=True)
    try:
        with pytest.raises(InputError, match="BLOCKS-BUSY"):
            put(device, force=True)
    finally:
        subprocess.run(["umount", str(tmp_path / "mounted")], check=True)


def test_a_device_that_is_too_small_is_not_begun(device: Path) -> None:
    with pytest.raises(InputError, match="BLOCKS-SHORT"):
        put(device, bytes(2 << 20))
    assert device.read_bytes() == bytes(2 << 20)


def test_a_stick_that_does_not_keep_what_it_is_given_is_named(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = blocks._write

    def forgetful(out: io.BufferedWriter, *given: object) -> None:
        honest(out, *given)  # type: ignore[arg-type]
        out.seek(SECTOR)
        out.write(b"\xff")

    monkeypatch.setattr(blocks, "_write", forgetful)
    with pytest.raises(InputError, match="BLOCKS-WRITE"):
        put(device)

"""What a camera gives, as pictures that the jail reads. A camera itself is met on the booted device: tests/firmware."""

import struct
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from custody.edge import camera, frames
from custody.edge.decoder import JailedDecoder
from custody.errors import InputError
from custody.qr import render, symbol

TEXT = "UR:X-CUSTODY-REQUEST/HDCXLKAHSSQZWFVSLOFZOXWKREWNGOTKTBMWJKWDCMNEFSAAEHRLOLKSKNCNKTLBAYPK"


def grey_levels(width: int, height: int) -> bytes:
    return bytes((x * 7 + y * 31) % 256 for y in range(height) for x in range(width))


def raw(name: bytes, grey: bytes, width: int, line: int) -> bytes:
    """A frame of these grey levels as a camera sends it, lines longer than what they hold."""
    rows = [grey[start : start + width] for start in range(0, len(grey), width)]
    if name == b"YUYV":
        rows = [bytes(octet for level in row for octet in (level, 128)) for row in rows]
    plane = b"".join(row.ljust(line, b"\xaa") for row in rows)
    return plane + (bytes([128]) * (len(plane) // 2) if name in (b"NV12", b"YU12") else b"")


def code_of(name: bytes) -> int:
    return int(struct.unpack("<I", name)[0])


PLANES = [b"GREY", b"NV12", b"YU12", b"YUYV"]


@pytest.mark.parametrize("name", PLANES)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (5, 3), (8, 2), (641, 7)])
def test_the_grey_levels_of_a_frame_become_a_picture(name: bytes, width: int, height: int) -> None:
    grey, line = grey_levels(width, height), width * (2 if name == b"YUYV" else 1) + 6
    picture = camera.picture(code_of(name), width, height, line, raw(name, grey, width, line))
    read = Image.open(BytesIO(picture))
    assert (read.format, read.size, read.convert("L").tobytes()) == ("BMP", (width, height), grey)


def test_the_example_of_the_page() -> None:
    frame = bytes.fromhex("10802080 30804080")
    read = Image.open(BytesIO(camera.picture(code_of(b"YUYV"), 2, 2, 4, frame))).convert("L")
    assert list(read.tobytes()) == [16, 32, 48, 64]


def test_a_frame_that_is_cut_short_is_black_below() -> None:
    read = Image.open(BytesIO(camera.picture(code_of(b"GREY"), 4, 4, 4, b"\xff" * 6))).convert("L")
    assert read.tobytes() == b"\xff" * 6 + bytes(10)


def test_a_jpeg_is_handed_on_as_it_is() -> None:
    assert camera.picture(code_of(b"MJPG"), 9, 9, 0, b"whatever it is") == b"whatever it is"


@pytest.mark.parametrize("name", PLANES)
def test_a_code_before_a_camera_is_read_in_the_jail(name: bytes) -> None:
    code = Image.open(BytesIO(render.png(symbol.encode([TEXT])[0]))).convert("L")
    view = Image.new("L", (640, 480), 90)
    code.thumbnail((440, 440), Image.Resampling.NEAREST)
    view.paste(code, (20, 20))
    line = 640 * (2 if name == b"YUYV" else 1)
    picture = camera.picture(code_of(name), 640, 480, line, raw(name, view.tobytes(), 640, line))
    with JailedDecoder() as decoder:
        assert list(decoder.decode(picture)) == [[TEXT]]


def test_numbers_of_calls_are_those_of_the_kernel() -> None:
    """_IOC of asm-generic/ioctl.h: direction, size, type, number."""
    calls = {
        camera._QUERYCAP: (2, camera._CAPABILITY, 0), camera._S_FMT: (3, camera._FORMAT, 5),
        camera._REQBUFS: (3, camera._REQUEST, 8), camera._QUERYBUF: (3, camera._BUFFER, 9),
        camera._QBUF: (3, camera._BUFFER, 15), camera._DQBUF: (3, camera._BUFFER, 17),
        camera._STREAMON: (1, "=I", 18), camera._STREAMOFF: (1, "=I", 19),
    }  # fmt: skip
    for number, (direction, layout, place) in calls.items():
        assert number == direction << 30 | struct.calcsize(layout) << 16 | ord("V") << 8 | place


@pytest.mark.parametrize(
    ("name", "code"), [("absent", "CAMERA-MISSING"), (".", "CAMERA-MISSING"), ("file", "CAMERA-FORMAT")]
)
def test_what_is_no_camera_is_refused(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "file").write_bytes(bytes(100))
    with pytest.raises(InputError) as refused:
        next(camera.pictures(tmp_path / name))
    assert refused.value.code == code


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_device_that_is_no_camera_is_refused_and_closed() -> None:
    before = open_descriptors()
    with pytest.raises(InputError, match="no camera whose pictures"):
        frames.read_source("camera:/dev/null")
    assert open_descriptors() == before


def test_a_source_camera_without_a_name_is_the_first_one() -> None:
    assert frames._source_form("camera:") == ("camera", Path("/dev/video0"))
    assert frames._source_form("camera:/dev/video2") == ("camera", Path("/dev/video2"))

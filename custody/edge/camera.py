"""Frames of a camera, by V4L2 and nothing else: pictures for the jailed decoder (Linux, `linux/videodev2.h`).

What a camera sends comes from whoever holds something before it, or made it: nothing of it is looked at here. Grey
levels are copied into a BMP, a JPEG is handed on as it is.
"""

import fcntl
import mmap
import os
import select
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from custody.errors import InputError

DEFAULT = Path("/dev/video0")
#: Ten minutes at thirty frames a second; then whoever holds the camera has gone.
MAX_SEEN = 18_000
#: A frame has at most so many pixels, twice 4K.
MAX_PIXELS = 16_588_800
_WANTED = (1_280, 720)
_BUFFERS = 4
_SECONDS = 10

_CAPTURE, _MMAP = 1, 1
_STREAMING, _VIDEO_CAPTURE = 0x04000000, 0x1
_FORMAT, _BUFFER, _REQUEST, _CAPABILITY = "=II12I152x", "=IIIII4x16x16xIIQII4x4x", "=IIII4x", "=16s32s32sIII12x"
_QUERYCAP, _S_FMT, _REQBUFS, _QUERYBUF = 0x80685600, 0xC0D05605, 0xC0145608, 0xC0585609
_QBUF, _DQBUF, _STREAMON, _STREAMOFF = 0xC058560F, 0xC0585611, 0x40045612, 0x40045613


def _code(name: bytes) -> int:
    return int(struct.unpack("<I", name)[0])


#: Formats in the order in which they are asked for, and octets of a pixel in the first plane, the grey one.
FORMATS = {_code(b"GREY"): 1, _code(b"NV12"): 1, _code(b"YU12"): 1, _code(b"YUYV"): 2, _code(b"MJPG"): 0}


def pictures(path: Path = DEFAULT) -> Iterator[bytes]:
    """Pictures from a camera, a BMP or JPEG each, until the caller stops or ten minutes' worth were seen.

    Raises:
        InputError: CAMERA-MISSING, CAMERA-FORMAT, CAMERA-LOST.
    """
    with _opened(path) as device:
        pixel_format, width, height, line = _agree(device)
        with _streaming(device) as buffers:
            for _ in range(MAX_SEEN):
                yield picture(pixel_format, width, height, line, _next_frame(device, buffers))


def picture(pixel_format: int, width: int, height: int, line: int, frame: bytes) -> bytes:
    """A frame as a file of a picture.

    Args:
        pixel_format: one of FORMATS. width, height: in pixels. line: octets from one line to the next.
        frame: what the camera sent; what is missing is black.
    """
    step = FORMATS[pixel_format]
    if not step:
        return frame
    frame = frame.ljust(line * height, b"\0")
    rows = (frame[start : start + width * step : step] for start in range(0, line * height, line))
    padded = -width % 4
    grey = b"".join(row + bytes(padded) for row in rows)
    palette = b"".join(bytes((level, level, level, 0)) for level in range(256))
    begins = 14 + 40 + len(palette)
    head = struct.pack("<2sIII", b"BM", begins + len(grey), 0, begins)
    # A negative height: the first line is the top one.
    return head + struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 8, 0, len(grey), 0, 0, 256, 0) + palette + grey


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        hint = "A camera must be plugged in before the device is turned on."
        raise InputError("CAMERA-MISSING", f"There is no camera {path.name} that can be opened.", hint) from error
    try:
        yield device
    finally:
        os.close(device)


def _agree(device: int) -> tuple[int, int, int, int]:
    """Format, width, height and octets of a line that the camera and this program both know."""
    try:
        told = struct.unpack(_CAPABILITY, fcntl.ioctl(device, _QUERYCAP, bytes(struct.calcsize(_CAPABILITY))))
        if told[5] & _STREAMING and told[5] & _VIDEO_CAPTURE:
            for wanted in FORMATS:
                request = struct.pack(_FORMAT, _CAPTURE, 0, *_WANTED, wanted, 1, *[0] * 8)
                _, _, width, height, given, _, line, *_ = struct.unpack(_FORMAT, fcntl.ioctl(device, _S_FMT, request))
                step = FORMATS[wanted]
                if given == wanted and 0 < width * height <= MAX_PIXELS and (line >= width * step or not step):
                    return wanted, width, height, line
    except OSError:
        pass
    raise InputError("CAMERA-FORMAT", "This is no camera whose pictures can be read.", "One that speaks UVC is needed.")


@contextmanager
def _streaming(device: int) -> Iterator[list[mmap.mmap]]:
    """The camera's buffers while it fills them."""
    with ExitStack() as stack, _lost():
        request = struct.pack(_REQUEST, _BUFFERS, _CAPTURE, _MMAP, 0)
        number = struct.unpack_from("=I", fcntl.ioctl(device, _REQBUFS, request))[0]
        buffers = []
        for index in range(number):
            told = struct.unpack(_BUFFER, fcntl.ioctl(device, _QUERYBUF, _buffer(index)))
            mapped = mmap.mmap(device, told[8], mmap.MAP_SHARED, mmap.PROT_READ, offset=told[7])
            buffers.append(stack.enter_context(mapped))
            fcntl.ioctl(device, _QBUF, _buffer(index))
        fcntl.ioctl(device, _STREAMON, struct.pack("=I", _CAPTURE))
        try:
            yield buffers
        finally:
            with suppress(OSError):
                fcntl.ioctl(device, _STREAMOFF, struct.pack("=I", _CAPTURE))


def _next_frame(device: int, buffers: list[mmap.mmap]) -> bytes:
    with _lost():
        if not select.select([device], [], [], _SECONDS)[0]:
            raise TimeoutError
        index, _, used, *_ = struct.unpack(_BUFFER, fcntl.ioctl(device, _DQBUF, _buffer(0)))
        frame = bytes(buffers[index][:used])
        fcntl.ioctl(device, _QBUF, _buffer(index))
        return frame


def _buffer(index: int) -> bytes:
    return struct.pack(_BUFFER, index, _CAPTURE, 0, 0, 0, 0, _MMAP, 0, 0, 0)


@contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, IndexError, struct.error) as error:
        hint = "Turn the device off, plug the camera in anew, and start again."
        raise InputError("CAMERA-LOST", "The camera gave no picture.", hint) from error

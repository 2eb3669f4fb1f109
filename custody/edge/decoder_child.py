"""The child that looks at pictures, which come from the adversary: nothing but texts leaves it.

It loads all engines and picture formats, gives up files, sockets and programs for ever, and then decodes what comes.
In: a four-byte length and an image, again and again. Out, each after a four-byte length, in JSON: the list of texts of
one frame, and after the last frame of an image a verdict.
"""

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, BinaryIO

from custody.edge.jail import enter_jail

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_IMAGE = 33_554_432
MAX_PIXELS = 16_777_216
MAX_TOTAL_PIXELS = 2_000_000_000
MAX_FRAMES = 8_000
MAX_TEXTS = 16
MAX_TEXT = 5_000
MAX_MEMORY = 1_073_741_824

READY, DONE, UNREADABLE, TOO_LARGE, NO_JAIL = "ready", "done", "unreadable", "too-large", "no-jail"

_FORMATS = ("PNG", "GIF", "JPEG", "BMP")
_BLUR_RADIUS = 1.2

Engine = Callable[["Image"], list[str]]


class TooLargeError(Exception):
    """An image of more frames or pixels than the limits allow."""


def main() -> None:
    """Serve until the input ends. Without a working jail: say so and decode nothing."""
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    try:
        engines = load_engines()
        enter_jail(MAX_MEMORY)
    except Exception as error:
        _say(outgoing, f"{NO_JAIL}: {type(error).__name__}: {error}"[:200])
        return
    _say(outgoing, READY)
    while size := incoming.read(4):
        for answer in _answers(incoming.read(int.from_bytes(size, "big")), engines):
            _say(outgoing, answer)


def load_engines() -> list[Engine]:
    """The QR engines in the order in which they are asked, all that they load lazily loaded by use on a blank image."""
    import zxingcpp
    from PIL import Image, ImageFilter
    from pyzbar import pyzbar

    qr_code = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)

    def zxing(grey: Image.Image) -> list[str]:
        pixels = memoryview(grey.tobytes()).cast("B", shape=(grey.height, grey.width))
        return [found.text for found in zxingcpp.read_barcodes(pixels, formats=qr_code)]

    def zbar(grey: Image.Image) -> list[str]:
        found = pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])
        return [symbol.data.decode("utf-8", "replace") for symbol in found]

    def zbar_blurred(grey: Image.Image) -> list[str]:
        return zbar(grey.filter(ImageFilter.GaussianBlur(_BLUR_RADIUS)))

    Image.init()
    # Pillow refuses at twice this number, for every frame and before it decodes one.
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
    warnings.simplefilter("ignore")
    engines: list[Engine] = [zxing, zbar, zbar_blurred]
    for picture_format in _FORMATS:
        blank = BytesIO()
        Image.new("L", (64, 64), 255).save(blank, picture_format)
        list(decode_frames(blank.getvalue(), engines))
    return engines


def decode_frames(image: bytes, engines: list[Engine]) -> Iterator[list[str]]:
    """The texts of each frame of an image.

    Raises:
        TooLargeError: too many frames or pixels.
        Exception: whatever Pillow or an engine raises.
    """
    from PIL import Image

    total = 0
    with Image.open(BytesIO(image), formats=_FORMATS) as picture:
        for index in count():
            try:
                picture.seek(index)
            except EOFError:
                return
            pixels = picture.width * picture.height
            total += pixels
            if index == MAX_FRAMES or pixels > MAX_PIXELS or total > MAX_TOTAL_PIXELS:
                raise TooLargeError
            yield _texts(_grey(picture), engines)


def _answers(image: bytes, engines: list[Engine]) -> Iterator[list[str] | str]:
    from PIL import Image

    try:
        yield from decode_frames(image, engines)
        yield DONE
    except (TooLargeError, Image.DecompressionBombError):
        yield TOO_LARGE
    except Exception:
        yield UNREADABLE


def _grey(picture: "Image") -> "Image":
    from PIL import Image

    if picture.has_transparency_data:
        colours = picture.convert("RGBA")
        paper = Image.new("L", colours.size, "white")
        paper.paste(colours.convert("L"), mask=colours.getchannel("A"))
        return paper
    return picture.convert("L")


def _texts(grey: "Image", engines: list[Engine]) -> list[str]:
    for engine in engines:
        if texts := engine(grey):
            return [text[:MAX_TEXT] for text in texts[:MAX_TEXTS]]
    return []


def _say(outgoing: BinaryIO, answer: list[str] | str) -> None:
    line = json.dumps(answer).encode()
    outgoing.write(len(line).to_bytes(4, "big") + line)
    outgoing.flush()

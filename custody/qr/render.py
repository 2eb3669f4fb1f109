"""From QR symbols to what people and cameras see: text of half blocks, PNG, animated GIF."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from custody.qr.symbol import Matrix

QUIET_ZONE = 4
SCALE = 4
# Upper and lower half of a character cell; light is drawn, so that a dark terminal shows dark on light.
_CELLS = {(1, 1): " ", (0, 1): "▀", (1, 0): "▄", (0, 0): "█"}


def half_blocks(matrix: Matrix) -> str:
    """Lines of text, two rows of modules in each, with the quiet zone. Wants light ink on a dark ground."""
    rows = _framed(matrix)
    rows += [bytes([1]) * len(rows)] * (len(rows) % 2)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join("".join(_CELLS[cell] for cell in zip(upper, lower, strict=True)) for upper, lower in pairs)


def png(matrix: Matrix) -> bytes:
    """A PNG file of one symbol, four pixels a module."""
    written = BytesIO()
    _image(matrix).save(written, "PNG")
    return written.getvalue()


def gif(matrices: Sequence[Matrix], fps: int) -> bytes:
    """An endless GIF file of symbols of one size. GIF counts hundredths of a second: 12 fps becomes 12.5."""
    written = BytesIO()
    first, *others = map(_image, matrices)
    first.save(written, "GIF", save_all=True, append_images=others, duration=1000 // fps, loop=0)
    return written.getvalue()


def _framed(matrix: Matrix) -> list[bytes]:
    side = bytes(QUIET_ZONE)
    edge = [bytes(len(matrix) + 2 * QUIET_ZONE)] * QUIET_ZONE
    return [*edge, *(side + row + side for row in matrix), *edge]


def _image(matrix: Matrix) -> Image.Image:
    rows = _framed(matrix)
    size = len(rows)
    modules = Image.frombytes("L", (size, size), b"".join(rows).translate(bytes([255, 0]) + bytes(254)))
    return modules.resize((size * SCALE, size * SCALE), Image.Resampling.NEAREST).convert("1")

"""What a camera makes of a screen, in Pillow alone: a 720p frame, tilted, in perspective, blurred, noisy, JPEG."""

import random
from io import BytesIO

from PIL import Image, ImageChops, ImageFilter

from custody.qr.symbol import Matrix

WIDTH, HEIGHT = 1280, 720
FILL = 0.86


def clean(matrix: Matrix) -> Image.Image:
    """The code with its quiet zone over 86 % of the height of a grey frame."""
    rows = [bytes(255 * (1 - module) for module in row) for row in matrix]
    code = Image.new("L", (len(rows) + 8, len(rows) + 8), 255)
    code.paste(Image.frombytes("L", (len(rows), len(rows)), b"".join(rows)), (4, 4))
    side = int(FILL * HEIGHT)
    frame = Image.new("L", (WIDTH, HEIGHT), 110)
    frame.paste(code.resize((side, side), Image.Resampling.BOX), ((WIDTH - side) // 2, (HEIGHT - side) // 2))
    return frame


def degraded(matrix: Matrix, chance: random.Random) -> Image.Image:
    """The frame tilted up to 8 degrees, its corners moved up to 4 %, blurred 0.8 to 1.3 pixels, noise of 10 to 20."""
    frame = clean(matrix).rotate(chance.uniform(-8, 8), Image.Resampling.BILINEAR, fillcolor=110)
    x, y = 0.04 * WIDTH, 0.04 * HEIGHT
    corners = [(0, 0), (0, HEIGHT), (WIDTH, HEIGHT), (WIDTH, 0)]
    moved = [
        edge + chance.uniform(-1, 1) * shift for corner in corners for edge, shift in zip(corner, (x, y), strict=True)
    ]
    frame = frame.transform((WIDTH, HEIGHT), Image.Transform.QUAD, moved, Image.Resampling.BILINEAR, fillcolor=110)
    frame = frame.filter(ImageFilter.GaussianBlur(chance.uniform(0.8, 1.3)))
    noise = Image.effect_noise((WIDTH, HEIGHT), chance.uniform(10, 20))
    return ImageChops.add(frame, noise, scale=1, offset=-128)


def saved(frame: Image.Image, form: str) -> bytes:
    """The frame as a file; JPEG of quality 75."""
    written = BytesIO()
    frame.save(written, form, quality=75)
    return written.getvalue()

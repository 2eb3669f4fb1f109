"""What is drawn is read again, by both engines, each on its own."""

import random
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageSequence

from custody.edge.decoder_child import load_engines
from custody.qr import render, symbol, ur
from custody.qr.profile import Profile, frames

Engine = Callable[[Image.Image], list[str]]
MESSAGE = ur.Message("x-custody-response", random.Random(2).randbytes(1_500))
ENGINES = ["zxing", "zbar"]
PROFILES = [Profile(40, 5), Profile(160, 5), Profile(590, 12), Profile(1_500, 5)]


@pytest.fixture(scope="module")
def engines() -> dict[str, Engine]:
    return dict(zip(ENGINES, load_engines(), strict=False))


def drawn(text: str) -> Image.Image:
    """Half blocks as a terminal with cells of 6 by 12 draws them, light on dark."""
    halves = {" ": (0, 0), "▀": (255, 0), "▄": (0, 255), "█": (255, 255)}
    rows: list[bytes] = []
    for line in text.split("\n"):
        rows += [bytes(halves[cell][half] for cell in line) for half in (0, 1)]
    picture = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows))
    return picture.resize((6 * picture.width, 6 * picture.height), Image.Resampling.NEAREST)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.fragment))
@pytest.mark.parametrize("engine", ENGINES)
def test_png_gif_and_half_blocks_are_read_again(engine: str, profile: Profile, engines: dict[str, Engine]) -> None:
    texts = frames(MESSAGE, profile)
    texts = texts[:2] if len(texts) > 1 else texts
    read, matrices = engines[engine], symbol.encode(texts)
    pngs = [Image.open(BytesIO(render.png(matrix))).convert("L") for matrix in matrices]
    gif = ImageSequence.all_frames(Image.open(BytesIO(render.gif(matrices, 12))))
    assert [read(picture) for picture in pngs] == [[text] for text in texts]
    assert [read(picture.convert("L")) for picture in gif] == [[text] for text in texts]
    assert [read(drawn(render.half_blocks(matrix))) for matrix in matrices] == [[text] for text in texts]


def test_a_changed_drawing_is_not_read_as_the_text(engines: dict[str, Engine]) -> None:
    """The readers above are not satisfied by anything: half of the code painted over gives no text."""
    picture = Image.open(BytesIO(render.png(symbol.encode([ur.encode(MESSAGE)])[0]))).convert("L")
    picture.paste(255, (picture.width // 3, 0, picture.width, picture.height))
    assert [engines[engine](picture) for engine in ENGINES] == [[], []]


def test_a_quiet_zone_of_four_modules_surrounds_the_code() -> None:
    (matrix,) = symbol.encode(["UR:BYTES/AE"])
    lines = render.half_blocks(matrix).split("\n")
    assert {len(line) for line in lines} == {len(matrix) + 8}
    assert len(lines) == (len(matrix) + 9) // 2
    assert lines[0] == lines[1] == "█" * (len(matrix) + 8)
    assert {(line[:4], line[-4:]) for line in lines[2:-1]} == {("████", "████")}
    picture = Image.open(BytesIO(render.png(matrix)))
    assert picture.size == ((len(matrix) + 8) * 4, (len(matrix) + 8) * 4)
    assert picture.convert("L").point(lambda level: 255 - level).getbbox() == (
        16,
        16,
        picture.width - 16,
        picture.width - 16,
    )


def test_version_5_fits_a_terminal_of_80_by_24() -> None:
    (matrix,) = symbol.encode(["A" * 154])
    lines = render.half_blocks(matrix).split("\n")
    assert (len(lines[0]), len(lines)) == (45, 23)


@pytest.mark.parametrize(("fps", "milliseconds"), [(1, 1_000), (5, 200), (12, 80), (30, 30)])
def test_a_gif_runs_at_its_pace_for_ever(fps: int, milliseconds: int) -> None:
    gif = Image.open(BytesIO(render.gif(symbol.encode(["UR:A/1", "UR:A/2"]), fps)))
    assert gif.n_frames == 2
    assert gif.info["duration"] == milliseconds
    assert gif.info["loop"] == 0

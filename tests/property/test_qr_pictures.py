"""Any bytes as a picture: texts or a CustodyError, from a child that lives on or is replaced."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from custody.edge.decoder import JailedDecoder
from custody.errors import CustodyError
from custody.qr import render, symbol

TEXTS = ["UR:BYTES/1-2/AE", "UR:BYTES/2-2/AD"]


def saved(form: str) -> bytes:
    written = BytesIO()
    Image.open(BytesIO(render.png(symbol.encode(TEXTS)[0]))).convert("L").save(written, form)
    return written.getvalue()


PICTURES = [*map(saved, ["PNG", "JPEG", "BMP"]), render.gif(symbol.encode(TEXTS), 5)]
MAGIC = [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff", b"BM", b"II*\0", b"%PDF-", b"RIFF"]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A picture cut, with some bytes changed and some put in between."""
    picture = bytearray(draw(st.sampled_from(PICTURES)))
    for _ in range(draw(st.integers(0, 6))):
        # Headers are where it hurts.
        at = draw(st.integers(0, 60) | st.integers(0, len(picture) - 1))
        picture[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(picture[: draw(st.integers(0, len(picture)) | st.just(len(picture)))])


@pytest.fixture(scope="module")
def jailed() -> Iterator[JailedDecoder]:
    with JailedDecoder() as decoder:
        yield decoder


@settings(max_examples=150)
@given(image=damaged() | st.builds(bytes.__add__, st.sampled_from(MAGIC), st.binary(max_size=200)))
def test_any_bytes_give_texts_or_a_custody_error(jailed: JailedDecoder, image: bytes) -> None:
    try:
        frames = list(jailed.decode(image))
    except CustodyError as error:
        assert error.code in ("IMAGE-UNREADABLE", "IMAGE-TOO-LARGE")
        return
    assert {text for texts in frames for text in texts} <= set(TEXTS)


def test_undamaged_pictures_are_read(jailed: JailedDecoder) -> None:
    """Else the property above would hold for a decoder that refuses everything."""
    assert [list(jailed.decode(picture)) for picture in PICTURES] == [[[TEXTS[0]]]] * 3 + [[[text] for text in TEXTS]]

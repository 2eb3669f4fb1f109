"""Uniform Resources against BCR-2020-005 and the reference library's cases."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from custody.codec import cbor
from custody.errors import InputError
from custody.qr import bytewords, ur
from custody.qr.fountain import Encoder

Vectors = Callable[[str], Any]


def test_published_texts_of_one_frame_both_ways(vectors: Vectors) -> None:
    for kind, payload, text in vectors("ur")["single"]:
        message = ur.Message(kind, bytes.fromhex(payload))
        assert ur.encode(message) == text.upper()
        assert ur.decode(text) == ur.decode(text.upper()) == message


def test_the_published_long_text_encodes_to_itself(vectors: Vectors) -> None:
    text = vectors("ur")["single_long"]
    message = ur.decode(text)
    assert isinstance(message, ur.Message)
    assert ur.encode(message).lower() == text


def test_the_published_first_part_encodes_to_itself(vectors: Vectors) -> None:
    text = vectors("ur")["first_part"]
    frame = ur.decode(text)
    assert isinstance(frame, ur.TypedPart)
    assert (frame.type, frame.part.seq_num, frame.part.header.seq_len) == ("seed", 1, 3)
    assert ur.encode_part("seed", frame.part).lower() == text


def test_frames_use_the_qr_alphanumeric_set_only() -> None:
    text = ur.encode(ur.Message("x-custody-request", bytes(range(256))))
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


SINGLE = ur.encode(ur.Message("bytes", b"\x45hello")).lower()
PART = ur.encode_part("bytes", Encoder(bytes(100), 10).part(3)).lower()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "UR-SYNTAX"),
        ("ur:", "UR-SYNTAX"),
        ("ur:bytes", "UR-SYNTAX"),
        ("ur:/" + SINGLE[9:], "UR-SYNTAX"),
        ("urn:bytes/" + SINGLE[9:], "UR-SYNTAX"),
        ("UR:" + SINGLE[3:], "UR-SYNTAX"),
        (SINGLE[:-1] + SINGLE[-1].upper(), "UR-SYNTAX"),
        ("ur:by_tes/" + SINGLE[9:], "UR-SYNTAX"),
        ("ur:" + "b" * 65 + "/" + SINGLE[9:], "UR-SYNTAX"),
        ("ur:bytes/1-1/x/" + SINGLE[9:], "UR-SYNTAX"),
        (SINGLE + " ", "BYTEWORDS-SYNTAX"),
        (" " + SINGLE, "UR-SYNTAX"),
        (SINGLE + "\n", "BYTEWORDS-SYNTAX"),
        (SINGLE.replace("u", "\N{LATIN SMALL LETTER U WITH ACUTE}", 1), "UR-SYNTAX"),
        ("ur:bytes/" + "ae" * 3_000, "UR-SYNTAX"),
        ("ur:bytes/" + "ae" * 5, "BYTEWORDS-CHECKSUM"),
        (PART.replace("3-10", "4-10"), "UR-SEQUENCE"),
        (PART.replace("3-10", "3-11"), "UR-SEQUENCE"),
        (PART.replace("3-10", "03-10"), "UR-SEQUENCE"),
        (PART.replace("3-10", "3-10-1"), "UR-SEQUENCE"),
        (PART.replace("3-10", ""), "UR-SEQUENCE"),
        (PART.replace("3-10", "-3-10"), "UR-SEQUENCE"),
        (PART.replace("3-10", "99999999999-10"), "UR-SEQUENCE"),
        ("ur:bytes/3-10/" + bytewords.encode(b"\xff"), "CBOR-TYPE"),
    ],
)
def test_a_faulty_text_is_refused(text: str, code: str) -> None:
    assert ur.decode(SINGLE) != ur.decode(PART)
    with pytest.raises(InputError) as refused:
        ur.decode(text)
    assert refused.value.code == code


@pytest.mark.parametrize("kind", ["bytes", "psbt", "crypto-psbt"])
def test_types_of_bytes_are_wrapped_in_a_byte_string(kind: str) -> None:
    message = ur.wrap(kind, b"content")
    assert cbor.decode(message.payload) == b"content"
    assert ur.unwrap(message) == b"content"


def test_our_own_types_carry_their_content_as_it_is() -> None:
    message = ur.wrap("x-custody-request", b"\xa0")
    assert message.payload == ur.unwrap(message) == b"\xa0"


def test_a_psbt_that_is_no_byte_string_is_refused() -> None:
    with pytest.raises(InputError, match="UR-CONTENT"):
        ur.unwrap(ur.Message("psbt", cbor.encode("text")))


@pytest.mark.parametrize("kind", ["", "Bytes", "a/b", "x" * 65, "ä"])
def test_a_faulty_type_is_not_encoded(kind: str) -> None:
    with pytest.raises(InputError, match="UR-SYNTAX"):
        ur.wrap(kind, b"")


def test_the_example_of_the_page_holds(project: Path) -> None:
    page = (project / "docs/spec/qr.md").read_text("utf-8").split("## Example")[1]
    payload, single, *parts = re.findall(r"^(?:UR:.+|[0-9a-f]{78})$", page, re.MULTILINE)
    message = ur.Message("x-custody-request", bytes.fromhex(payload))
    assert cbor.decode(message.payload) == {"example": "a message of our own", "version": 1}
    assert ur.encode(message) == single
    encoder = Encoder(message.payload, 14)
    assert [ur.encode_part(message.type, encoder.part(seq_num)) for seq_num in range(1, 7)] == parts

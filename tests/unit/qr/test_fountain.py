"""Parts and their encoder against BCR-2024-001, and headers that lie."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zlib import crc32

import pytest

from custody.codec import cbor
from custody.errors import InputError
from custody.qr.fountain import Encoder, Header, Part, parse_part

Vectors = Callable[[str], Any]
HONEST = [12, 8, 100, 0x12345678, bytes(13)]


def test_checksums_are_the_published_ones(vectors: Vectors) -> None:
    for message, checksum in vectors("multipart_ur")["crc32"]:
        assert f"{Encoder(bytes.fromhex(message), 100).header.checksum:08x}" == checksum


def test_a_message_is_cut_as_published(vectors: Vectors, make_message: Callable[[int], bytes]) -> None:
    encoder = Encoder(make_message(1024), 100)
    cut = [encoder.part(seq_num).fragment.hex() for seq_num in range(1, 12)]
    assert cut == vectors("multipart_ur")["partition_of_1024_bytes"]


def test_fragment_lengths_are_the_published_ones() -> None:
    assert Encoder(bytes(12_345), 1_955).header.fragment_len == 1_764
    with pytest.raises(InputError, match="UR-LIMIT"):
        Encoder(bytes(12_345), 30_000)


def test_simple_and_mixed_parts_are_the_published_ones(vectors: Vectors, make_message: Callable[[int], bytes]) -> None:
    encoder = Encoder(make_message(256), 30)
    parts = [encoder.part(seq_num).serialize().hex() for seq_num in range(1, 21)]
    assert parts == vectors("multipart_ur")["parts_1_to_20_of_256_bytes_in_fragments_of_30"]


def test_the_published_part_serializes_but_its_lying_header_is_refused(vectors: Vectors) -> None:
    published = vectors("multipart_ur")["part_cbor"]
    fragment = bytes.fromhex(published["fragment"])
    header = Header(published["seq_len"], published["message_len"], published["checksum"], len(fragment))
    assert Part(published["seq_num"], header, fragment).serialize().hex() == published["cbor"]
    # Eight fragments of five bytes cannot make up a hundred bytes.
    with pytest.raises(InputError, match="UR-HEADER"):
        parse_part(bytes.fromhex(published["cbor"]))


def test_a_part_comes_back_as_it_was() -> None:
    part = Encoder(b"a withdrawal of some length", 5).part(17)
    assert parse_part(part.serialize()) == part


@pytest.mark.parametrize(
    ("field", "lie", "code"),
    [
        (0, 0, "UR-LIMIT"),
        (0, 1 << 32, "UR-LIMIT"),
        (0, -1, "UR-LIMIT"),
        (1, 0, "UR-LIMIT"),
        (1, 1_000_000, "UR-LIMIT"),
        (1, 2_001, "UR-LIMIT"),
        (1, 7, "UR-HEADER"),
        (1, 9, "UR-HEADER"),
        (2, 0, "UR-LIMIT"),
        (2, 1 << 40, "UR-LIMIT"),
        (2, 105, "UR-HEADER"),
        (2, 91, "UR-HEADER"),
        (3, 1 << 32, "UR-LIMIT"),
        (3, -1, "UR-LIMIT"),
        (4, b"", "UR-LIMIT"),
        (4, bytes(2_201), "UR-LIMIT"),
        (4, bytes(12), "UR-HEADER"),
        (4, "thirteen", "UR-PART"),
        (0, True, "UR-PART"),
        (2, None, "UR-PART"),
    ],
)
def test_a_lie_in_a_part_is_refused(field: int, lie: Any, code: str) -> None:
    assert parse_part(cbor.encode(HONEST)).seq_num == 12
    told = HONEST.copy()
    told[field] = lie
    with pytest.raises(InputError) as refused:
        parse_part(cbor.encode(told))
    assert refused.value.code == code


@pytest.mark.parametrize("fields", [HONEST[:4], [*HONEST, 1], {"seq_num": 1}, 12, "part"])
def test_another_shape_than_five_fields_is_refused(fields: Any) -> None:
    with pytest.raises(InputError) as refused:
        parse_part(cbor.encode(fields))
    assert refused.value.code == "UR-PART"


def test_bytes_after_a_part_are_refused() -> None:
    with pytest.raises(InputError, match="CBOR-TRAILING"):
        parse_part(cbor.encode(HONEST) + b"\0")


@pytest.mark.parametrize(("length", "fragment"), [(0, 10), (1_048_577, 2_200), (100_000, 10), (10, 0), (10, 2_201)])
def test_a_message_beyond_the_limits_is_not_encoded(length: int, fragment: int) -> None:
    with pytest.raises(InputError) as refused:
        Encoder(bytes(length), fragment)
    assert refused.value.code == "UR-LIMIT"


def test_the_largest_message_is_encoded() -> None:
    header = Encoder(bytes(1_048_576), 2_200).header
    assert header == replace(header, seq_len=477, message_len=1_048_576, checksum=crc32(bytes(1_048_576)))

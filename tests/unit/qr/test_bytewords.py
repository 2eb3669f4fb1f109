"""Bytewords against BCR-2020-012 and the reference library's cases."""

from collections.abc import Callable
from typing import Any

import pytest

from custody.errors import InputError
from custody.qr import bytewords

Vectors = Callable[[str], Any]


def test_every_byte_is_the_first_and_last_letter_of_its_word(vectors: Vectors) -> None:
    words = " ".join(vectors("bytewords")["words"]).split()
    assert bytewords.encode(bytes(range(256)))[:512] == "".join(word[0] + word[-1] for word in words)


def test_published_texts_both_ways(vectors: Vectors) -> None:
    for body, text in vectors("bytewords")["minimal"][1:]:
        assert bytewords.encode(bytes.fromhex(body)) == text
        assert bytewords.decode(text) == bytes.fromhex(body)


def test_published_text_of_a_tagged_seed(vectors: Vectors) -> None:
    body, text = vectors("bytewords")["minimal"][0]
    assert bytewords.encode(bytes.fromhex(body)) == text


@pytest.mark.parametrize(
    "text", ["a", "aeadaola", "zzadaolazmjendeoti", "AEADAOLAZMJENDEOTI", "aeadaolazmjendeot", "é" * 10]
)
def test_what_is_no_whole_word_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        bytewords.decode(text)
    assert refused.value.code == "BYTEWORDS-SYNTAX"


def test_one_changed_letter_pair_fails_the_checksum() -> None:
    text = bytewords.encode(b"twenty bitcoin")
    with pytest.raises(InputError) as refused:
        bytewords.decode(("ae" if text[:2] != "ae" else "ad") + text[2:])
    assert refused.value.code == "BYTEWORDS-CHECKSUM"

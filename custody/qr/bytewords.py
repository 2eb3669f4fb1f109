"""Bytewords, minimal style (BCR-2020-012): two letters a byte, then the CRC-32 of the bytes, big-endian."""

import zlib

from custody.errors import InputError

# BCR-2020-012, word list: first and last letter of each of the 256 words, in order.
_LETTERS = (
    "aeadaoaxaaahamatayasbkbdbnbtbabsbebybgbwbbbzcmchcscfcycwcecackct"
    "cxclcpcndkdadsdidedtdrdndwdpdmdldyeheyeoeeecenemetesftfrfnfsfmfh"
    "fzfpfwfxfyfefgflfdgagegrgsgtglgwgdgygmgughgohfhghdhkhthphhhlhyhe"
    "hnhsidiaieihiyioisinimjejzjnjtjljojsjpjkjykpkoktkskkknkgkekikblb"
    "lalylflslrlplnltloldlelulklgmnmymhmemomumwmdmtmsmknlnyndnsntnnne"
    "nboyoeotoxonolospdptpkpypspmplpepfpaprqdqzrerprlrorhrdrkrfryrnrs"
    "rtsesasrssskswstspsosgsbsfsntotktitttdtetytltbtstptatnuyuoutueur"
    "vtvyvovlvevwvavdvswlwdwmwpwewywswtwnwzwfwkykynylyaytzszoztzczezm"
)
_PAIRS = [_LETTERS[start : start + 2] for start in range(0, len(_LETTERS), 2)]
_BYTES = {pair: value for value, pair in enumerate(_PAIRS)}
_CHECKSUM_SIZE = 4


def encode(body: bytes) -> str:
    """The lower-case letters of a body and its checksum."""
    return "".join(_PAIRS[byte] for byte in body + _checksum(body))


def decode(text: str) -> bytes:
    """The body that lower-case letters stand for.

    Raises:
        InputError: BYTEWORDS-SYNTAX for anything but whole words, BYTEWORDS-CHECKSUM when the CRC-32 differs.
    """
    if len(text) % 2 or len(text) <= 2 * _CHECKSUM_SIZE:
        raise InputError("BYTEWORDS-SYNTAX", "The text is not a whole number of words, or too short.")
    try:
        decoded = bytes(_BYTES[text[start : start + 2]] for start in range(0, len(text), 2))
    except KeyError as error:
        raise InputError("BYTEWORDS-SYNTAX", "Two letters of the text stand for no word.") from error
    body, checksum = decoded[:-_CHECKSUM_SIZE], decoded[-_CHECKSUM_SIZE:]
    if checksum != _checksum(body):
        raise InputError("BYTEWORDS-CHECKSUM", "The checksum of the text does not fit it: it was misread or changed.")
    return body


def _checksum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(_CHECKSUM_SIZE, "big")

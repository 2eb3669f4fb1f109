"""The descriptor checksum against the published cases of BIP380."""

import json
from pathlib import Path

import pytest
import wallycore as wally
from psbts import SEED

from custody.errors import InputError
from custody.keys.account import describe_key
from custody.keys.derivation import XPUB
from custody.keys.descriptor import descriptor_checksum, with_checksum


def holds(text: str) -> bool:
    body, hash_sign, checksum = text.partition("#")
    try:
        return bool(hash_sign) and descriptor_checksum(body) == checksum
    except InputError:
        return False


def test_published_checksums_hold(project: Path) -> None:
    vectors = json.loads((project / "tests/vectors/bip380.json").read_text())
    assert vectors["valid"]
    assert all(holds(text) for text in vectors["valid"])
    assert all(with_checksum(text.partition("#")[0]) == text for text in vectors["valid"])


def test_published_broken_checksums_do_not_hold(project: Path) -> None:
    vectors = json.loads((project / "tests/vectors/bip380.json").read_text())
    assert len(vectors["invalid"]) == 7
    assert not any(holds(vector["descriptor"]) for vector in vectors["invalid"])


@pytest.mark.parametrize("function", ["pkh", "wpkh", "tr"])
@pytest.mark.parametrize("index", range(4))
def test_checksums_of_whole_descriptors_are_those_of_another_library(function: str, index: int) -> None:
    """Keys bring every group of the alphabet to every place of three."""
    body = f"{function}({describe_key(SEED, XPUB, 84, 0, index)}/<0;1>/*)"
    theirs = wally.descriptor_parse(body, None, wally.WALLY_NETWORK_BITCOIN_MAINNET, 0)
    assert descriptor_checksum(body) == wally.descriptor_get_checksum(theirs, 0)


def test_a_character_outside_the_alphabet_is_refused() -> None:
    with pytest.raises(InputError, match="ACCOUNT-DESCRIPTOR"):
        descriptor_checksum("raw(\u00dc)")

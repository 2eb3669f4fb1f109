"""BIP39 against its reference vectors, a second library, and the algorithm itself."""

import hashlib

import pytest
import wallycore
from bip_utils import Bip39Languages, Bip39MnemonicEncoder, Bip39SeedGenerator
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.errors import UsageError
from custody.vault import mnemonic

# BIP39, reference test vectors (English, passphrase TREZOR): entropy, words, seed.
VECTORS = [
    (
        bytes([0x00]) * 16,
        "abandon " * 11 + "about",
        (
            "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
            "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"
        ),
    ),
    (
        bytes([0x7F]) * 16,
        ("legal winner thank year wave sausage worth useful legal winner thank yellow"),
        (
            "2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6f"
            "a457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607"
        ),
    ),
    (
        bytes([0x80]) * 16,
        ("letter advice cage absurd amount doctor acoustic avoid letter advice cage above"),
        (
            "d71de856f81a8acc65e6fc851a38d4d7ec216fd0796d0a6827a3ad6ed5511a30"
            "fa280f12eb2e47ed2ac03b5c462a0358d18d69fe4f985ec81778c1b370b652a8"
        ),
    ),
    (
        bytes([0xFF]) * 16,
        "zoo " * 11 + "wrong",
        (
            "ac27495480225222079d7be181583751e86f571027b0497b5b5d11218e0a8a13"
            "332572917f0f8e5a589620c6f15b11c61dee327651a14c34e18231052e48c069"
        ),
    ),
    (
        bytes([0x00]) * 32,
        "abandon " * 23 + "art",
        (
            "bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd30971"
            "70af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8"
        ),
    ),
    (
        bytes([0x7F]) * 32,
        (
            "legal winner thank year wave sausage worth useful legal winner thank year "
            "wave sausage worth useful legal winner thank year wave sausage worth title"
        ),
        (
            "bc09fca1804f7e69da93c2f2028eb238c227f2e9dda30cd63699232578480a40"
            "21b146ad717fbb7e451ce9eb835f43620bf5c514db0f8add49f5d121449d3e87"
        ),
    ),
    (
        bytes([0x80]) * 32,
        (
            "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd "
            "amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless"
        ),
        (
            "c0c519bd0e91a2ed54357d9d1ebef6f5af218a153624cf4f2da911a0ed8f7a09"
            "e2ef61af0aca007096df430022f7a2b6fb91661a9589097069720d015e4e982f"
        ),
    ),
    (
        bytes([0xFF]) * 32,
        "zoo " * 23 + "vote",
        (
            "dd48c104698c30cfe2b6142103248622fb7bb0ff692eebb00089b32d22484e16"
            "13912f0a5b694407be899ffd31ed3992c456cdf60f5d4564b8ba3f05a69890ad"
        ),
    ),
]


@pytest.mark.parametrize(("entropy", "words", "_seed"), VECTORS)
def test_words_of_the_reference_vectors(entropy: bytes, words: str, _seed: str) -> None:
    assert mnemonic.from_entropy(entropy) == words
    assert mnemonic.entropy_of(words) == entropy


@pytest.mark.parametrize(("_entropy", "words", "seed"), VECTORS)
def test_both_libraries_give_the_seeds_of_the_reference_vectors(_entropy: bytes, words: str, seed: str) -> None:
    assert bytes(wallycore.bip39_mnemonic_to_seed512(words, "TREZOR")).hex() == seed
    assert Bip39SeedGenerator(words).Generate("TREZOR").hex() == seed


@pytest.mark.parametrize(("entropy", "words", "_seed"), VECTORS)
def test_the_seed_is_that_of_the_words_without_a_passphrase(entropy: bytes, words: str, _seed: str) -> None:
    # BIP39: PBKDF2 with HMAC-SHA512, 2048 rounds, salt "mnemonic" and the passphrase.
    expected = hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic", 2048)
    assert mnemonic.seed(entropy) == expected == Bip39SeedGenerator(words).Generate()


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=16, max_size=16) | st.binary(min_size=32, max_size=32))
def test_words_read_back_and_two_libraries_write_the_same(entropy: bytes) -> None:
    words = mnemonic.from_entropy(entropy)
    assert mnemonic.entropy_of(words) == entropy
    assert str(Bip39MnemonicEncoder(Bip39Languages.ENGLISH).Encode(entropy)) == words


def test_case_and_spaces_of_typed_words_do_not_matter() -> None:
    assert mnemonic.entropy_of("  Abandon ABANDON\tabandon " + "abandon " * 8 + "about\n") == bytes(16)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "abandon",
        "abandon " * 12,
        "abandon " * 11 + "abou",
        "abandon " * 11 + "aboutt",
        "abandon " * 14 + "address",
        "abandon " * 17 + "agent",
        "abandon " * 20 + "admit",
        "about " + "abandon " * 11,
        "abaco " * 11 + "abete",
        "\u3042\u3044\u3053\u304f\u3057\u3093 " * 11 + "\u3042\u304a\u305e\u3089",
        "abandon " * 11 + "about\x00",
        "\ud800 " * 12,
    ],
)
def test_other_words_are_refused_and_not_repeated(words: str) -> None:
    with pytest.raises(UsageError) as refused:
        mnemonic.entropy_of(words)
    assert refused.value.code == "MNEMONIC-INVALID"
    told = refused.value.message + refused.value.hint
    assert not set(words.split()) & set(told.split()) - {"a"}
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_one_wrong_word_in_twelve_is_nearly_always_found() -> None:
    """The checksum of 12 words has 4 bits: 15 in 16 wrong words are found, so of 200 not nearly all pass."""
    right = VECTORS[1][1].split()
    passed = 0
    for word in (wallycore.bip39_get_word(None, number) for number in range(0, 2048, 10)):
        try:
            mnemonic.entropy_of(" ".join([*right[:5], word, *right[6:]]))
            passed += 1
        except UsageError:
            continue
    assert 0 < passed < 40

"""BIP39: the words of a seed, written by wallycore. Typed words are read by bip-utils, and must read the same."""

import hashlib

import wallycore

from custody.errors import UsageError

WORDS = {12: 16, 24: 32}


def from_entropy(entropy: bytes) -> str:
    """The English mnemonic of 16 or 32 bytes of entropy."""
    return str(wallycore.bip39_mnemonic_from_bytes(None, entropy))


def of_digest(content: bytes) -> str:
    """24 words for the SHA-256 of ``content``: how people read a hash aloud and compare it."""
    return from_entropy(hashlib.sha256(content).digest())


def entropy_of(mnemonic: str) -> bytes:
    """The entropy behind 12 or 24 English words.

    Raises:
        UsageError: MNEMONIC-INVALID; the message does not repeat the words.
    """
    # bip-utils takes a quarter of a second to load, and is needed here only.
    from bip_utils import Bip39Languages, Bip39MnemonicDecoder, MnemonicChecksumError

    words = mnemonic.lower().split()
    try:
        if len(words) not in WORDS:
            raise ValueError
        entropy = bytes(Bip39MnemonicDecoder(Bip39Languages.ENGLISH).Decode(" ".join(words)))
        if from_entropy(entropy) != " ".join(words):
            raise ValueError
    except (ValueError, MnemonicChecksumError):
        raise UsageError(
            "MNEMONIC-INVALID",
            "These words are not a BIP39 mnemonic of 12 or 24 English words.",
            "Check each word against the sheet; the last word holds a checksum.",
        ) from None
    return entropy


def seed(entropy: bytes) -> bytes:
    """The 64-byte BIP39 seed, without a BIP39 passphrase."""
    return bytes(wallycore.bip39_mnemonic_to_seed512(from_entropy(entropy), None))

"""BIP32 keys: from a seed, from an extended public key, and their children. The only file that derives."""

import functools
from typing import Any

import wallycore as wally

from custody.errors import HomeError, InputError

HARDENED = 0x8000_0000
SEED_SIZES = (16, 32, 64)

# BIP32: an extended public key begins with these bytes; private ones, which never leave memory, with their partners.
XPUB, TPUB = bytes.fromhex("0488b21e"), bytes.fromhex("043587cf")
_PRIVATE = {XPUB: wally.BIP32_VER_MAIN_PRIVATE, TPUB: wally.BIP32_VER_TEST_PRIVATE}

Node = Any
"""wallycore's key object. It prints as an address in memory, so no message can hold what is in it."""


def root(seed: bytes, version: bytes = XPUB) -> Node:
    """The master key of a seed (BIP32), whose extended public keys begin with ``version``: `XPUB` or `TPUB`.

    Raises:
        HomeError: SEED-SIZE.
    """
    if len(seed) not in SEED_SIZES:
        raise HomeError("SEED-SIZE", "A seed is 16, 32 or 64 bytes; one from BIP39 words is 64.")
    try:
        return wally.bip32_key_from_seed(seed, _PRIVATE[version], 0)
    except ValueError:
        raise HomeError("SEED-SIZE", "This seed gives no key.") from None


def private_child(parent: Node, *path: int) -> Node:
    """The private key below ``parent`` along ``path`` (BIP32 CKDpriv)."""
    return wally.bip32_key_from_parent_path(parent, list(path), wally.BIP32_FLAG_KEY_PRIVATE)


def private_leaf(parent: Node, index: int) -> Node:
    """The private child ``index``, fit for signing but not for deriving further fingerprints."""
    return wally.bip32_key_from_parent(parent, index, wally.BIP32_FLAG_KEY_PRIVATE | wally.BIP32_FLAG_SKIP_HASH)


def public_child(parent: Node, index: int) -> Node:
    """The public child ``index`` below ``parent``, not hardened (BIP32 CKDpub)."""
    return wally.bip32_key_from_parent(parent, index, wally.BIP32_FLAG_KEY_PUBLIC | wally.BIP32_FLAG_SKIP_HASH)


@functools.lru_cache(maxsize=32)
def branch(xpub: str, index: int) -> Node:
    """The public child ``index`` of an extended public key that `decode_xpub` has accepted. Kept: each key asks it."""
    return public_child(wally.bip32_key_from_base58(xpub), index)


def public_key(node: Node) -> bytes:
    """The compressed public key, 33 bytes."""
    return bytes(wally.bip32_key_get_pub_key(node))


def secret(node: Node) -> bytes:
    """The private key, 32 bytes."""
    return bytes(wally.bip32_key_get_priv_key(node))


def fingerprint(node: Node) -> bytes:
    """First 4 bytes of HASH160 of the public key: a hint for people, not a proof."""
    return bytes(wally.bip32_key_get_fingerprint(node))


def encode_xpub(node: Node) -> str:
    """The extended public key as text."""
    return str(wally.bip32_key_to_base58(node, wally.BIP32_FLAG_KEY_PUBLIC))


def serialize_xpub(node: Node) -> bytes:
    """The extended public key as 78 bytes."""
    return bytes(wally.bip32_key_serialize(node, wally.BIP32_FLAG_KEY_PUBLIC))


def decode_xpub(text: str, version: bytes, depth: int, child_number: int) -> Node:
    """The key that this text is, if it begins with ``version`` and stands at ``depth`` as child ``child_number``.

    Raises:
        InputError: ACCOUNT-XPUB.
    """
    try:
        node = wally.bip32_key_from_base58(text)
        serialized = serialize_xpub(node)
    except ValueError:
        raise InputError("ACCOUNT-XPUB", "The extended public key is damaged or not a public key.") from None
    expected = version + bytes([depth])
    if serialized[:5] != expected or serialized[9:13] != child_number.to_bytes(4, "big") or encode_xpub(node) != text:
        raise InputError("ACCOUNT-XPUB", "The extended public key is of another network, depth or account index.")
    return node

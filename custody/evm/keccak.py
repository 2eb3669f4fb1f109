"""Keccak-256, the hash of Ethereum: SHA-3 before NIST changed its padding."""

from Crypto.Hash import keccak


def keccak256(content: bytes) -> bytes:
    """The 32-byte hash."""
    return keccak.new(digest_bits=256, data=content).digest()

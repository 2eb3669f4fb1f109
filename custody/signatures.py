"""A signature on its way from the key to the network, the same shape for every chain."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature.

    Attributes:
        index: which input it unlocks (Bitcoin: position in the transaction).
        key: the public key that verifies it, compressed, 33 bytes.
        signature: as the chain carries it (Bitcoin ECDSA: DER and the sighash byte).
    """

    index: int
    key: bytes
    signature: bytes

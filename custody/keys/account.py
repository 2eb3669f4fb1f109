"""What accounts of every family have in common: a name, an index, and a place under the master key."""

import re
from typing import Protocol

from custody.errors import HomeError, InputError, UsageError
from custody.keys import derivation
from custody.keys.derivation import HARDENED, Node

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class KeyAccount(Protocol):
    """An account of one extended key.

    Attributes:
        name: what people call it. fingerprint: of the master key, 4 bytes.
        path: from the master key to the account key, hardened numbers. xpub: the account key.
    """

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> bytes: ...
    @property
    def path(self) -> tuple[int, int, int]: ...
    @property
    def xpub(self) -> str: ...


def check_name(name: str) -> None:
    """Refuse a name that is not ``[a-z0-9][a-z0-9-]{0,31}``.

    Raises:
        InputError: ACCOUNT-NAME.
    """
    if not _NAME.fullmatch(name):
        raise InputError("ACCOUNT-NAME", "An account name is 1 to 32 of a-z, 0-9 and hyphen, not hyphen first.")


def decode_index(text: str) -> int:
    """The account index that stands in a descriptor as decimal digits.

    Raises:
        InputError: ACCOUNT-DESCRIPTOR.
    """
    if int(text) >= HARDENED:
        raise InputError("ACCOUNT-DESCRIPTOR", "The account index is out of range.")
    return int(text)


def describe_key(seed: bytes, version: bytes, purpose: int, coin_type: int, index: int) -> str:
    """The account key of a seed with its origin, ``[fingerprint/purpose h/coin h/index h]xpub`` (BIP380).

    Raises:
        HomeError: SEED-SIZE.
        UsageError: ACCOUNT-INDEX.
    """
    if not 0 <= index < HARDENED:
        raise UsageError("ACCOUNT-INDEX", "An account index is a whole number from 0 to 2147483647.")
    root = derivation.root(seed, version)
    path = (purpose + HARDENED, coin_type + HARDENED, index + HARDENED)
    xpub = derivation.encode_xpub(derivation.private_child(root, *path))
    return f"[{derivation.fingerprint(root).hex()}/{purpose}h/{coin_type}h/{index}h]{xpub}"


def private_key(account: KeyAccount, version: bytes, seed: bytes) -> Node:
    """The account's private key, from the seed that it was made of.

    Raises:
        HomeError: SEED-SIZE; SEED-FOREIGN when the seed is not the account's.
    """
    root = derivation.root(seed, version)
    key = derivation.private_child(root, *account.path)
    if derivation.fingerprint(root) != account.fingerprint or derivation.encode_xpub(key) != account.xpub:
        raise HomeError("SEED-FOREIGN", f"The key in this home is not the one of account {account.name}.")
    return key

"""A registered account of the Ethereum family: one BIP44 account key, from which its addresses are derived."""

import re
from dataclasses import dataclass
from functools import lru_cache

from custody.chains import EvmChain
from custody.errors import InputError
from custody.evm.address import address_of, checksum_address
from custody.keys import derivation
from custody.keys.account import check_name, decode_index, describe_key
from custody.keys.derivation import HARDENED, XPUB
from custody.keys.descriptor import match_descriptor, with_checksum

#: How many addresses of an account may pay: those from the first on.
ADDRESSES = 20
#: BIP44 with SLIP-44: ether's keys, on whatever network; those of rehearsals stand apart.
COIN_TYPE, REHEARSAL_COIN_TYPE = 60, 1

_PURPOSE = 44
_BRANCH = 0
_DESCRIPTOR = re.compile(r"evm\(\[([0-9a-f]{8})/44h/(1|60)h/(0|[1-9][0-9]{0,9})h\]([1-9A-HJ-NP-Za-km-z]{111})/0/\*\)")
_TEMPLATE = "evm([fingerprint/44h/COINh/INDEXh]xpub/0/*)#checksum"


@dataclass(frozen=True, slots=True)
class EvmAccount:
    """An account on one network, known by its descriptor alone. Made by `EvmAccount.parse`.

    Attributes:
        name: what people call it, ``[a-z0-9][a-z0-9-]{0,31}``.
        chain: the network it lives on; the same keys on another network are another account.
        descriptor: the text of docs/spec/evm.md with its checksum.
        fingerprint: of the master key, 4 bytes.
        coin_type: 60, or 1 for the keys of a rehearsal.
        index: the hardened account index of BIP44.
        xpub: the account's extended public key.
    """

    name: str
    chain: EvmChain
    descriptor: str
    fingerprint: bytes
    coin_type: int
    index: int
    xpub: str

    @classmethod
    def parse(cls, name: str, chain: EvmChain, descriptor: str) -> "EvmAccount":
        """The account that this text describes; exactly one spelling is accepted.

        Raises:
            InputError: ACCOUNT-NAME, ACCOUNT-DESCRIPTOR, ACCOUNT-CHECKSUM, ACCOUNT-CHAIN, ACCOUNT-XPUB.
        """
        check_name(name)
        fingerprint, coin, number, xpub = match_descriptor(descriptor, _DESCRIPTOR, _TEMPLATE)
        coin_type, index = int(coin), decode_index(number)
        if coin_type == REHEARSAL_COIN_TYPE and not chain.test:
            raise InputError("ACCOUNT-CHAIN", f"Keys for rehearsals may not stand on {chain.alias}.")
        derivation.decode_xpub(xpub, XPUB, 3, index + HARDENED)
        return cls(name, chain, descriptor, bytes.fromhex(fingerprint), coin_type, index, xpub)

    @property
    def checksum(self) -> str:
        """The 8 characters after ``#``."""
        return self.descriptor[-8:]

    @property
    def path(self) -> tuple[int, int, int]:
        """From the master key to the account key, hardened numbers (BIP44)."""
        return _PURPOSE + HARDENED, self.coin_type + HARDENED, self.index + HARDENED

    def public_key(self, index: int) -> bytes:
        """The compressed public key at ``0/index`` below the account key."""
        return derivation.public_key(derivation.public_child(derivation.branch(self.xpub, _BRANCH), index))

    def address(self, index: int) -> str:
        """The address at ``0/index``, as EIP-55 spells it."""
        return checksum_address(address_of(self.public_key(index)))

    def find(self, address: str) -> int | None:
        """Which of the first `ADDRESSES` this text is, to the letter; None for any other."""
        return _places(self).get(address)


@lru_cache(maxsize=8)
def _places(account: EvmAccount) -> dict[str, int]:
    """The first addresses, derived once: a request names its sender, and each step of the job looks it up."""
    return {account.address(index): index for index in range(ADDRESSES)}


def descriptor_from_seed(seed: bytes, index: int, *, rehearsal: bool) -> str:
    """The descriptor, with checksum, of BIP44 account ``index`` of this seed; the same for every network.

    Raises:
        HomeError: SEED-SIZE.
        UsageError: ACCOUNT-INDEX.
    """
    coin_type = REHEARSAL_COIN_TYPE if rehearsal else COIN_TYPE
    return with_checksum(f"evm({describe_key(seed, XPUB, _PURPOSE, coin_type, index)}/{_BRANCH}/*)")


def private_path(index: int) -> tuple[int, int]:
    """From the account key to the key of address ``index`` (BIP44)."""
    return _BRANCH, index

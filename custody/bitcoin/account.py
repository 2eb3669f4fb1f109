"""A registered account: one BIP84 descriptor, spelled in one way, from which every own script is derived."""

import functools
import re
from dataclasses import dataclass

import wallycore as wally

from custody.bitcoin import derivation
from custody.bitcoin.derivation import HARDENED, Node
from custody.bitcoin.descriptor import descriptor_checksum
from custody.bitcoin.script import encode_address, p2wpkh_script
from custody.chains import BitcoinChain
from custody.errors import InputError, UsageError

RECEIVE, CHANGE = 0, 1
GAP_LIMIT = 1000
MAX_CHANGE_INDEX = 999_999

_PURPOSE = 84
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_DESCRIPTOR = re.compile(
    r"wpkh\(\[([0-9a-f]{8})/84h/(0|1)h/(0|[1-9][0-9]{0,9})h\]([1-9A-HJ-NP-Za-km-z]{111})/<0;1>/\*\)"
)
_TEMPLATE = "wpkh([fingerprint/84h/COINh/INDEXh]xpub/<0;1>/*)#checksum"


@dataclass(frozen=True, slots=True)
class Account:
    """A P2WPKH account, known by its descriptor alone. Made by `Account.parse`.

    Attributes:
        name: what people call it, ``[a-z0-9][a-z0-9-]{0,31}``.
        chain: the network it lives on.
        descriptor: BIP380 text with its checksum.
        fingerprint: of the master key, 4 bytes.
        index: the hardened account index of BIP84.
        xpub: the account's extended public key.
    """

    name: str
    chain: BitcoinChain
    descriptor: str
    fingerprint: bytes
    index: int
    xpub: str

    @classmethod
    def parse(cls, name: str, chain: BitcoinChain, descriptor: str) -> "Account":
        """The account that this text describes; exactly one spelling is accepted.

        Raises:
            InputError: ACCOUNT-NAME, ACCOUNT-DESCRIPTOR, ACCOUNT-CHECKSUM, ACCOUNT-CHAIN, ACCOUNT-XPUB.
        """
        if not _NAME.fullmatch(name):
            raise InputError("ACCOUNT-NAME", "An account name is 1 to 32 of a-z, 0-9 and hyphen, not hyphen first.")
        body, _, checksum = descriptor.partition("#")
        match = _DESCRIPTOR.fullmatch(body)
        if match is None:
            raise InputError("ACCOUNT-DESCRIPTOR", "This descriptor is not of a kind served.", f"Write {_TEMPLATE}")
        if descriptor_checksum(body) != checksum:
            raise InputError(
                "ACCOUNT-CHECKSUM", "The descriptor's checksum is absent or wrong.", "Copy it whole again."
            )
        fingerprint, coin_type, index, xpub = match.groups()
        if int(coin_type) != chain.coin_type:
            raise InputError("ACCOUNT-CHAIN", f"The path of this descriptor is not one of {chain.alias}.")
        if int(index) >= HARDENED:
            raise InputError("ACCOUNT-DESCRIPTOR", "The account index is out of range.")
        derivation.decode_xpub(xpub, chain, 3, int(index) + HARDENED)
        return cls(name, chain, descriptor, bytes.fromhex(fingerprint), int(index), xpub)

    @property
    def checksum(self) -> str:
        """The 8 characters after ``#``: how requests name this account."""
        return self.descriptor[-8:]

    @property
    def path(self) -> tuple[int, int, int]:
        """From the master key to the account key, hardened numbers."""
        return account_path(self.chain, self.index)

    @property
    def xpub_bytes(self) -> bytes:
        """The extended public key as PSBT carries it, 78 bytes (BIP32)."""
        return derivation.serialize_xpub(derivation.decode_xpub(self.xpub, self.chain, 3, self.path[2]))

    def public_key(self, branch: int, index: int) -> bytes:
        """The compressed public key at ``branch`` (0 receive, 1 change) and ``index``, below 2**31."""
        return derivation.public_key(derivation.public_child(_branch(self.xpub, branch), index))

    def script_pubkey(self, branch: int, index: int) -> bytes:
        """The P2WPKH output script at ``branch`` and ``index`` (BIP141)."""
        return p2wpkh_script(self.public_key(branch, index))

    def address(self, branch: int, index: int) -> str:
        """The address at ``branch`` and ``index``."""
        return encode_address(self.script_pubkey(branch, index), self.chain)


def descriptor_from_seed(seed: bytes, chain: BitcoinChain, index: int) -> str:
    """The descriptor, with checksum, of BIP84 account ``index`` of this seed.

    Raises:
        HomeError: SEED-SIZE.
        UsageError: ACCOUNT-INDEX.
    """
    if not 0 <= index < HARDENED:
        raise UsageError("ACCOUNT-INDEX", "An account index is a whole number from 0 to 2147483647.")
    root = derivation.root(seed, chain)
    xpub = derivation.encode_xpub(derivation.private_child(root, *account_path(chain, index)))
    origin = f"{derivation.fingerprint(root).hex()}/{_PURPOSE}h/{chain.coin_type}h/{index}h"
    descriptor = f"wpkh([{origin}]{xpub}/<0;1>/*)"
    return f"{descriptor}#{descriptor_checksum(descriptor)}"


def account_path(chain: BitcoinChain, index: int) -> tuple[int, int, int]:
    """BIP84: purpose, coin type, account, all hardened."""
    return _PURPOSE + HARDENED, chain.coin_type + HARDENED, index + HARDENED


@functools.lru_cache(maxsize=32)
def _branch(xpub: str, branch: int) -> Node:
    return derivation.public_child(wally.bip32_key_from_base58(xpub), branch)

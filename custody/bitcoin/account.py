"""A registered account: one BIP84 descriptor, spelled in one way, from which every own script is derived."""

import re
from dataclasses import dataclass

from custody.bitcoin.script import encode_address, p2wpkh_script
from custody.chains import BitcoinChain
from custody.errors import InputError
from custody.keys import derivation
from custody.keys.account import check_name, decode_index, describe_key
from custody.keys.derivation import HARDENED
from custody.keys.descriptor import match_descriptor, with_checksum

RECEIVE, CHANGE = 0, 1
GAP_LIMIT = 1000
MAX_CHANGE_INDEX = 999_999

_PURPOSE = 84
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
        check_name(name)
        fingerprint, coin_type, text, xpub = match_descriptor(descriptor, _DESCRIPTOR, _TEMPLATE)
        if int(coin_type) != chain.coin_type:
            raise InputError("ACCOUNT-CHAIN", f"The path of this descriptor is not one of {chain.alias}.")
        index = decode_index(text)
        derivation.decode_xpub(xpub, chain.xpub, 3, index + HARDENED)
        return cls(name, chain, descriptor, bytes.fromhex(fingerprint), index, xpub)

    @property
    def checksum(self) -> str:
        """The 8 characters after ``#``: how requests name this account."""
        return self.descriptor[-8:]

    @property
    def path(self) -> tuple[int, int, int]:
        """From the master key to the account key, hardened numbers (BIP84)."""
        return _PURPOSE + HARDENED, self.chain.coin_type + HARDENED, self.index + HARDENED

    @property
    def xpub_bytes(self) -> bytes:
        """The extended public key as PSBT carries it, 78 bytes (BIP32)."""
        return derivation.serialize_xpub(derivation.decode_xpub(self.xpub, self.chain.xpub, 3, self.path[2]))

    def public_key(self, branch: int, index: int) -> bytes:
        """The compressed public key at ``branch`` (0 receive, 1 change) and ``index``, below 2**31."""
        return derivation.public_key(derivation.public_child(derivation.branch(self.xpub, branch), index))

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
    return with_checksum(f"wpkh({describe_key(seed, chain.xpub, _PURPOSE, chain.coin_type, index)}/<0;1>/*)")

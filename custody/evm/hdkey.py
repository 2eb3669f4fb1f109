"""An account's key as wallets pair with an offline signer: UR type ``crypto-hdkey`` (BCR-2020-007, ERC-4527)."""

from custody.codec import cbor
from custody.codec.cbor import Cbor, Tagged
from custody.evm.account import EvmAccount
from custody.keys import derivation
from custody.keys.derivation import HARDENED, XPUB

TYPE = "crypto-hdkey"

# BCR-2020-007: tag of a key path, and the keys of the maps.
_KEYPATH = 304
_COMPONENTS, _SOURCE_FINGERPRINT = 1, 2
_KEY_DATA, _CHAIN_CODE, _ORIGIN, _CHILDREN, _PARENT_FINGERPRINT, _NAME, _NOTE = 3, 4, 6, 7, 8, 9, 10

#: How MetaMask is told that addresses stand at 0/i below the key (BIP44).
_STANDARD = "account.standard"


def crypto_hdkey(account: EvmAccount) -> bytes:
    """The CBOR of the account's public key, its origin, and the children that it uses, ``0/*``."""
    serialized = derivation.serialize_xpub(derivation.decode_xpub(account.xpub, XPUB, 3, account.path[2]))
    parent_fingerprint, chain_code, key = serialized[5:9], serialized[13:45], serialized[45:]
    steps: list[Cbor] = [part for step in account.path for part in (step - HARDENED, True)]
    origin: dict[int, Cbor] = {_COMPONENTS: steps, _SOURCE_FINGERPRINT: int.from_bytes(account.fingerprint, "big")}
    children: dict[int, Cbor] = {_COMPONENTS: [0, False, [], False]}
    fields: dict[int, Cbor] = {
        _KEY_DATA: key,
        _CHAIN_CODE: chain_code,
        _ORIGIN: Tagged(_KEYPATH, origin),
        _CHILDREN: Tagged(_KEYPATH, children),
        _PARENT_FINGERPRINT: int.from_bytes(parent_fingerprint, "big"),
        _NAME: account.name,
        _NOTE: _STANDARD,
    }
    return cbor.encode(fields)

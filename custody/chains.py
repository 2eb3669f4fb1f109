"""The networks served. A chain not in this table does not exist for the product."""

from dataclasses import dataclass

from custody.amounts import Asset
from custody.errors import InputError


@dataclass(frozen=True, slots=True)
class Chain:
    """One network.

    Attributes:
        chain_id: CAIP-2; for Bitcoin ``bip122:`` and the first 32 hex digits of the genesis block hash (CAIP-4).
        alias: the word people type.
        test: coins without value; the only networks on which a rehearsal home signs.
        coin: the network's own asset (CAIP-19 with SLIP-44).
        coin_type: SLIP-44, hardened in the account path.
        hrp: bech32 prefix (BIP173). p2pkh, p2sh: base58check version bytes.
        xpub: version bytes of an extended public key (BIP32).
    """

    chain_id: str
    alias: str
    test: bool
    coin: Asset
    coin_type: int
    hrp: str
    p2pkh: int
    p2sh: int
    xpub: bytes


def _bitcoin(genesis: str, alias: str, hrp: str, *, test: bool) -> Chain:
    # Version bytes: Bitcoin Core chainparams; SLIP-44: 0 Bitcoin, 1 every test network.
    coin_type = 1 if test else 0
    symbol = {"bitcoin": "BTC", "testnet": "tBTC", "signet": "sBTC", "regtest": "rBTC"}[alias]
    return Chain(
        chain_id=f"bip122:{genesis}",
        alias=alias,
        test=test,
        coin=Asset(f"bip122:{genesis}/slip44:{coin_type}", symbol, 8),
        coin_type=coin_type,
        hrp=hrp,
        p2pkh=0x6F if test else 0x00,
        p2sh=0xC4 if test else 0x05,
        xpub=bytes.fromhex("043587cf" if test else "0488b21e"),
    )


BITCOIN = _bitcoin("000000000019d6689c085ae165831e93", "bitcoin", "bc", test=False)
TESTNET = _bitcoin("000000000933ea01ad0ee984209779ba", "testnet", "tb", test=True)
SIGNET = _bitcoin("00000008819873e925422c1ff0f99f7c", "signet", "tb", test=True)
REGTEST = _bitcoin("0f9188f13cb7b2c71f2a335e3a4fc328", "regtest", "bcrt", test=True)

CHAINS = (BITCOIN, TESTNET, SIGNET, REGTEST)


def chain(name: str) -> Chain:
    """The chain with this CAIP-2 id or alias.

    Raises:
        InputError: CHAIN-UNKNOWN.
    """
    for candidate in CHAINS:
        if name in (candidate.chain_id, candidate.alias):
            return candidate
    known = ", ".join(candidate.alias for candidate in CHAINS)
    raise InputError("CHAIN-UNKNOWN", "This network is not served.", f"Served networks: {known}.")

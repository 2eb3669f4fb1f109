"""The networks served. A chain not in this table does not exist for the product."""

from dataclasses import dataclass

from custody.amounts import Asset
from custody.errors import InputError


@dataclass(frozen=True, slots=True)
class FeerateUnit:
    """How people write the price of a transaction's size: ``name``, and how many base units of the coin one such is."""

    name: str
    base_units: int

    def format(self, feerate: int) -> str:
        """``14000`` base units for 1,000 units of size are ``14.000 sat/vB``: exact, at least three decimals."""
        scale = 1000 * self.base_units
        whole, fraction = divmod(feerate, scale)
        decimals = f"{fraction:0{len(str(scale)) - 1}d}".rstrip("0")
        return f"{whole:,}.{decimals:0<3} {self.name}"


SAT_PER_VBYTE = FeerateUnit("sat/vB", 1)
GWEI_PER_GAS = FeerateUnit("gwei/gas", 10**9)


@dataclass(frozen=True, slots=True)
class Chain:
    """One network.

    Attributes:
        chain_id: CAIP-2.
        alias: the word people type.
        test: coins without value; the only networks on which a rehearsal home signs.
        coin: the network's own asset (CAIP-19 with SLIP-44).
        coin_type: SLIP-44, hardened in the account path.
        feerate_unit: in which people read and cap feerates.
    """

    chain_id: str
    alias: str
    test: bool
    coin: Asset
    coin_type: int
    feerate_unit: FeerateUnit


@dataclass(frozen=True, slots=True)
class BitcoinChain(Chain):
    """A Bitcoin network.

    Attributes:
        hrp: bech32 prefix (BIP173). p2pkh, p2sh: base58check version bytes.
        xpub: version bytes of an extended public key (BIP32).
    """

    hrp: str
    p2pkh: int
    p2sh: int
    xpub: bytes


@dataclass(frozen=True, slots=True)
class EvmChain(Chain):
    """A network of the Ethereum family. ``number`` is its chain id (EIP-155), bound into every signature."""

    number: int


def _bitcoin(genesis: str, alias: str, symbol: str, hrp: str, *, test: bool) -> BitcoinChain:
    # CAIP-4: `bip122:` and the first 32 hex digits of the genesis block's hash. Version bytes: Bitcoin Core's
    # chainparams. SLIP-44: 0 is Bitcoin, 1 every test network.
    coin_type = 1 if test else 0
    return BitcoinChain(
        chain_id=f"bip122:{genesis}",
        alias=alias,
        test=test,
        coin=Asset(f"bip122:{genesis}/slip44:{coin_type}", symbol, 8),
        coin_type=coin_type,
        feerate_unit=SAT_PER_VBYTE,
        hrp=hrp,
        p2pkh=0x6F if test else 0x00,
        p2sh=0xC4 if test else 0x05,
        xpub=bytes.fromhex("043587cf" if test else "0488b21e"),
    )


def _evm(number: int, alias: str, symbol: str, slip44: int, *, test: bool = False) -> EvmChain:
    """CAIP-3: `eip155:` and the chain id. All EVM keys stand under coin type 60, in rehearsal homes under 1."""
    return EvmChain(
        chain_id=f"eip155:{number}",
        alias=alias,
        test=test,
        coin=Asset(f"eip155:{number}/slip44:{slip44}", symbol, 18),
        coin_type=60,
        feerate_unit=GWEI_PER_GAS,
        number=number,
    )


BITCOIN = _bitcoin("000000000019d6689c085ae165831e93", "bitcoin", "BTC", "bc", test=False)
TESTNET = _bitcoin("000000000933ea01ad0ee984209779ba", "testnet", "tBTC", "tb", test=True)
SIGNET = _bitcoin("00000008819873e925422c1ff0f99f7c", "signet", "sBTC", "tb", test=True)
REGTEST = _bitcoin("0f9188f13cb7b2c71f2a335e3a4fc328", "regtest", "rBTC", "bcrt", test=True)

# Chain ids and coins: the EIP-155 list of ethereum-lists/chains (eip155-1, -56, -2020, -1666600000, -11155111,
# -31337). SLIP-44: 60 ether, 714 BNB, 1023 Harmony, 1 test coins; RON stands under the number of ether, as its keys do.
ETHEREUM = _evm(1, "ethereum", "ETH", 60)
BNB = _evm(56, "bnb", "BNB", 714)
RONIN = _evm(2020, "ronin", "RON", 60)
HARMONY = _evm(1_666_600_000, "harmony", "ONE", 1023)  # shard 0
SEPOLIA = _evm(11_155_111, "sepolia", "SepoliaETH", 1, test=True)
ANVIL = _evm(31_337, "anvil", "anvilETH", 1, test=True)  # the default of anvil and hardhat

BITCOIN_CHAINS = (BITCOIN, TESTNET, SIGNET, REGTEST)
EVM_CHAINS = (ETHEREUM, BNB, RONIN, HARMONY, SEPOLIA, ANVIL)
CHAINS: tuple[Chain, ...] = (*BITCOIN_CHAINS, *EVM_CHAINS)


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

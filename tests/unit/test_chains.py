"""The table of networks against the consensus library and a second wallet library."""

import re
from pathlib import Path

import bdkpython as bdk
import pbk
import pytest
import wallycore
from bip_utils import Bip84, Bip84Coins, CoinsConf

from custody.chains import (
    BITCOIN,
    BITCOIN_CHAINS,
    CHAINS,
    EVM_CHAINS,
    GWEI_PER_GAS,
    REGTEST,
    SAT_PER_VBYTE,
    SIGNET,
    TESTNET,
    BitcoinChain,
    Chain,
    EvmChain,
    FeerateUnit,
    chain,
)
from custody.errors import InputError

KERNEL = {
    BITCOIN: pbk.ChainType.MAINNET,
    TESTNET: pbk.ChainType.TESTNET,
    SIGNET: pbk.ChainType.SIGNET,
    REGTEST: pbk.ChainType.REGTEST,
}
ADDRESSES = {
    BITCOIN: bdk.Network.BITCOIN,
    TESTNET: bdk.Network.TESTNET,
    SIGNET: bdk.Network.SIGNET,
    REGTEST: bdk.Network.REGTEST,
}


def genesis_hash(kind: pbk.ChainType, folder: Path) -> str:
    """What libbitcoinkernel calls the first block of a network, in the order in which people write it."""
    options = pbk.ContextOptions()
    options.set_chainparams(pbk.ChainParameters(kind))
    state = pbk.ChainstateManagerOptions(pbk.Context(options), str(folder / "state"), str(folder / "blocks"))
    state.update_block_tree_db_in_memory(True)
    state.update_chainstate_db_in_memory(True)
    first = pbk.ChainstateManager(state).get_active_chain().block_tree_entries[0]
    return bytes(first.block_hash)[::-1].hex()


@pytest.mark.parametrize("network", BITCOIN_CHAINS, ids=lambda one: one.alias)
def test_a_chain_is_named_by_its_genesis_block(network: BitcoinChain, tmp_path: Path) -> None:
    # CAIP-4: the first 32 hex digits of the genesis block's hash.
    assert network.chain_id == "bip122:" + genesis_hash(KERNEL[network], tmp_path)[:32]
    assert network.coin.asset_id == f"{network.chain_id}/slip44:{network.coin_type}"


@pytest.mark.parametrize("network", BITCOIN_CHAINS, ids=lambda one: one.alias)
def test_address_prefixes_are_those_of_a_second_library(network: BitcoinChain) -> None:
    program = bytes(range(20))
    segwit = bdk.Address.from_script(bdk.Script(b"\x00\x14" + program), ADDRESSES[network])
    assert str(segwit).startswith(network.hrp + "1")
    for script, version in ((b"\x76\xa9\x14" + program + b"\x88\xac", network.p2pkh),
                            (b"\xa9\x14" + program + b"\x87", network.p2sh)):  # fmt: skip
        address = str(bdk.Address.from_script(bdk.Script(script), ADDRESSES[network]))
        assert wallycore.base58_to_bytes(address, wallycore.BASE58_FLAG_CHECKSUM)[:1] == bytes([version])


def test_coin_types_and_key_versions_are_those_of_a_second_library() -> None:
    def coin_type(coin: Bip84Coins) -> int:
        return int(Bip84.FromSeed(bytes(16), coin).Purpose().Coin().Bip32Object().Index()) - 2**31

    assert BITCOIN.coin_type == coin_type(Bip84Coins.BITCOIN)
    assert CoinsConf.BitcoinMainNet.ParamByKey("p2wpkh_hrp") == BITCOIN.hrp
    for network in (TESTNET, SIGNET, REGTEST):
        assert network.coin_type == coin_type(Bip84Coins.BITCOIN_TESTNET)
        # BIP32: serialisation format; 04 88 B2 1E main, 04 35 87 CF test.
        assert network.xpub == bytes.fromhex("043587cf")
    assert BITCOIN.xpub == bytes.fromhex("0488b21e")


def test_only_these_networks_have_coins_of_value() -> None:
    named = [one.alias for one in CHAINS if not one.test]
    assert named == ["bitcoin", "ethereum", "bnb", "ronin", "harmony"]


@pytest.mark.parametrize("network", EVM_CHAINS, ids=lambda one: one.alias)
def test_an_evm_network_is_named_by_the_number_that_its_signatures_bind(network: EvmChain) -> None:
    # CAIP-3: eip155 and the chain id of EIP-155. CAIP-20: the coin by its SLIP-44 number.
    assert network.chain_id == f"eip155:{network.number}"
    assert re.fullmatch(rf"{network.chain_id}/slip44:[0-9]+", network.coin.asset_id)
    assert network.coin.decimals == 18


def test_the_numbers_of_the_evm_networks_are_the_registered_ones() -> None:
    # EIP-155's table for Ethereum; the others as their networks registered them; 31337 is anvil's default.
    assert {one.alias: one.number for one in EVM_CHAINS} == {
        "ethereum": 1,
        "bnb": 56,
        "ronin": 2020,
        "harmony": 1_666_600_000,
        "sepolia": 11_155_111,
        "anvil": 31_337,
    }


@pytest.mark.parametrize(
    ("unit", "feerate", "text"),
    [
        (SAT_PER_VBYTE, 14_000, "14.000 sat/vB"),
        (SAT_PER_VBYTE, 14_184, "14.184 sat/vB"),
        (SAT_PER_VBYTE, 1_234_567, "1,234.567 sat/vB"),
        (SAT_PER_VBYTE, 0, "0.000 sat/vB"),
        (GWEI_PER_GAS, 30 * 10**12, "30.000 gwei/gas"),
        (GWEI_PER_GAS, 1_500_000_001_000, "1.500000001 gwei/gas"),
        (GWEI_PER_GAS, 1_000, "0.000000001 gwei/gas"),
        (GWEI_PER_GAS, 10**30, "1,000,000,000,000,000,000.000 gwei/gas"),
    ],
)
def test_a_feerate_is_written_exactly_in_its_unit(unit: FeerateUnit, feerate: int, text: str) -> None:
    assert unit.format(feerate) == text
    whole, fraction = text.split(" ")[0].replace(",", "").split(".")
    assert int(whole + fraction) * 1000 * unit.base_units == feerate * 10 ** len(fraction)


def test_bitcoin_pays_by_virtual_byte_and_evm_by_gas() -> None:
    assert {one.feerate_unit for one in BITCOIN_CHAINS} == {SAT_PER_VBYTE}
    assert {one.feerate_unit for one in EVM_CHAINS} == {GWEI_PER_GAS}


@pytest.mark.parametrize("network", CHAINS, ids=lambda one: one.alias)
def test_a_chain_is_found_by_either_name(network: Chain) -> None:
    assert chain(network.alias) is chain(network.chain_id) is network


@pytest.mark.parametrize("name", ["", "Bitcoin", "bitcoin ", "main", "bip122:", BITCOIN.chain_id.upper(), "eip155:2",
                                  "eip155:01", "eip155", "Ethereum", "1", BITCOIN.chain_id + "0"])  # fmt: skip
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="CHAIN-UNKNOWN"):
        chain(name)


def test_no_two_chains_share_a_name() -> None:
    names = [name for one in CHAINS for name in (one.alias, one.chain_id)]
    assert len(set(names)) == len(names)

"""The table of networks against the consensus library and a second wallet library."""

from pathlib import Path

import bdkpython as bdk
import pbk
import pytest
import wallycore
from bip_utils import Bip84, Bip84Coins, CoinsConf

from custody.chains import BITCOIN, CHAINS, REGTEST, SIGNET, TESTNET, Chain, chain
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


@pytest.mark.parametrize("network", CHAINS, ids=lambda one: one.alias)
def test_a_chain_is_named_by_its_genesis_block(network: Chain, tmp_path: Path) -> None:
    # CAIP-4: the first 32 hex digits of the genesis block's hash.
    assert network.chain_id == "bip122:" + genesis_hash(KERNEL[network], tmp_path)[:32]
    assert network.coin.asset_id == f"{network.chain_id}/slip44:{network.coin_type}"


@pytest.mark.parametrize("network", CHAINS, ids=lambda one: one.alias)
def test_address_prefixes_are_those_of_a_second_library(network: Chain) -> None:
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


def test_only_the_main_network_has_coins_of_value() -> None:
    assert [one.alias for one in CHAINS if not one.test] == ["bitcoin"]


@pytest.mark.parametrize("network", CHAINS, ids=lambda one: one.alias)
def test_a_chain_is_found_by_either_name(network: Chain) -> None:
    assert chain(network.alias) is chain(network.chain_id) is network


@pytest.mark.parametrize("name", ["", "Bitcoin", "bitcoin ", "main", "bip122:", BITCOIN.chain_id.upper(), "eip155:1",
                                  BITCOIN.chain_id + "0"])  # fmt: skip
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="CHAIN-UNKNOWN"):
        chain(name)


def test_no_two_chains_share_a_name() -> None:
    names = [name for one in CHAINS for name in (one.alias, one.chain_id)]
    assert len(set(names)) == len(names)

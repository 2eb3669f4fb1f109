"""MetaMask's own keyring for QR wallets pairs with an exported account, and finds the account's addresses."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import ceremonies
import evm
import psbts
import pytest
from ethereum_peers import eth_account

from custody.cli import main
from custody.edge.frames import write_dest
from custody.evm.hdkey import TYPE, crypto_hdkey
from custody.qr.ur import Message

Peer = Callable[..., Any]


@pytest.fixture(scope="session")
def metamask(node_peer: Callable[[str], AbstractContextManager[Peer]]) -> Iterator[Peer]:
    with node_peer("metamask_peer.cjs") as ask:
        yield ask


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments), "--json"])
    assert ended.value.code == 0
    return dict(json.loads(capsys.readouterr().out))


def test_an_exported_account_is_paired_with_by_metamask(
    metamask: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, secrets = ["--home", tmp_path / "signer"], ["--secrets", ceremonies.secrets_file(tmp_path)]
    run(capsys, "signer", "init", *home, "--rehearsal", *secrets)
    network = ["--type", "evm", "--chain", "sepolia"]
    first = run(capsys, "signer", "account", "add", "first", *home, *network, *secrets)
    second = run(capsys, "signer", "account", "add", "second", *home, *network, *secrets, "--index", "1")
    paired = {}
    for name in ("first", "second"):
        out = tmp_path / f"{name}.txt"
        run(capsys, "signer", "account", "export", name, *home, "--format", "crypto-hdkey", "--out", out)
        paired[name] = metamask("pair", frames=out.read_text().split())
    assert (paired["first"]["type"], paired["first"]["name"]) == ("crypto-hdkey", "first")
    assert (paired["first"]["path"], paired["first"]["children"]) == ("m/44'/1'/0'", "0/*")
    assert paired["first"]["addresses"] == first["addresses"]
    assert paired["second"]["addresses"] == second["addresses"]
    assert not set(first["addresses"]) & set(second["addresses"])


def test_the_keys_of_a_real_home_are_those_that_metamask_would_derive_from_the_words(
    metamask: Peer, tmp_path: Path
) -> None:
    out = tmp_path / "pairing.txt"
    write_dest(Message(TYPE, crypto_hdkey(evm.TREASURY)), str(out))
    paired = metamask("pair", frames=out.read_text().split())
    eth_account.Account.enable_unaudited_hdwallet_features()
    paths = [f"m/44'/60'/0'/0/{index}" for index in range(5)]
    derived = [eth_account.Account.from_mnemonic(ceremonies.WORDS, account_path=path).address for path in paths]
    assert paired["addresses"] == derived == [evm.TREASURY.address(index) for index in range(5)]
    assert paired["path"] == "m/44'/60'/0'"
    assert paired["fingerprint"] == evm.TREASURY.fingerprint.hex()


@pytest.mark.parametrize("account", [evm.account(psbts.EVIL_SEED)])
def test_another_key_gives_other_addresses(metamask: Peer, tmp_path: Path, account: Any) -> None:
    out = tmp_path / "pairing.txt"
    write_dest(Message(TYPE, crypto_hdkey(account)), str(out))
    addresses = metamask("pair", frames=out.read_text().split())["addresses"]
    assert addresses == [account.address(index) for index in range(5)]
    assert not set(addresses) & {evm.TREASURY.address(index) for index in range(20)}

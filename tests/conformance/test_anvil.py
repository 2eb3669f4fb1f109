"""The whole way on networks of the Ethereum family: what the signer signs is mined, and moves exactly what was read.

Chain ids of main networks are signed for by a real home, with its real seals, at a pseudo-terminal: a maker, two
approvers and an officer; anvil's own chain id by a rehearsal. The senders' addresses are those that eth-account derives
from the same words.
"""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import examples
import pytest
from anvil import Anvil, Refused
from desk import program
from ethereum_peers import eth_abi, eth_account, load, peer_rlp
from house import House as People
from house import reviewed, valid_at
from terminal import Terminal, at_the_terminal, json_of

from custody.amounts import Asset
from custody.chains import chain
from custody.families import Account, parse_account
from custody.vault.mnemonic import of_digest
from custody.wire.bundle import Kind, SignedBundle
from custody.wire.request import WithdrawalRequest

OFFICER, OTHER_OFFICER = "Sato", "Abe"
PASSPHRASE = "correct horse battery staple"
OTHER_PASSPHRASE = "incorrect donkey battery staple"
WORDS = "abandon " * 23 + "art"
PAYEE, OTHER = examples.EVM_PAYEE, examples.EVM_SECOND_PAYEE
COIN = 10**18
SUPPLY = 5_000_000_000
FUNDS = 100 * COIN
MAIN_NETWORKS = {"ethereum": 1, "bnb": 56, "ronin": 2020, "harmony": 1_666_600_000}

_TRANSFER = "0xa9059cbb"


def run(*arguments: object) -> dict[str, Any]:
    """What scripts are told by a command that asks nothing and succeeds."""
    ended = program(*arguments, "--json")
    assert ended.exit == 0, ended.stderr
    return ended.fields


def address_of(coin_type: int, index: int) -> str:
    """The address that eth-account derives from the test words."""
    account = eth_account.Account
    account.enable_unaudited_hdwallet_features()
    return str(account.from_mnemonic(WORDS, account_path=f"m/44'/{coin_type}'/0'/0/{index}").address)


def rules(aliases: list[str], token: str) -> dict[Kind, bytes]:
    """A policy for these networks, a flagged list, and a registry with a token on the first network."""
    chains = "".join(
        f'[chains.{alias}]\nfee_cap = "{COIN}"\nfeerate_cap = 100\nfee_percent_cap = 5\n'
        f'[chains.{alias}.cap_per_transaction]\ncoin = "{10 * COIN}"\n'
        for alias in aliases
    )
    caps = f'[[chains.{aliases[0]}.tokens]]\ncontract = "{token}"\ncap_per_transaction = "{SUPPLY}"\n'
    vasp = f'name = "{examples.HOUSE}"\nlei = "{examples.HOUSE_LEI}"\n'
    policy = f'version = 1\nrepeat_days = 0\nhouse = "{examples.HOUSE}"\n[originating_vasp]\n{vasp}{chains}{caps}'
    tokens = f'version = 1\n[[token]]\nchain = "{aliases[0]}"\ncontract = "{token}"\nsymbol = "TUSD"\ndecimals = 6\n'
    return {"policy": policy.encode(), "list": examples.EVM_FLAGGED_LIST, "tokens": tokens.encode()}


class House(ABC):
    """A signer and a coordinator, each with its home, and files that go between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signer, self.coordinator = ["--home", folder / "signer"], ["--home", folder / "coordinator"]

    @abstractmethod
    def make(self, rules: dict[Kind, bytes]) -> None:
        """Makes the signer's home from the test words."""

    @abstractmethod
    def add_account(self, name: str, alias: str) -> dict[str, Any]:
        """Registers account 0 of a network."""

    @abstractmethod
    def sign(self, source: str, out: Path, code: str) -> dict[str, Any]:
        """The ceremony; ``code`` is what `review` showed."""

    @abstractmethod
    def approve(self, asked: Path) -> None:
        """What people sign before a request goes to the signer."""

    def _write(self, kind: str, content: bytes, suffix: str) -> list[object]:
        """The option that gives a file to `init`."""
        path = self.folder / f"{kind}{suffix}"
        path.write_bytes(content)
        return [f"--{kind}", path]

    def pair(self) -> None:
        """The coordinator learns the signer by QR codes."""
        pairing = self.folder / "pairing.gif"
        run("signer", "account", "export", *self.signer, "--out", pairing)
        run("coordinator", "pair", *self.coordinator, pairing)

    def withdraw(self, payment: "Payment") -> tuple[str, str]:
        """Transaction id and raw transaction of a payment, from its request to its last check."""
        folder = Path(mkdtemp(dir=self.folder))
        asked, answer, received = folder / "w.request", folder / "answer.txt", folder / "w.response"
        (folder / "unsigned.json").write_text(json.dumps(payment.unsigned))
        (folder / "record.json").write_text(json.dumps(payment.record))
        run(
            *("coordinator", "request", *self.coordinator, "--account", payment.account, "--from", payment.sender),
            *("--evm", folder / "unsigned.json", "--travel-rule", folder / "record.json", "-o", asked),
        )
        self.approve(asked)
        run("coordinator", "show", asked, "--out", folder / "frames.txt")
        source = str(folder / "frames.txt")
        read = run("signer", "review", *self.signer, source)
        (output,) = read["outputs"]
        assert (read["decision"], output["address"], output["amount"]) == ("ALLOW", payment.payee, str(payment.amount))
        assert self.sign(source, answer, read["confirmation"])["status"] == "signed"
        run("coordinator", "receive", *self.coordinator, answer, "--request", asked, "-o", received)
        told = run("coordinator", "finalize", *self.coordinator, "--request", asked, "--response", received)
        return str(told["txid"]), "0x" + str(told["raw"]).removeprefix("0x")


class Rehearsal(House):
    """Secrets from a file, codes as arguments."""

    def make(self, rules: dict[Kind, bytes]) -> None:
        self.secrets = ["--secrets", self.folder / "secrets.json"]
        officers = [{"name": OFFICER, "passphrase": PASSPHRASE}]
        (self.folder / "secrets.json").write_text(json.dumps({"mnemonic": WORDS, "officers": officers, "threshold": 1}))
        given = [one for kind, content in rules.items() for one in self._write(kind, content, ".toml")]
        run("signer", "init", *self.signer, "--rehearsal", *self.secrets, *given)

    def add_account(self, name: str, alias: str) -> dict[str, Any]:
        network = ["--type", "evm", "--chain", alias]
        return run("signer", "account", "add", name, *self.signer, *network, *self.secrets)

    def approve(self, asked: Path) -> None:
        """Nobody: this home knows no roster."""

    def sign(self, source: str, out: Path, code: str) -> dict[str, Any]:
        return run("signer", "sign", *self.signer, source, "--out", out, "--confirm", code, *self.secrets)


class Real(House):
    """Everything is typed, at a terminal that never shows a secret; and signed before, by a maker and two approvers.

    Of two officers one is enough: each derivation of a key takes a gibibyte, and some seconds.
    """

    people = People()

    def make(self, rules: dict[Kind, bytes]) -> None:
        self.accounts: dict[str, Account] = {}
        valid = valid_at(int(time.time()))
        asking = b'[[approvals]]\nrole = "approver"\ncount = 2\norganisations = 2\n'
        bodies = rules | {"policy": rules["policy"] + asking}
        roster = self.people.roster_bundle(officers=2, consent=1, **valid)
        bundles = {kind: self.people.signed(kind, body, **valid) for kind, body in bodies.items()}
        signed: dict[str, SignedBundle] = {"roster": roster, **bundles}
        given = [one for kind, bundle in signed.items() for one in self._write(kind, bundle.serialize(), ".bundle")]
        with self._typing("signer", "init", *self.signer, "--restore", *given) as terminal:
            terminal.answer("24 words of the roster", of_digest(roster.content))
            for bundle in bundles.values():
                terminal.answer("last four characters of its SHA-256", bundle.bundle.digest.hex()[-4:])
            terminal.answer("The 12 or 24 words", WORDS)
            for officer, words in ((OFFICER, PASSPHRASE), (OTHER_OFFICER, OTHER_PASSPHRASE)):
                terminal.answer(f"Passphrase of {officer}", words)
                terminal.answer("Repeat", words)
        assert json_of(terminal)["rehearsal"] is False

    def add_account(self, name: str, alias: str) -> dict[str, Any]:
        network = ["--type", "evm", "--chain", alias]
        with self._typing("signer", "account", "add", name, *self.signer, *network) as terminal:
            self._consent(terminal)
            terminal.answer("last four characters of address 0", address_of(60, 0)[-4:])
        told = json_of(terminal)
        self.accounts[name] = parse_account(name, chain(alias), told["descriptor"])
        return told

    def approve(self, asked: Path) -> None:
        request = WithdrawalRequest.parse(asked.read_bytes())
        facts = reviewed(request, self.accounts[request.account])
        asked.write_bytes(self.people.approved(request, facts).serialize())

    def sign(self, source: str, out: Path, code: str) -> dict[str, Any]:
        with self._typing("signer", "sign", *self.signer, source, "--out", out) as terminal:
            terminal.wait_for("Approved by +Ito, Chiba")
            terminal.answer("Name of officer 1 of 1", OFFICER)
            shown = terminal.wait_for(rf"{OFFICER} types:  (\S+)")[1]
            assert shown == code
            terminal.answer(f"Confirmation code, {OFFICER}", shown)
            terminal.answer(f"Passphrase of {OFFICER}", PASSPHRASE)
        return json_of(terminal)

    @staticmethod
    def _consent(terminal: Terminal) -> None:
        terminal.answer("Name of officer 1 of 1", OFFICER)
        terminal.answer(f"Passphrase of {OFFICER}", PASSPHRASE)

    @contextmanager
    def _typing(self, *arguments: object) -> Iterator[Terminal]:
        with at_the_terminal(*arguments, "--json") as terminal:
            yield terminal
            assert terminal.end() == 0, terminal.told
        assert PASSPHRASE not in terminal.told
        assert OTHER_PASSPHRASE not in terminal.told
        assert WORDS not in terminal.told


@dataclass(frozen=True)
class Payment:
    """An unsigned transaction as the node wants it now, and its record."""

    account: str
    sender: str
    payee: str
    amount: int
    unsigned: dict[str, Any]
    record: dict[str, Any]


def fees(network: Anvil) -> dict[str, str]:
    """Nonce-independent fields, at the fees of the newest block."""
    tip = network.number("eth_maxPriorityFeePerGas")
    base = int(network.ask("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
    return {"maxPriorityFeePerGas": hex(tip), "maxFeePerGas": hex(2 * base + tip)}


def unsigned(network: Anvil, sender: str, to: str, value: int = 0, calldata: str = "0x") -> dict[str, Any]:
    """A transaction with the sender's next nonce and the gas that the node estimates."""
    call = {"from": sender, "to": to, "value": hex(value), "data": calldata}
    return {
        "type": "0x2",
        "chainId": network.ask("eth_chainId"),
        "nonce": hex(network.nonce(sender)),
        **fees(network),
        "gas": network.ask("eth_estimateGas", call),
        "to": to,
        "value": hex(value),
        "data": calldata,
        "accessList": [],
    }


def coin_payment(network: Anvil, account: str, sender: str, amount: int) -> Payment:
    record = examples.record((0, PAYEE, amount))
    return Payment(account, sender, PAYEE, amount, unsigned(network, sender, PAYEE, amount), record)


def token_payment(network: Anvil, account: str, sender: str, token: str, amount: int) -> Payment:
    calldata = _TRANSFER + eth_abi.encode(["address", "uint256"], [PAYEE, amount]).hex()
    asset = Asset(f"eip155:{network.chain_number}/erc20:{token}", "TUSD", 6)
    record = examples.record((0, PAYEE, amount), asset=asset)
    return Payment(account, sender, PAYEE, amount, unsigned(network, sender, token, calldata=calldata), record)


def mine(network: Anvil, transaction_id: str, raw: str) -> int:
    """Sends a transaction that must be mined with success; what it cost as a fee."""
    assert network.ask("eth_sendRawTransaction", raw) == transaction_id
    receipt = network.receipt(transaction_id)
    assert receipt["status"] == "0x1"
    return int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)


def pay_coins(house: House, network: Anvil, account: str, sender: str, amount: int) -> tuple[str, str]:
    """A payment in the coin, mined; both balances are as they must be."""
    before, paid_before = network.balance(sender), network.balance(PAYEE)
    transaction_id, raw = house.withdraw(coin_payment(network, account, sender, amount))
    fee = mine(network, transaction_id, raw)
    assert network.balance(PAYEE) == paid_before + amount
    assert network.balance(sender) == before - amount - fee
    return transaction_id, raw


def pay_tokens(house: House, network: Anvil, account: str, sender: str, token: str, amount: int) -> None:
    """A payment in the token, mined; its contract tells the balances, and the coin pays the fee alone."""
    coins, tokens = network.balance(sender), network.token_balance(token, sender)
    transaction_id, raw = house.withdraw(token_payment(network, account, sender, token, amount))
    fee = mine(network, transaction_id, raw)
    assert network.token_balance(token, PAYEE) == amount
    assert network.token_balance(token, sender) == tokens - amount
    assert network.balance(sender) == coins - fee


def spelled(address: str) -> str:
    """The address as EIP-55 writes it."""
    return str(load("eth_utils").to_checksum_address(address))


@dataclass(frozen=True)
class Practice:
    """A rehearsal home on anvil's own chain id, with funds; the token is the address 3's."""

    house: House
    network: Anvil
    sender: str
    holder: str
    token: str


@pytest.fixture(scope="module")
def practice(anvil_binary: Path, packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    folder = tmp_path_factory.mktemp("practice")
    sender, holder = address_of(1, 0), address_of(1, 3)
    with Anvil(anvil_binary, 31_337, folder / "anvil") as network:
        network.give(sender, FUNDS)
        network.give(holder, FUNDS)
        token = spelled(network.deploy_token(packages, holder, SUPPLY))
        house = Rehearsal(folder)
        house.make(rules(["anvil"], token))
        shown = house.add_account("practice", "anvil")
        assert (shown["addresses"][0], shown["addresses"][3]) == (sender, holder)
        house.pair()
        yield Practice(house, network, sender, holder, token)


def test_a_rehearsal_pays_coins_and_tokens(practice: Practice) -> None:
    pay_coins(practice.house, practice.network, "practice", practice.sender, 3 * COIN // 2)
    pay_tokens(practice.house, practice.network, "practice", practice.holder, practice.token, 1_250_000_000)


def test_a_raw_transaction_changed_on_its_way_moves_nothing(practice: Practice) -> None:
    network, people = practice.network, (practice.sender, PAYEE, OTHER)
    transaction_id, raw = practice.house.withdraw(coin_payment(network, "practice", practice.sender, COIN))
    before = [network.balance(one) for one in people]
    for field, value in ((0, b"\x01"), (1, b"\x09"), (5, bytes.fromhex(OTHER[2:])), (6, (COIN + 1).to_bytes(8, "big"))):
        fields = peer_rlp.decode(bytes.fromhex(raw[4:]))
        assert fields[field] != value
        fields[field] = value
        with pytest.raises(Refused):
            network.ask("eth_sendRawTransaction", "0x02" + peer_rlp.encode(fields).hex())
        assert [network.balance(one) for one in people] == before
    mine(network, transaction_id, raw)
    assert network.balance(PAYEE) == before[1] + COIN


def test_a_real_home_pays_on_every_main_network(anvil_binary: Path, tmp_path: Path) -> None:
    sender = address_of(60, 0)
    with ExitStack() as running:
        networks = {
            alias: running.enter_context(Anvil(anvil_binary, number, tmp_path / alias))
            for alias, number in MAIN_NETWORKS.items()
        }
        for network in networks.values():
            network.give(sender, FUNDS)
        house = Real(tmp_path)
        house.make(rules(list(networks), examples.USDC.asset_id[-42:]))
        for alias in networks:
            assert house.add_account(f"cold-{alias}", alias)["addresses"][0] == sender
        house.pair()
        mined = {
            alias: pay_coins(house, network, f"cold-{alias}", sender, 2 * COIN + network.chain_number)
            for alias, network in networks.items()
        }
        for alias, (_, raw) in mined.items():
            with pytest.raises(Refused, match="nonce too low"):
                networks[alias].ask("eth_sendRawTransaction", raw)
            for other in networks.keys() - {alias}:
                with pytest.raises(Refused, match="chain"):
                    networks[other].ask("eth_sendRawTransaction", raw)

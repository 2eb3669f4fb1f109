"""The honest side of the sweep: a rehearsal home with an account of each family, honest requests, answers and a log."""

import functools
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ceremonies
import councils
import evm
import examples
import log_examples
import psbts
import typed_messages
from captured import Recorder

from custody import ceremony
from custody.audit.log import Log
from custody.ceremony import Outcome
from custody.chains import ANVIL
from custody.edge import founding, home, making
from custody.edge.founding import Founders
from custody.edge.home import SignerHome
from custody.evm.address import checksum_address, parse_address
from custody.evm.calldata import Transfer
from custody.evm.transaction import Eip1559
from custody.installed import Files
from custody.judgement import Judgement
from custody.vault.key_holder import KeyHolder
from custody.vault.orders import Evidence, SigningOrder
from custody.vault.sealed import open_sealed, read_header
from custody.vault.secrets import DeviceSecrets, OfficerSecret
from custody.wire.export import DeviceExport
from custody.wire.request import WithdrawalRequest

NOW = ceremonies.NOW
POLICY = examples.POLICY + examples.EVM_POLICY[examples.EVM_POLICY.index(b"[chains.anvil]") :]
COIN_CAP = {"regtest": 1_000_000_000_000, "anvil": 5 * 10**18}
FEE_CAP = {"regtest": 100_000, "anvil": 10**16}
TOKEN = parse_address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
TOKEN_CAP = 10**21
PRACTICE = replace(evm.PRACTICE, name="practice")
EVM_PAYEE = checksum_address(evm.PAYEE)
COIN_PAYMENT = replace(evm.COIN_PAYMENT, chain_number=ANVIL.number)
TOKEN_PAYMENT = replace(
    evm.TOKEN_PAYMENT, chain_number=ANVIL.number, to=TOKEN, calldata=Transfer(evm.PAYEE, 2_500_000).serialize()
)
COINS = psbts.coins(8)

_scratch = tempfile.TemporaryDirectory(prefix="custody-hostile-")


@dataclass(frozen=True)
class World:
    """A home as it stands before every case.

    Attributes:
        entries, note: its log's file and checkpoint. holder: the key, opened by ``officers``.
    """

    opened: SignerHome
    secrets: DeviceSecrets
    entries: bytes
    note: bytes
    holder: KeyHolder
    told: DeviceExport
    officers: tuple[str, ...]

    @property
    def fresh(self) -> SignerHome:
        """The home with its log as it was at first, in memory."""
        store = log_examples.MemoryStore(self.entries, self.note)
        log = Log.open(store, self.secrets.log_key(self.opened.header.origin), self.secrets.sealer, NOW)
        return replace(self.opened, log=log)

    def sign(self, message: bytes, fresh: SignerHome) -> tuple[Outcome, Judgement | None, Recorder]:
        """The ceremony with officers who say yes to whatever is shown; what was shown, and what the key was told."""
        officers, key = councils.Council(*self.officers), Recorder(self.holder)
        outcome = ceremony.sign(message, fresh, officers, lambda _: nullcontext(key))
        return outcome, officers.shown[-1] if officers.shown else outcome.judgement, key


@functools.cache
def world() -> World:
    """The one home of this process whose key is held by one officer, and that knows no roster."""
    folder = Path(_scratch.name) / "home"
    files = {"policy": POLICY, "list": examples.EVM_FLAGGED_LIST, "tokens": evm.REGISTRY}
    founders = Founders({ceremonies.OFFICER: ceremonies.PASSPHRASE}, 1)
    new = founding.found(founders, bytes(16), rehearsal=True, files=files, random=ceremonies.numbered())
    making.make(folder, new, NOW)
    for account in (psbts.TREASURY, PRACTICE):
        with home.opened(folder, NOW) as opened:
            opened.add_account(account)
    return _world(folder, {ceremonies.OFFICER: ceremonies.PASSPHRASE})


@functools.cache
def house() -> World:
    """The one home of this process with a roster: bundles change what is in force there, approvals count."""
    names = councils.OFFICERS[:2]
    return _world(
        councils.copy_home(Path(_scratch.name) / "house"), {name: councils.PASSPHRASES[name] for name in names}
    )


def _world(folder: Path, passphrases: Mapping[str, str]) -> World:
    with home.opened(folder, NOW) as opened:
        device = open_sealed((folder / "device.sealed").read_bytes(), (folder / "device.key").read_bytes())
        return World(
            opened,
            DeviceSecrets.parse(device),
            (folder / "log" / "entries").read_bytes(),
            (folder / "log" / "checkpoint").read_bytes(),
            KeyHolder(opened.sealed, passphrases, opened.verifier),
            ceremonies.export(opened),
            tuple(passphrases),
        )


def request(**changes: Any) -> WithdrawalRequest:
    """An honest request of the Bitcoin account."""
    return ceremonies.request(world().told, **changes)


def evm_request(payment: Eip1559 = COIN_PAYMENT, **changes: Any) -> WithdrawalRequest:
    """An honest request of the EVM account."""
    bound = evm_record(payment) | changes
    return replace(
        request(),
        **{
            "account": PRACTICE.name,
            "checksum": PRACTICE.address(0),
            "chain_id": ANVIL.chain_id,
            "kind": "evm-transaction",
            "transaction": payment.serialize(),
        }
        | bound,
    )


def evm_record(payment: Eip1559) -> dict[str, bytes]:
    """The travel-rule block that an attacker would write for a transaction, honest or not."""
    to, amount, asset = payment.to, payment.value, None
    if payment.to == TOKEN and len(payment.calldata) == 68:
        to, amount = payment.calldata[16:36], int.from_bytes(payment.calldata[36:], "big")
        asset = replace(ANVIL.coin, asset_id=f"{ANVIL.chain_id}/erc20:{checksum_address(TOKEN)}")
    return {"travel_rule": examples.block(examples.record((0, checksum_address(to), amount), asset=asset))}


def typed_data_request(**changes: Any) -> WithdrawalRequest:
    """A Safe transaction, which is never signed."""
    message = typed_messages.encode(typed_messages.typed_data(typed_messages.TOKEN_CALL, ANVIL.number))
    return evm_request(kind="typed-data", transaction=message, **changes)


@functools.cache
def honest_requests() -> tuple[WithdrawalRequest, ...]:
    """Requests that would all be signed, of both families."""
    return (
        request(),
        request(id=bytes(16), transaction=psbts.serialize(psbts.honest(1)), purpose="one coin"),
        request(id=b"\x01" * 16, transaction=psbts.serialize(psbts.honest(5)), expires=NOW + 60),
        evm_request(),
        evm_request(TOKEN_PAYMENT, id=b"\x02" * 16),
    )


@dataclass(frozen=True)
class Signed:
    """An honest ceremony's traces: request, answer, what the key was told, and the log after it."""

    request: WithdrawalRequest
    outcome: Outcome
    order: SigningOrder
    evidence: Evidence
    entries: bytes
    note: bytes


@functools.cache
def signed(place: int) -> Signed:
    """The honest ceremony over one of `honest_requests`."""
    honest = honest_requests()[place]
    fresh = world().fresh
    outcome, _, key = world().sign(honest.serialize(), fresh)
    if outcome.status != "signed":
        raise RuntimeError("an honest request was not signed")
    store = fresh.log._store
    return Signed(honest, outcome, key.order, key.evidence, store.bytes, store.note)


@functools.cache
def officer_key() -> bytes:
    """The key that the officer's passphrase gives, derived once."""
    kdf = read_header(world().opened.sealed.officers[ceremonies.OFFICER]).kdf
    return kdf.key(ceremonies.PASSPHRASE) if kdf else b""


@functools.cache
def officer_secret() -> OfficerSecret:
    """What the officer of the home without a roster holds."""
    return OfficerSecret.parse(open_sealed(world().opened.sealed.officers[ceremonies.OFFICER], officer_key()))


def private_part() -> bytes:
    """The private part of an `account` entry, as it is sealed."""
    return world().opened.log.private_part(4).serialize()


def files() -> Files:
    """What the home has installed."""
    return world().opened.files

"""Withdrawal requests bent inside or outside, by an attacker who writes the record that fits."""

import functools
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import ceremonies
import evm
import examples
import psbts
import wire_examples
from ethereum_peers import typed_transactions
from fuzz.registry import TARGETS
from hostile import psbt_mutations, world
from hostile.mutations import bend

from custody.bitcoin.script import encode_address
from custody.bitcoin.transaction import parse as parse_transaction
from custody.chains import ANVIL, REGTEST
from custody.errors import CustodyError
from custody.evm.transaction import Eip1559
from custody.wire.request import Approval, WithdrawalRequest

# An inner message is bent once, mostly: what is bent more than once is refused early and proves little.
FEW = (1, 1, 1, 1, 2)


def bent_bitcoin_request(random: Random) -> bytes:
    """A withdrawal request bent inside or outside; the attacker writes a record that fits, most of the time."""
    honest = random.choice(world.honest_requests()[:3])
    kind = random.random()
    if kind < 0.7:
        psbt = bend(random, "psbt", honest.transaction, _honest_psbts(), FEW)
        block = _fitting_record(random, psbt) if random.random() < 0.8 else honest.travel_rule
        honest = replace(honest, transaction=psbt, travel_rule=block)
    elif kind < 0.8:
        honest = replace(honest, travel_rule=_bent_record(random, honest.travel_rule))
    if kind < 0.8 and random.random() < 0.95:
        return honest.serialize()
    return _bent_message(random, honest)


@functools.cache
def _honest_psbts() -> tuple[bytes, ...]:
    return tuple(psbts.serialize(psbts.honest(count)) for count in (1, 2, 3))


def _bent_record(random: Random, block: bytes) -> bytes:
    return bend(random, "json", block, [ceremonies.record((1, ceremonies.PAYEE, 2)), ceremonies.record()])


def _bent_message(random: Random, honest: WithdrawalRequest) -> bytes:
    if random.random() < 0.4:
        return _lied_about(random, honest).serialize()
    others = [one.serialize() for one in (*world.honest_requests(), world.typed_data_request())]
    return bend(random, "cbor", honest.serialize(), others)


def _lied_about(random: Random, honest: WithdrawalRequest) -> WithdrawalRequest:
    """One field with a value that is well formed and not true, or true of another request."""
    lies: dict[str, Sequence[Any]] = {
        "created": (0, world.NOW - 1, world.NOW + 600, world.NOW + 601, 2**53 - 1),
        "expires": (0, world.NOW, world.NOW + 1, world.NOW + 86_400, world.NOW + 86_401, 2**53 - 1),
        "device": ("rehearsal.other", honest.device[:-1], ""),
        "account": (psbts.TREASURY.name, world.PRACTICE.name, "", "treasury "),
        "checksum": (
            psbts.EVIL.checksum,
            psbts.TREASURY.checksum,
            world.PRACTICE.address(0),
            world.PRACTICE.address(1),
        ),
        "chain_id": (REGTEST.chain_id, ANVIL.chain_id, "eip155:1", "bip122:000000000019d6689c085ae165831e93"),
        "kind": ("psbt", "evm-transaction", "typed-data"),
        "checkpoint": (world.signed(0).note.decode(), world.signed(1).note.decode(), "", honest.checkpoint * 2),
        "policy_sequence": (1, 2**53 - 1),
        "list_sequence": (1, 2**53 - 1),
        "maker": ("A" * 40,),
        "approvals": ((wire_examples.APPROVAL,), tuple(Approval(f"{n:040X}", "approve", b"") for n in range(32))),
        "purpose": ("", "\u202e", "x" * 280, "\x1b[2J\nPAYS nobody"),
        "travel_rule": (b"", ceremonies.record((0, ceremonies.PAYEE, 1)), b"{}"),
        "blind": (bytes(32),),
    }
    name = random.choice(list(lies))
    return replace(honest, **{name: random.choice(lies[name])})


def _fitting_record(random: Random, psbt: bytes) -> bytes:
    """The records for what the PSBT pays, as the attacker tells it: change is what is ours, or what claims to be."""
    try:
        maps = psbts.split(psbt)
        outputs = parse_transaction(psbts.value_of(maps[0], 0)).outputs
        claims = [any(value[:4] == psbts.TREASURY.fingerprint for _, value in one) for one in maps[-len(outputs) :]]
        ours = [one.script_pubkey in psbt_mutations.OWN_CHANGE for one in outputs]
        change = random.choice((claims, claims, ours, [False] * len(outputs)))
        rows = [
            (index, encode_address(one.script_pubkey, REGTEST), one.amount)
            for index, one in enumerate(outputs[:300])
            if not change[index]
        ]
    except (CustodyError, IndexError, StopIteration):
        rows = []
    return ceremonies.record(*rows)


def bent_evm_request(random: Random) -> bytes:
    """An EVM request bent inside or outside, with a record that fits, most of the time."""
    payment = random.choice((world.COIN_PAYMENT, world.TOKEN_PAYMENT))
    kind = random.random()
    if kind < 0.35:
        payment = _bent_payment(random, payment)
        return world.evm_request(payment, travel_rule=_fitting_evm_record(payment.serialize())).serialize()
    honest = world.evm_request(payment)
    if kind < 0.6:
        others = [world.COIN_PAYMENT.serialize(), world.TOKEN_PAYMENT.serialize(), evm.COIN_PAYMENT.serialize()]
        bent = bend(random, "eip1559", payment.serialize(), others, FEW)
        return replace(honest, transaction=bent, travel_rule=_fitting_evm_record(bent)).serialize()
    if kind < 0.7:
        return replace(honest, travel_rule=_bent_record(random, honest.travel_rule)).serialize()
    if kind < 0.8:
        payer = random.choice([world.PRACTICE.address(random.choice((1, 19, 20))), evm.TREASURY.address(0), "", "0x"])
        return replace(honest, checksum=payer).serialize()
    return _bent_message(random, honest)


def _bent_payment(random: Random, payment: Eip1559) -> Eip1559:
    numbers = (0, 1, 2, 20_999, 21_000, 65_000, 16_777_216, 16_777_217, 10**9, 3 * 10**10, 10**16, 5 * 10**18, 10**21)
    bounds = (2**53, 2**64 - 2, 2**64 - 1, 2**128, 2**255, 2**256 - 1)
    recipients = (
        world.TOKEN,
        bytes(20),
        bytes(19) + b"\x01",
        evm.PAYEE,
        evm.USDC,
        bytes.fromhex(examples.RONIN_THIEF[2:]),
    )
    name = random.choice(list(Eip1559.__dataclass_fields__))
    if name == "to":
        return replace(payment, to=random.choice(recipients))
    if name == "calldata":
        place, call = random.randrange(69), payment.calldata or world.TOKEN_PAYMENT.calldata
        bent = (call + b"\x00", call[:place], call[:place] + random.randbytes(1) + call[place + 1 :], b"", bytes(300))
        return replace(payment, calldata=random.choice(bent))
    return replace(payment, **{name: random.choice((*numbers, *bounds))})


def _fitting_evm_record(transaction: bytes) -> bytes:
    """The record for what eth-account reads in these bytes."""
    try:
        signed = transaction[:1] + _with_signature(transaction[1:])
        read = typed_transactions.TypedTransaction.from_bytes(signed).as_dict()
        payment = replace(world.COIN_PAYMENT, to=read["to"], value=read["value"], calldata=bytes(read["data"]))
        return world.evm_record(payment)["travel_rule"]
    except Exception:
        return world.evm_record(world.COIN_PAYMENT)["travel_rule"]


def _with_signature(encoded: bytes) -> bytes:
    from ethereum_peers import peer_rlp

    return bytes(peer_rlp.encode([*peer_rlp.decode(encoded), b"\x01", b"\x01", b"\x01"]))


def bent_typed_data(random: Random) -> bytes:
    """A Safe transaction to sign, bent."""
    honest = world.typed_data_request()
    others = TARGETS["typed-data"].examples()
    return replace(honest, transaction=bend(random, "json", honest.transaction, others)).serialize()

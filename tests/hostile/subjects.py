"""What is shown to the product bent, and how it is seen whether it went wrong: one subject for each kind of message."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import ceremonies
import evm
import examples
import psbts
from ethereum_peers import typed_transactions
from fuzz import evidence_targets, targets
from fuzz.registry import TARGETS, Target
from hostile import frames, psbt_mutations, world
from hostile.mutations import bend, bend_bytes
from hostile.oracles import check_ceremony, expect

from custody.audit.checkpoint import decode_note
from custody.audit.verify import Report, verify
from custody.bitcoin.script import encode_address
from custody.bitcoin.transaction import parse as parse_transaction
from custody.chains import ANVIL, REGTEST
from custody.coordinator import answers
from custody.errors import CustodyError
from custody.evm.transaction import Eip1559
from custody.families import Account
from custody.signatures import Signature
from custody.vault.confirmation import codes_equal
from custody.vault.key_holder import SigningOrder
from custody.wire.request import WithdrawalRequest
from custody.wire.response import Answer, SigningResponse

__all__ = ["SUBJECTS", "Subject", "evidence_targets", "targets"]


@dataclass(frozen=True)
class Subject:
    """A kind of message.

    Attributes:
        share: how many of 2,000 cases.
        make: a bent message, from a generator.
        meet: what the product makes of it: the part whose time and room are measured.
        check: raises Found when that is what must never be; says whether it counts as taken.
    """

    name: str
    share: int
    make: Callable[[Random], Any]
    meet: Callable[[Any], Any]
    check: Callable[[Any, Any], bool] = lambda _case, _met: True


# An inner message is bent once, mostly: what is bent more than once is refused early and proves little.
FEW = (1, 1, 1, 1, 2)


def _reader(target: Target) -> Subject:
    def make(random: Random) -> bytes:
        honest = target.examples()
        return bend(random, target.form, random.choice(honest), honest)

    return Subject(target.name, 16, make, target.accepts, lambda _case, met: bool(met))


def account_of(request: WithdrawalRequest) -> Account:
    """The account that a request names, as the coordinator has it."""
    return psbts.TREASURY if request.account == psbts.TREASURY.name else world.PRACTICE


# --- the ceremony


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
        "approvals": ((b"",), (b"approved",) * 32),
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


def hold_ceremony(message: bytes) -> Any:
    """The ceremony on a fresh home."""
    fresh = world.world().fresh
    return (*world.world().sign(message, fresh), fresh)


def check_held(_message: bytes, held: Any) -> bool:
    """The oracle, the log afterwards, and the answer as the coordinator checks it."""
    outcome, judgement, _, fresh = held
    check_ceremony(outcome, judgement)
    store = fresh.log._store
    expect(verify(store.bytes, store.note, fresh.log.verifier).first_bad is None, "the log does not hold")
    kinds = [entry.kind for entry in fresh.log.entries]
    expect(kinds.count("authorised") == kinds.count("answered") <= 1, "answered without authorisation")
    request = judgement.request
    if judgement.account and outcome.status == "signed":
        answers.check_response(request, outcome.response, world.world().told, account_of(request))
    return bool(outcome.status == "signed")


# --- what comes back


@functools.cache
def raw_transaction(place: int) -> tuple[str, bytes]:
    """What an honest answer finalises to."""
    honest = world.signed(place)
    return answers.finalize(honest.request, honest.outcome.response, account_of(honest.request))


def bent_response(random: Random) -> tuple[int, bytes]:
    """An answer, bent, and the place of the request for which it is given out."""
    answered = [world.signed(place).outcome.response for place in range(5)]
    honest = [one.serialize() for one in answered]
    place = random.randrange(5)
    if random.random() < 0.2:
        bent = _bent_signatures(random, answered[place].answer, random.choice(answered).answer)
        return place, replace(answered[place], answer=bent).serialize()
    return place, bend(random, "cbor", honest[place if random.random() < 0.9 else random.randrange(5)], honest)


def _bent_signatures(random: Random, answer: Answer, other: Answer) -> Answer:
    """Signatures that are another's, bent, moved, absent or twice."""
    rows, place = list(answer.signatures), random.randrange(len(answer.signatures))
    row, foreign = rows[place], random.choice(other.signatures)
    edits: Sequence[Callable[[], Sequence[Signature]]] = (
        lambda: [replace(one, signature=bend_bytes(random, one.signature, foreign.signature)[:80]) for one in rows],
        lambda: [replace(one, signature=foreign.signature) for one in rows],
        lambda: [replace(one, key=foreign.key) for one in rows],
        lambda: [replace(one, index=one.index + 1) for one in rows],
        lambda: other.signatures,
        lambda: rows[::-1],
        lambda: [*rows, row],
        lambda: rows[:place],
    )
    return replace(answer, signatures=tuple(random.choice(edits)()))


def receive(case: tuple[int, bytes]) -> Any:
    """As the coordinator takes an answer in and finalises it."""
    request, response = world.signed(case[0]).request, SigningResponse.parse(case[1])
    checkpoint = answers.check_response(request, response, world.world().told, account_of(request))
    return checkpoint, answers.finalize(request, response, account_of(request))


def check_received(case: tuple[int, bytes], received: Any) -> bool:
    """The honest transaction, proved by a checkpoint that was signed."""
    checkpoint, finalized = received
    expect(finalized == raw_transaction(case[0]), "an answer of another meaning was finalised")
    verifier = world.world().opened.log.verifier
    expect(checkpoint == verifier.open(decode_note(world.signed(case[0]).note)), "another checkpoint")
    return True


# --- the order to the key


def bent_order(random: Random) -> bytes:
    """An order to the key, bent as a whole or in one of the messages that it holds."""
    orders = [world.signed(place).order for place in range(5)]
    order, other = random.choice(orders), random.choice(orders)
    inner: Sequence[Callable[[], SigningOrder]] = (
        lambda: replace(order, request=bend(random, "cbor", order.request, [other.request])),
        lambda: replace(order, request=bent_bitcoin_request(random)),
        lambda: replace(order, request=bent_evm_request(random)),
        lambda: replace(order, private=bend(random, "json", order.private, [other.private])),
        lambda: replace(order, entry=bend(random, "json", order.entry, [other.entry])),
        lambda: replace(order, accounts=bend(random, "json", order.accounts, [order.accounts])),
        lambda: replace(order, policy=bend(random, "toml", order.policy or b"", [examples.POLICY])),
        lambda: replace(order, flagged=bend(random, "lines", order.flagged or b"", [examples.FLAGGED_LIST])),
        lambda: replace(order, tokens=bend(random, "toml", order.tokens or b"", [examples.TOKENS])),
        lambda: replace(
            order, after=bend(random, "lines", order.after.encode(), [order.before.encode()]).decode("utf-8", "replace")
        ),
        lambda: replace(
            order,
            before=bend(random, "lines", order.before.encode(), [order.after.encode()]).decode("utf-8", "replace"),
        ),
        lambda: replace(order, code=other.code, request=other.request),
        lambda: replace(order, request=other.request, entry=other.entry, private=other.private, salts=other.salts),
        lambda: replace(order, now=random.choice((0, world.NOW + 30, world.NOW + 3_600, 2**53 - 1))),
    )
    if random.random() < 0.5:
        return random.choice(inner)().serialize()
    return bend(random, "cbor", order.serialize(), [one.serialize() for one in orders])


def carry_out(encoded: bytes) -> Any:
    """As the key process reads and signs."""
    order = SigningOrder.parse(encoded)
    return order, world.world().holder.sign(order)


def check_carried_out(_encoded: bytes, done: Any) -> bool:
    """The signatures of one honest ceremony, on the strength of that one's consent and log entry and of no other's."""
    order, signatures = done
    digest = WithdrawalRequest.parse(order.request).digest
    allowed = [
        one.outcome.response.answer.signatures
        for one in map(world.signed, range(5))
        if (one.request.digest, one.order.officer, one.order.entry) == (digest, order.officer, order.entry)
        and (one.order.private, one.order.salts) == (order.private, order.salts)
        and codes_equal(order.code, one.order.code)
    ]
    expect(signatures in allowed, "the key signed what it was not honestly asked to")
    return True


# --- the log


def bent_log(random: Random) -> tuple[bytes, bytes]:
    """Entries and checkpoint, one of them bent or both."""
    logs = [(world.signed(place).entries, world.signed(place).note) for place in range(3)]
    logs.append((world.world().entries, world.world().note))
    entries, note = random.choice(logs)
    which = random.random()
    if which < 0.7:
        entries = bend(random, "lines", entries, [one[0] for one in logs])
    if which > 0.6:
        note = bend(random, "lines", note, [one[1] for one in logs])
    return entries, note


def read_log(case: tuple[bytes, bytes]) -> Report:
    """The auditor's verification."""
    return verify(*case, world.world().opened.log.verifier)


def check_read(case: tuple[bytes, bytes], report: Report) -> bool:
    """Where nothing is named, leaves and signatures are those of one honest log, and so is all that is not hidden."""
    if report.first_bad is not None:
        return False
    honest = [world.signed(place).entries for place in range(3)] + [world.world().entries]
    public = evidence_targets.without_private_parts
    alike = [one for one in honest if public(one) == public(case[0])]
    expect(alike, "a changed log was called whole")
    expect(report.hidden or case[0] in alike, "a changed private part was called whole")
    return True


SUBJECTS: dict[str, Subject] = {
    one.name: one
    for one in (
        Subject("ceremony-bitcoin", 420, bent_bitcoin_request, hold_ceremony, check_held),
        Subject("ceremony-evm", 240, bent_evm_request, hold_ceremony, check_held),
        Subject("ceremony-typed-data", 40, bent_typed_data, hold_ceremony, check_held),
        Subject("answer", 150, bent_response, receive, check_received),
        Subject("signing-order", 150, bent_order, carry_out, check_carried_out),
        Subject("whole-log", 150, bent_log, read_log, check_read),
        Subject("scan", 100, frames.bent_frames, frames.scan, frames.check_scanned),
        Subject("picture", 14, frames.bent_picture, frames.look, frames.check_scanned),
        *map(_reader, TARGETS.values()),
    )
}

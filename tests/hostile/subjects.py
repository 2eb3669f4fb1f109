"""What is shown to the product bent, and how it is seen whether it went wrong: one subject for each kind of message."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import councils
import examples
import psbts
from fuzz import evidence_targets, targets
from fuzz.registry import TARGETS, Target
from hostile import bent_requests, bundles, frames, world
from hostile.mutations import bend, bend_bytes
from hostile.oracles import check_ceremony, expect

from custody.audit.checkpoint import decode_note
from custody.audit.verify import Report, verify
from custody.coordinator import answers
from custody.families import Account
from custody.signatures import Signature
from custody.vault.confirmation import codes_equal
from custody.vault.orders import Evidence, SigningOrder
from custody.wire.request import WithdrawalRequest
from custody.wire.response import Answer, SigningResponse

__all__ = ["SUBJECTS", "Subject", "evidence_targets", "targets"]


@dataclass(frozen=True)
class Subject:
    """A kind of message.

    Attributes:
        share: how many of 2,500 cases.
        make: a bent message, from a generator.
        meet: what the product makes of it: the part whose time and room are measured.
        check: raises Found when that is what must never be; says whether it counts as taken.
    """

    name: str
    share: int
    make: Callable[[Random], Any]
    meet: Callable[[Any], Any]
    check: Callable[[Any, Any], bool] = lambda _case, _met: True


def _reader(target: Target) -> Subject:
    def make(random: Random) -> bytes:
        honest = target.examples()
        return bend(random, target.form, random.choice(honest), honest)

    return Subject(target.name, 16, make, target.accepts, lambda _case, met: bool(met))


def account_of(request: WithdrawalRequest) -> Account:
    """The account that a request names, as the coordinator has it."""
    return psbts.TREASURY if request.account == psbts.TREASURY.name else world.PRACTICE


# --- the ceremony


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


def bent_order(random: Random) -> tuple[bytes, bytes]:
    """What the key is told, order and evidence, one of them bent as a whole or in one of the messages that it holds."""
    honest = [world.signed(place) for place in range(5)]
    one, other = random.choice(honest), random.choice(honest)
    order, evidence = one.order.serialize(), one.evidence.serialize()
    kind = random.random()
    if kind < 0.3:
        return _bent_inside(random, one.order, other.order).serialize(), evidence
    if kind < 0.5:
        return order, _bent_evidence(random, one.evidence, other.evidence).serialize()
    if kind < 0.55:
        return other.order.serialize(), evidence
    if kind < 0.8:
        return bend(random, "cbor", order, [each.order.serialize() for each in honest]), evidence
    return order, bend(random, "cbor", evidence, [each.evidence.serialize() for each in honest])


def _bent_inside(random: Random, order: SigningOrder, other: SigningOrder) -> SigningOrder:
    files, times = order.files, order.times

    def with_file(**changed: bytes) -> SigningOrder:
        return replace(order, files=files._replace(**changed))

    inner: Sequence[Callable[[], SigningOrder]] = (
        lambda: replace(order, request=bend(random, "cbor", order.request, [other.request])),
        lambda: replace(order, request=bent_requests.bent_bitcoin_request(random)),
        lambda: replace(order, request=bent_requests.bent_evm_request(random)),
        lambda: with_file(accounts=bend(random, "json", files.accounts, [files.accounts])),
        lambda: with_file(policy=bend(random, "toml", files.policy or b"", [examples.POLICY])),
        lambda: with_file(flagged=bend(random, "lines", files.flagged or b"", [examples.FLAGGED_LIST])),
        lambda: with_file(tokens=bend(random, "toml", files.tokens or b"", [examples.TOKENS])),
        lambda: with_file(roster=councils.bundles()["roster"].content),
        lambda: replace(order, before=_bent_note(random, order.before, other.before)),
        lambda: replace(order, typed=other.typed, request=other.request),
        lambda: replace(order, typed=random.choice(((), order.typed * 2, (*order.typed, *other.typed)))),
        lambda: replace(order, typed=(replace(order.typed[0], officer=random.choice(("Abe", "sato", ""))),)),
        lambda: replace(
            order, times=replace(times, latest=random.choice((0, world.NOW + 30, world.NOW + 3_600, 2**53 - 1)))
        ),
        lambda: replace(order, times=replace(times, elapsed=random.choice((1, 86_400, 2**53 - 1)))),
    )
    return random.choice(inner)()


def _bent_evidence(random: Random, evidence: Evidence, other: Evidence) -> Evidence:
    inner: Sequence[Callable[[], Evidence]] = (
        lambda: replace(evidence, private=bend(random, "json", evidence.private, [other.private])),
        lambda: replace(evidence, entry=bend(random, "json", evidence.entry, [other.entry])),
        lambda: replace(evidence, after=_bent_note(random, evidence.after, other.after)),
        lambda: replace(other, private=evidence.private, salts=evidence.salts),
        lambda: replace(evidence, inclusion=other.inclusion, after=other.after),
    )
    return random.choice(inner)()


def _bent_note(random: Random, note: str, other: str) -> str:
    return bend(random, "lines", note.encode(), [other.encode()]).decode("utf-8", "replace")


def carry_out(case: tuple[bytes, bytes]) -> Any:
    """As the key process reads, consents and signs."""
    order, evidence, holder = SigningOrder.parse(case[0]), Evidence.parse(case[1]), world.world().holder
    holder.consent(order)
    return order, evidence, holder.sign(evidence)


def check_carried_out(_case: tuple[bytes, bytes], done: Any) -> bool:
    """The signatures of one honest ceremony, on the strength of that one's consent and log entry and of no other's."""
    order, evidence, signatures = done
    digest = WithdrawalRequest.parse(order.request).digest
    names, codes = [one.officer for one in order.typed], [one.code for one in order.typed]
    allowed = [
        one.outcome.response.answer.signatures
        for one in map(world.signed, range(5))
        if (one.request.digest, [each.officer for each in one.order.typed]) == (digest, names)
        and (one.evidence.entry, one.evidence.private) == (evidence.entry, evidence.private)
        and one.evidence.salts == evidence.salts
        and all(codes_equal(code, one.order.typed[0].code) for code in codes)
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
        Subject("ceremony-bitcoin", 420, bent_requests.bent_bitcoin_request, hold_ceremony, check_held),
        Subject("ceremony-evm", 240, bent_requests.bent_evm_request, hold_ceremony, check_held),
        Subject("ceremony-typed-data", 40, bent_requests.bent_typed_data, hold_ceremony, check_held),
        Subject("answer", 150, bent_response, receive, check_received),
        Subject("signing-order", 150, bent_order, carry_out, check_carried_out),
        Subject("bundle-installed", 120, bundles.bent_bundle, bundles.install, bundles.check_installed),
        Subject("ceremony-approved", 120, bundles.bent_approved, bundles.hold_ceremony, bundles.check_approved),
        Subject("whole-log", 150, bent_log, read_log, check_read),
        Subject("scan", 100, frames.bent_frames, frames.scan, frames.check_scanned),
        Subject("picture", 14, frames.bent_picture, frames.look, frames.check_scanned),
        *map(_reader, TARGETS.values()),
    )
}

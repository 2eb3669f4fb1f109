"""The withdrawal request: one encoding, a digest that binds everything but approvals, and its page's example."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import cbor2
import ceremonies
import examples
import psbts
import pytest
import wire_examples

from custody.codec import cbor
from custody.edge.gpg import JailedGpg
from custody.errors import InputError
from custody.governance.clocks import Times
from custody.installed import Files, Installed, serialize_accounts
from custody.judgement import LogView, judge
from custody.wire import request as wire
from custody.wire.request import Approval, WithdrawalRequest

REQUEST = wire_examples.REQUEST

# One changed value for every field.
CHANGES: dict[str, Any] = {
    "id": bytes(16),
    "created": REQUEST.created + 1,
    "expires": REQUEST.expires + 1,
    "device": "rehearsal.other",
    "account": "other",
    "checksum": "qqqqqqqq",
    "chain_id": "bip122:00000000000000000000000000000000",
    "kind": "other",
    "transaction": REQUEST.transaction + b"\x00",
    "travel_rule": REQUEST.travel_rule + b" ",
    "blind": bytes(32),
    "checkpoint": REQUEST.checkpoint + "\n",
    "purpose": "another purpose",
    "policy_sequence": 1,
    "list_sequence": 1,
    "maker": "A" * 40,
    "approvals": (wire_examples.APPROVAL,),
}
SAID: dict[str, Any] = {"by": b"\xaa" * 20, "verdict": "approve", "signature": b"signature"}


def fields() -> dict[str, Any]:
    """The message's map, by a second library."""
    decoded: dict[str, Any] = cbor2.loads(REQUEST.serialize())
    return decoded


def test_it_reads_back() -> None:
    assert WithdrawalRequest.parse(REQUEST.serialize()) == REQUEST


def test_every_field_is_in_the_table_of_changes() -> None:
    assert CHANGES.keys() == {field.name for field in dataclasses.fields(WithdrawalRequest)}


@pytest.mark.parametrize("name", sorted(CHANGES.keys() - {"approvals"}))
def test_the_digest_binds_every_field(name: str) -> None:
    changed = dataclasses.replace(REQUEST, **{name: CHANGES[name]})
    assert changed.digest != REQUEST.digest


def test_the_digest_leaves_out_approvals_which_sign_it() -> None:
    approved = dataclasses.replace(REQUEST, approvals=CHANGES["approvals"])
    assert approved.digest == REQUEST.digest
    assert approved.serialize() != REQUEST.serialize()


def test_the_digest_is_that_of_the_page_computed_by_a_second_library() -> None:
    bound = fields()
    bound["travel_rule"] = hashlib.sha256(bound.pop("blind") + bound["travel_rule"]).digest()
    del bound["approvals"]
    assert hashlib.sha256(cbor2.dumps(bound, canonical=True)).digest() == REQUEST.digest


def test_the_digest_is_bound_to_the_travel_rule_through_its_blinded_hash_alone() -> None:
    """What is bound shows neither the block nor the blind, so nobody can try names against it."""
    bound = fields()
    bound["travel_rule"] = hashlib.sha256(bound.pop("blind") + bound["travel_rule"]).digest()
    del bound["approvals"]
    preimage = cbor2.dumps(bound, canonical=True)
    assert hashlib.sha256(preimage).digest() == REQUEST.digest
    assert REQUEST.blind not in preimage
    assert b"Tanaka" in REQUEST.travel_rule
    assert b"Tanaka" not in preimage
    assert hashlib.sha256(REQUEST.travel_rule).digest() not in preimage


def test_the_message_is_canonical_to_a_second_library() -> None:
    assert cbor2.dumps(fields(), canonical=True) == REQUEST.serialize()


@pytest.mark.parametrize("name", sorted(fields()))
def test_a_missing_field_is_refused(name: str) -> None:
    short = fields()
    del short[name]
    refused(short, "WIRE-VERSION" if name == "version" else "WIRE-FIELDS")


@pytest.mark.parametrize("path", [(), ("account",), ("transaction",)])
def test_an_unknown_field_is_refused_at_every_level(path: tuple[str, ...]) -> None:
    bent = fields()
    place = bent[path[0]] if path else bent
    place["extra"] = 1
    refused(bent, "WIRE-FIELDS")


@pytest.mark.parametrize("version", [0, 2, True, "1", None, b"\x01"])
def test_another_version_is_refused(version: Any) -> None:
    refused(fields() | {"version": version}, "WIRE-VERSION")


ODD: list[Any] = [None, True, 1, 1.5, "x", b"x", [], {}]
WRONG = [(name, odd) for name, value in fields().items() for odd in ODD if type(odd) is not type(value)]


@pytest.mark.parametrize(("name", "value"), [*WRONG, ("created", -1), ("policy", 2**63), ("approvals", [1])])
def test_a_value_of_another_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InputError):
        WithdrawalRequest.parse(cbor2.dumps(fields() | {name: value}, canonical=True))


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("id", bytes(wire.ID_BYTES)),
        ("blind", bytes(wire.BLIND_BYTES)),
        ("device", "d" * 128),
        ("travel_rule", bytes(wire.MAX_TRAVEL_RULE)),
        ("purpose", "\u6c34" * wire.MAX_PURPOSE),
        ("checkpoint", "c" * wire.MAX_CHECKPOINT),
        ("created", 2**53 - 1),
        ("expires", 2**53 - 1),
        ("policy", 2**53 - 1),
        ("list", 2**53 - 1),
    ],
)
def test_a_field_may_be_as_large_as_its_bound_and_no_larger(name: str, most: Any) -> None:
    at_bound = fields() | {name: most}
    assert WithdrawalRequest.parse(cbor2.dumps(at_bound, canonical=True)).serialize()
    over = most + 1 if isinstance(most, int) else most + most[:1]
    refused(fields() | {name: over}, "WIRE-LIMIT")


def test_as_many_approvals_as_large_as_they_may_be_fit_and_no_more() -> None:
    rows = [SAID | {"by": bytes([n]) * 20, "signature": bytes(wire.MAX_APPROVAL)} for n in range(wire.MAX_APPROVALS)]
    full = WithdrawalRequest.parse(cbor2.dumps(fields() | {"approvals": rows}, canonical=True))
    assert [approval.by for approval in full.approvals] == [f"{n:02X}" * 20 for n in range(wire.MAX_APPROVALS)]
    refused(fields() | {"approvals": [*rows, SAID]}, "WIRE-LIMIT")


def test_an_approval_reads_back_as_it_was_said() -> None:
    approved = WithdrawalRequest.parse(cbor2.dumps(fields() | {"approvals": [SAID]}, canonical=True))
    assert approved.approvals == (Approval("AA" * 20, "approve", b"signature"),)
    assert cbor2.loads(approved.serialize())["approvals"] == [SAID]


def test_a_request_without_approvals_is_written_as_before_there_were_any() -> None:
    assert fields()["approvals"] == []
    assert fields()["maker"] == ""


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"by": bytes(19)}, "WIRE-LIMIT"),
        ({"by": bytes(21)}, "WIRE-LIMIT"),
        ({"by": "A" * 40}, "WIRE-TYPE"),
        ({"verdict": "Approve"}, "REQUEST-VERDICT"),
        ({"verdict": "made"}, "REQUEST-VERDICT"),
        ({"verdict": ""}, "REQUEST-VERDICT"),
        ({"verdict": "approve" * 3}, "WIRE-LIMIT"),
        ({"verdict": b"approve"}, "WIRE-TYPE"),
        ({"signature": bytes(wire.MAX_APPROVAL + 1)}, "WIRE-LIMIT"),
        ({"signature": "text"}, "WIRE-TYPE"),
        ({"name": "Sato"}, "WIRE-FIELDS"),
    ],
)
def test_an_approval_of_another_form_is_refused(changed: dict[str, Any], code: str) -> None:
    refused(fields() | {"approvals": [SAID | changed]}, code)


@pytest.mark.parametrize("name", sorted(SAID))
def test_an_approval_that_lacks_a_field_is_refused(name: str) -> None:
    refused(fields() | {"approvals": [{key: value for key, value in SAID.items() if key != name}]}, "WIRE-FIELDS")


@pytest.mark.parametrize("again", [{}, {"signature": b"another signature"}])
def test_a_person_says_a_thing_once(again: dict[str, Any]) -> None:
    refused(fields() | {"approvals": [SAID, SAID | again]}, "REQUEST-APPROVALS")


@pytest.mark.parametrize("other", [{"by": bytes(20)}, {"verdict": "reject"}])
def test_two_people_may_say_the_same_and_one_person_two_things(other: dict[str, Any]) -> None:
    both = cbor2.dumps(fields() | {"approvals": [SAID, SAID | other]}, canonical=True)
    assert len(WithdrawalRequest.parse(both).approvals) == 2


def test_the_approvals_have_a_digest_of_their_own_computed_by_a_second_library() -> None:
    approved = dataclasses.replace(REQUEST, approvals=CHANGES["approvals"])
    assert approved.approvals_digest == hashlib.sha256(cbor2.dumps([SAID], canonical=True)).digest()
    assert REQUEST.approvals_digest == hashlib.sha256(b"\x80").digest()


@pytest.mark.parametrize("changed", [{"by": "B" * 40}, {"verdict": "reject"}, {"signature": b""}])
def test_the_approvals_digest_binds_every_part_of_an_approval(changed: dict[str, Any]) -> None:
    one, other = wire_examples.APPROVAL, dataclasses.replace(wire_examples.APPROVAL, **changed)
    digests = {
        dataclasses.replace(REQUEST, approvals=said).approvals_digest
        for said in ((), (one,), (other,), (one, other), (other, one))
    }
    assert len(digests) == 5


def test_a_maker_is_named_by_a_fingerprint() -> None:
    named = cbor2.dumps(fields() | {"maker": "0123456789ABCDEF" * 2 + "01234567"}, canonical=True)
    assert WithdrawalRequest.parse(named).maker == "0123456789ABCDEF" * 2 + "01234567"


@pytest.mark.parametrize(
    "maker", ["Sato", "a" * 40, "A" * 39, "A" * 41, "0x" + "A" * 38, " " + "A" * 39, "A" * 40 + "\n"]
)
def test_a_maker_that_is_no_fingerprint_is_refused(maker: str) -> None:
    refused(fields() | {"maker": maker}, "REQUEST-MAKER")


def test_a_transaction_may_be_as_large_as_its_bound_and_no_larger() -> None:
    inner = fields()["transaction"]
    for size, code in ((wire.MAX_TRANSACTION, None), (wire.MAX_TRANSACTION + 1, "WIRE-LIMIT")):
        bent = fields() | {"transaction": inner | {"bytes": bytes(size)}}
        if code:
            refused(bent, code)
        else:
            assert WithdrawalRequest.parse(cbor2.dumps(bent, canonical=True)).transaction == bytes(size)


@pytest.mark.parametrize("name", ["id", "blind"])
def test_random_fields_have_their_exact_length(name: str) -> None:
    refused(fields() | {name: fields()[name][:-1]}, "WIRE-LIMIT")


def test_a_message_beyond_its_limit_is_not_even_decoded() -> None:
    with pytest.raises(InputError, match="WIRE-LIMIT"):
        WithdrawalRequest.parse(b"\xff" * (wire.MAX_BYTES + 1))


@pytest.mark.parametrize("kind", ["", "PSBT", "psbt ", "evm-blob"])
def test_another_kind_of_transaction_is_refused(kind: str) -> None:
    refused(fields() | {"transaction": fields()["transaction"] | {"kind": kind}}, "REQUEST-KIND")


@pytest.mark.parametrize("value", [[], {}, 1, None, {1: 1}, {"version": 1}, "x"])
def test_another_message_is_refused(value: Any) -> None:
    with pytest.raises(InputError):
        WithdrawalRequest.parse(cbor.encode(value))


def test_the_page_shows_this_request(project: Path) -> None:
    shown = wire_examples.told(REQUEST.serialize()) + f"digest  {REQUEST.digest.hex()}\n"
    assert wire_examples.on_page((project / "docs/spec/request.md").read_text("utf-8"), "request") == shown


def test_the_example_would_be_allowed() -> None:
    verifier = wire_examples.LOG_KEY.verifier
    files = Files(serialize_accounts((psbts.TREASURY,)), examples.POLICY, examples.FLAGGED_LIST)
    installed = Installed.parse(verifier.origin, files, rehearsal=True)
    log = LogView(verifier, verifier.open(wire_examples.EXPORT.checkpoint), (), lambda _: {})
    with JailedGpg() as people:
        judgement = judge(REQUEST, installed, log, Times(ceremonies.NOW, 0), people)
    assert judgement.decision.allowed


def refused(message: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as error:
        WithdrawalRequest.parse(cbor2.dumps(message, canonical=True))
    assert error.value.code == code

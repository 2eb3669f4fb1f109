"""Messages under arbitrary values, bytes and bent bytes: one encoding, and nothing but `InputError` otherwise."""

import dataclasses
from typing import get_args

import ceremonies
import pytest
import wire_examples
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.chains import CHAINS
from custody.codec import cbor
from custody.errors import InputError
from custody.signatures import Signature
from custody.wire.bundle import SignedBundle
from custody.wire.export import DeviceExport, ExportedAccount
from custody.wire.request import Approval, Verdict, WithdrawalRequest
from custody.wire.response import Answer, SigningResponse, Status

COMMON = settings(max_examples=100, deadline=None)
UINT = st.integers(0, 2**53 - 1)
HASHES = st.lists(st.binary(max_size=32), max_size=6).map(tuple)


def text(limit: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=limit)


FINGERPRINTS = st.binary(min_size=20, max_size=20).map(lambda octets: octets.hex().upper())
APPROVALS = st.builds(Approval, FINGERPRINTS, st.sampled_from(get_args(Verdict)), st.binary(max_size=30))
REQUESTS = st.builds(
    WithdrawalRequest,
    id=st.binary(min_size=16, max_size=16),
    created=UINT,
    expires=UINT,
    device=text(20),
    account=text(20),
    checksum=text(8),
    chain_id=text(20),
    kind=st.just("psbt"),
    transaction=st.binary(max_size=60),
    travel_rule=st.binary(max_size=60),
    blind=st.binary(min_size=32, max_size=32),
    checkpoint=text(60),
    purpose=text(60),
    policy_sequence=UINT,
    list_sequence=UINT,
    maker=st.just("") | FINGERPRINTS,
    approvals=st.lists(APPROVALS, max_size=4, unique_by=lambda one: (one.by, one.verdict)).map(tuple),
)
SIGNATURES = st.builds(Signature, st.integers(0, 999), st.binary(min_size=33, max_size=33), st.binary(max_size=80))
ANSWERS = st.builds(Answer, st.binary(min_size=32, max_size=32), st.just(Status.REFUSED), st.just(())) | st.builds(
    Answer, st.binary(min_size=32, max_size=32), st.just(Status.SIGNED), st.lists(SIGNATURES, max_size=5).map(tuple)
)
RESPONSES = st.builds(SigningResponse, ANSWERS, st.binary(max_size=80), HASHES, HASHES, text(60))
ACCOUNTS = st.builds(ExportedAccount, text(20), st.sampled_from([one.chain_id for one in CHAINS]), text(60))
EXPORTS = st.builds(DeviceExport, text(20), text(40), text(60), UINT, UINT, st.lists(ACCOUNTS, max_size=4).map(tuple))

KINDS = [WithdrawalRequest, SigningResponse, DeviceExport, SignedBundle]
EXAMPLES = (wire_examples.REQUEST, wire_examples.RESPONSE, wire_examples.EXPORT, wire_examples.SIGNED_BUNDLE)
HONEST = [one.serialize() for one in EXAMPLES]


@COMMON
@given(REQUESTS | RESPONSES | EXPORTS)
def test_a_message_reads_back(message: WithdrawalRequest | SigningResponse | DeviceExport) -> None:
    encoded = message.serialize()
    assert type(message).parse(encoded) == message
    for other in set(KINDS) - {type(message)}:
        with pytest.raises(InputError):
            other.parse(encoded)


@COMMON
@given(st.sampled_from(KINDS), st.binary(max_size=200))
def test_any_bytes_are_one_message_or_refused(kind: type[WithdrawalRequest], encoded: bytes) -> None:
    try:
        assert kind.parse(encoded).serialize() == encoded
    except InputError:
        return


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(zip(KINDS, HONEST, strict=True))), st.data())
def test_bent_bytes_are_another_message_or_refused(
    honest: tuple[type[WithdrawalRequest], bytes], data: st.DataObject
) -> None:
    kind, encoded = honest
    start = data.draw(st.integers(0, len(encoded)))
    end = data.draw(st.integers(start, min(len(encoded), start + 4)))
    bent = encoded[:start] + data.draw(st.binary(max_size=4)) + encoded[end:]
    try:
        message = kind.parse(bent)
    except InputError:
        return
    assert message.serialize() == bent
    assert (bent == encoded) == (message == kind.parse(encoded))


@COMMON
@given(REQUESTS, REQUESTS)
def test_two_requests_share_a_digest_only_when_they_differ_in_approvals_alone(
    one: WithdrawalRequest, other: WithdrawalRequest
) -> None:
    alike = dataclasses.replace(one, approvals=()) == dataclasses.replace(other, approvals=())
    assert (one.digest == other.digest) == alike
    assert dataclasses.replace(one, approvals=other.approvals).digest == one.digest


@COMMON
@given(st.binary(max_size=64), st.binary(max_size=64))
def test_the_travel_rule_block_is_bound_whatever_it_holds(one: bytes, other: bytes) -> None:
    left, right = ceremonies.request(travel_rule=one), ceremonies.request(travel_rule=other)
    assert (left.digest == right.digest) == (one == other)


def test_a_reader_that_accepts_everything_would_be_found() -> None:
    with pytest.raises(InputError):
        WithdrawalRequest.parse(cbor.encode({"version": 1}))

"""Bundles under arbitrary values and bytes: one encoding, every header byte counts, nothing but `InputError`."""

import dataclasses

import rosters
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.errors import InputError
from custody.times import LAST_SECOND
from custody.wire.bundle import KINDS, MAX_SEQUENCE, Bundle, SignedBundle

COMMON = settings(max_examples=200, deadline=None)
HOUSES = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,62}", fullmatch=True)
SPANS = st.tuples(st.integers(0, LAST_SECOND - 1), st.integers(0, LAST_SECOND)).filter(lambda span: span[0] < span[1])
PLACES = st.just((1, None)) | st.tuples(st.integers(2, MAX_SEQUENCE), st.binary(min_size=32, max_size=32))
BODIES = st.binary(min_size=1, max_size=200)


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    (sequence, previous), (begin, end) = draw(PLACES), draw(SPANS)
    return Bundle(draw(st.sampled_from(KINDS)), draw(HOUSES), sequence, begin, end, previous, draw(BODIES))


SIGNATURES = st.lists(st.binary(max_size=60), max_size=5).map(tuple)
HONEST = rosters.bundle("policy", b"version = 1\n", sequence=2, previous=bytes(range(32)))
HEADER = HONEST.content.removesuffix(HONEST.body)


def read(content: bytes) -> Bundle | None:
    """What a reader takes these bytes for; writing it gives the same bytes."""
    try:
        bundle = Bundle.parse(content)
    except InputError:
        return None
    assert bundle.content == content
    return bundle


@COMMON
@given(bundles())
def test_a_bundle_reads_back(bundle: Bundle) -> None:
    assert Bundle.parse(bundle.content) == bundle


@COMMON
@given(bundles(), bundles())
def test_two_bundles_share_a_digest_only_when_they_are_the_same(one: Bundle, other: Bundle) -> None:
    assert (one.digest == other.digest) == (one == other)
    same_body = dataclasses.replace(other, body=one.body)
    assert (one.content == same_body.content) == (one == same_body)


@COMMON
@given(bundles(), SIGNATURES)
def test_a_signed_bundle_reads_back(bundle: Bundle, signatures: tuple[bytes, ...]) -> None:
    signed = SignedBundle(bundle.content, signatures)
    assert SignedBundle.parse(signed.serialize()) == signed
    assert signed.bundle == bundle


@COMMON
@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda octets: HEADER[: len(HEADER) // 2] + octets))
def test_any_bytes_are_one_bundle_or_refused(content: bytes) -> None:
    read(content)
    try:
        assert SignedBundle.parse(content).serialize() == content
    except InputError:
        return


@COMMON
@given(st.integers(0, len(HEADER)), st.integers(0, 4), st.binary(max_size=4))
def test_a_bent_header_is_another_bundle_or_none(start: int, length: int, put: bytes) -> None:
    bent = HONEST.content[:start] + put + HONEST.content[start + length :]
    assert (read(bent) == HONEST) == (bent == HONEST.content)


def test_no_byte_of_the_header_can_be_changed_without_changing_the_bundle() -> None:
    """Each byte set to each value, left out, and doubled."""
    content, others = HONEST.content, set[Bundle]()
    for place, octet in enumerate(HEADER):
        head, tail = content[:place], content[place + 1 :]
        bent = {head + bytes([value]) + tail for value in range(256) if value != octet}
        bent |= {head + tail, head + content[place : place + 1] * 2 + tail} - {content}
        read_of_bent = [read(one) for one in bent]
        assert HONEST not in read_of_bent
        others |= {one for one in read_of_bent if one}
    assert len(others) > 1_000  # of the 64 hex digits alone there are 960

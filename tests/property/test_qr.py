"""Frames under any treatment: what was sent comes back, or nothing does, and nothing else is ever raised."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from custody.errors import CustodyError, InputError
from custody.qr import bytewords, ur
from custody.qr.chooser import choose_fragments
from custody.qr.collector import MAX_COLLECTORS, Outcome, Scan
from custody.qr.elimination import SPARE_PARTS, Decoder
from custody.qr.fountain import MAX_SEQ_NUM, Encoder, Part, parse_part
from custody.qr.profile import Profile, frames

some = settings(max_examples=60)
many = settings(max_examples=300)
types = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)
seeds = st.integers(0, 1 << 32)
fragments = st.integers(1, 60)


def message_of(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)


@given(st.binary(min_size=1, max_size=500))
def test_bytewords_come_back(body: bytes) -> None:
    assert bytewords.decode(bytewords.encode(body)) == body


@many
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", max_size=40) | st.text())
def test_any_letters_are_bytewords_or_refused(text: str) -> None:
    try:
        body = bytewords.decode(text)
    except InputError:
        return
    assert bytewords.encode(body) == text


@given(types, st.binary(min_size=1, max_size=300), st.booleans())
def test_a_message_of_one_frame_comes_back(kind: str, payload: bytes, lower: bool) -> None:
    message = ur.Message(kind, payload)
    text = ur.encode(message)
    assert ur.decode(text.lower() if lower else text) == message


@given(types, st.binary(min_size=1, max_size=300), fragments, st.integers(1, MAX_SEQ_NUM))
def test_any_part_of_any_message_comes_back(kind: str, payload: bytes, fragment: int, seq_num: int) -> None:
    part = Encoder(payload, fragment).part(seq_num)
    assert ur.decode(ur.encode_part(kind, part)) == ur.TypedPart(kind, part)


@many
@given(st.binary(max_size=80))
def test_any_bytes_are_a_part_or_refused(encoded: bytes) -> None:
    try:
        part = parse_part(encoded)
    except CustodyError:
        return
    assert part.serialize() == encoded


hostile_fields = st.one_of(
    st.integers(-10, 10),
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.binary(max_size=40),
    st.booleans(),
    st.none(),
    st.text(),
)


@many
@given(st.lists(hostile_fields, min_size=4, max_size=6))
def test_any_five_fields_are_a_part_or_refused(fields: list[object]) -> None:
    from custody.codec import cbor

    try:
        encoded = cbor.encode(fields)  # type: ignore[arg-type]
        part = parse_part(encoded)
    except CustodyError:
        return
    assert part.serialize() == encoded


ur_like = st.one_of(
    st.text(),
    st.from_regex(r"[uU][rR]:[a-zA-Z0-9-]{0,5}(/[0-9]{0,12}-[0-9]{0,8})?/[a-z]{0,30}", fullmatch=True),
    st.builds("ur:bytes/{}-{}/{}".format, st.integers(), st.integers(), st.binary(max_size=40).map(bytewords.encode)),
    st.builds("ur:{}/{}".format, st.text(max_size=5), st.binary(max_size=40).map(bytewords.encode)),
)


@many
@given(ur_like)
def test_any_text_is_a_frame_or_refused(text: str) -> None:
    try:
        frame = ur.decode(text)
    except CustodyError:
        return
    again = ur.encode(frame) if isinstance(frame, ur.Message) else ur.encode_part(frame.type, frame.part)
    assert again.lower() == text.lower()


@some
@given(st.lists(ur_like, max_size=30), seeds)
def test_any_texts_before_and_between_do_not_spoil_a_scan(texts: list[str], seed: int) -> None:
    message = ur.Message("x-custody-request", message_of(seed, 400))
    shown = frames(message, Profile(40, 5))
    order = random.Random(seed)
    mixed = shown + texts
    order.shuffle(mixed)
    scan = Scan({"x-custody-request"})
    outcomes = [scan.accept(text) for text in mixed]
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    assert scan.result() == message


@some
@given(seeds, st.integers(1, 600), st.integers(4, 60), st.integers(1, MAX_SEQ_NUM - 10_000))
def test_half_lost_repeated_and_joined_late_it_comes_back(seed: int, length: int, fragment: int, first: int) -> None:
    message, chance = message_of(seed, length), random.Random(seed)
    encoder = Encoder(message, fragment)
    decoder = Decoder(encoder.header)
    for seq_num in range(first, first + 10_000):
        if chance.random() < 0.5:
            decoder.accept(encoder.part(seq_num))
            decoder.accept(encoder.part(chance.randint(first, seq_num)))
        if decoder.message is not None:
            break
    assert decoder.message == message


def rank_by_sets(parts: list[Part]) -> int:
    """Rank by the textbook: sets of fragments, an independent one pivots on its least."""
    pivots: dict[int, set[int]] = {}
    for part in parts:
        mixed = set(choose_fragments(part.seq_num, part.header.seq_len, part.header.checksum))
        while mixed and min(mixed) in pivots:
            mixed ^= pivots[min(mixed)]
        if mixed:
            pivots[min(mixed)] = mixed
    return len(pivots)


@some
@given(seeds, st.integers(2, 30), st.lists(st.integers(1, 200), max_size=40))
def test_rank_is_what_the_textbook_counts(seed: int, count: int, seq_nums: list[int]) -> None:
    encoder = Encoder(message_of(seed, 8 * count), 8)
    parts = [encoder.part(seq_num) for seq_num in seq_nums]
    decoder = Decoder(encoder.header)
    for part in parts:
        decoder.accept(part)
    assert decoder.rank == rank_by_sets(parts)
    assert (decoder.message is not None) == (decoder.rank == encoder.header.seq_len)


@some
@given(seeds, st.integers(2, 40), st.integers(1, 8))
def test_lying_parts_delay_a_message_and_never_change_or_prevent_it(seed: int, count: int, liars: int) -> None:
    message, chance = message_of(seed, 20 * count - 1), random.Random(seed)
    encoder = Encoder(message, 20)
    parts = [encoder.part(seq_num) for seq_num in range(1, 2 * count + 1)]
    for _ in range(liars):
        true = encoder.part(chance.choice([chance.randint(1, 2 * count), chance.randint(1, MAX_SEQ_NUM)]))
        parts.insert(chance.randint(0, len(parts)), replace(true, fragment=chance.randbytes(len(true.fragment))))
    decoder = Decoder(encoder.header)
    for part in parts:
        decoder.accept(part)
        assert decoder.message in (None, message)
    for seq_num in range(2 * count + 1, 6 * count + 4 * SPARE_PARTS):
        decoder.accept(encoder.part(seq_num))
    assert decoder.message == message


@some
@given(seeds, st.lists(st.tuples(st.integers(0, 6), st.integers(1, 40)), max_size=60))
def test_a_scan_holds_four_messages_at_most_and_mixes_none(seed: int, shown: list[tuple[int, int]]) -> None:
    encoders = [Encoder(message_of(seed + number, 200 + number), 30) for number in range(7)]
    scan = Scan()
    for number, seq_num in shown:
        scan.accept(ur.encode_part("bytes", encoders[number].part(seq_num)))
        assert len(scan._collectors) <= MAX_COLLECTORS
    if scan.message:
        assert scan.message.payload in [message_of(seed + number, 200 + number) for number in range(7)]

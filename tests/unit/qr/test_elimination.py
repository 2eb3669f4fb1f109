"""The decoder: any parts, any order, and parts that lie."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from custody.qr import elimination
from custody.qr.chooser import choose_fragments
from custody.qr.elimination import SPARE_PARTS, Decoder
from custody.qr.fountain import Encoder, Part

LIE = 4_000_000


def decoded(encoder: Encoder, parts: Iterable[Part]) -> Decoder:
    decoder = Decoder(encoder.header)
    for part in parts:
        decoder.accept(part)
    return decoder


def lying(part: Part, seed: int = 1) -> Part:
    return replace(part, fragment=random.Random(seed).randbytes(len(part.fragment)))


@pytest.fixture
def encoder() -> Encoder:
    return Encoder(random.Random(7).randbytes(24 * 50 - 3), 50)


@pytest.fixture
def message() -> bytes:
    return random.Random(7).randbytes(24 * 50 - 3)


def test_the_simple_parts_alone_make_the_message(encoder: Encoder, message: bytes) -> None:
    assert decoded(encoder, map(encoder.part, range(1, 25))).message == message


def test_one_part_short_there_is_no_message(encoder: Encoder) -> None:
    decoder = decoded(encoder, map(encoder.part, range(1, 24)))
    assert decoder.message is None
    assert decoder.rank == 23


def test_mixed_parts_alone_make_the_message(encoder: Encoder, message: bytes) -> None:
    assert decoded(encoder, map(encoder.part, range(1_000, 1_040))).message == message


def test_a_message_as_long_as_its_fragments_has_no_padding(make_message: Callable[[int], bytes]) -> None:
    encoder = Encoder(make_message(100), 10)
    assert decoded(encoder, map(encoder.part, range(11, 40))).message == make_message(100)


def test_half_of_the_parts_lost_and_the_rest_shuffled(encoder: Encoder, message: bytes) -> None:
    chance = random.Random(5)
    parts = [encoder.part(seq_num) for seq_num in range(1, 100) if chance.random() < 0.5]
    chance.shuffle(parts)
    assert decoded(encoder, parts).message == message


def test_a_repeated_part_tells_nothing_and_costs_nothing(encoder: Encoder) -> None:
    decoder = Decoder(encoder.header)
    assert decoder.accept(encoder.part(30))
    assert not any(decoder.accept(encoder.part(30)) for _ in range(10_000))
    assert (decoder.rank, decoder.restarts) == (1, 0)


def test_rank_counts_what_is_independent(encoder: Encoder) -> None:
    decoder = Decoder(encoder.header)
    assert [decoder.accept(encoder.part(seq_num)) for seq_num in (1, 2, 1)] == [True, True, False]
    assert decoder.rank == 2


@pytest.mark.parametrize("at", [0, 10, 23])
@pytest.mark.parametrize("seq_num", [3, 30, LIE])
def test_one_lying_part_among_all_frames_of_a_file_does_no_harm(
    encoder: Encoder, message: bytes, at: int, seq_num: int
) -> None:
    parts = [encoder.part(number) for number in range(1, 49)]
    parts.insert(at, lying(encoder.part(seq_num)))
    assert decoded(encoder, parts).message == message


def test_a_lie_is_noticed_before_it_is_found(encoder: Encoder, message: bytes) -> None:
    decoder = decoded(encoder, [lying(encoder.part(LIE)), *map(encoder.part, range(1, 24))])
    assert (decoder.message, decoder.contradicted, decoder.rank) == (None, True, 24)
    for seq_num in range(24, 40):
        decoder.accept(encoder.part(seq_num))
    assert decoder.message == message


def test_a_lie_in_every_second_frame_does_no_harm(encoder: Encoder, message: bytes) -> None:
    parts = []
    for number in range(1, 50):
        parts += [lying(encoder.part(number + LIE), number), encoder.part(number)]
    assert decoded(encoder, parts).message == message


def test_two_lies_under_one_number_do_no_harm(encoder: Encoder, message: bytes) -> None:
    lies = [lying(encoder.part(5), 1), lying(encoder.part(5), 2)]
    assert decoded(encoder, [*lies, *map(encoder.part, range(1, 49))]).message == message


def test_a_part_with_one_changed_bit_is_a_lie_too(encoder: Encoder, message: bytes) -> None:
    part = encoder.part(2)
    changed = replace(part, fragment=bytes([part.fragment[0] ^ 1]) + part.fragment[1:])
    assert decoded(encoder, [changed, *map(encoder.part, range(1, 49))]).message == message


def test_padding_that_is_not_zero_is_a_lie(encoder: Encoder) -> None:
    honest = [encoder.part(seq_num) for seq_num in range(1, 25)]
    padded = replace(honest[-1], fragment=honest[-1].fragment[:-1] + b"\1")
    decoder = decoded(encoder, [*honest[:-1], padded])
    assert (decoder.message, decoder.contradicted) == (None, True)


def test_lies_alone_never_make_a_message_and_never_fill_the_memory(encoder: Encoder) -> None:
    capacity = 2 * encoder.header.seq_len + SPARE_PARTS
    decoder = decoded(encoder, (lying(encoder.part(number), number) for number in range(1, 3 * capacity)))
    assert decoder.message is None
    assert decoder.restarts == 2


def test_after_a_restart_honest_parts_make_the_message(encoder: Encoder, message: bytes) -> None:
    capacity = 2 * encoder.header.seq_len + SPARE_PARTS
    lies = [lying(encoder.part(number), number) for number in range(1, capacity + 1)]
    assert decoded(encoder, [*lies, *map(encoder.part, range(1, 25))]).message == message


def test_a_checksum_that_the_message_does_not_have_is_never_met(encoder: Encoder) -> None:
    header = replace(encoder.header, checksum=encoder.header.checksum ^ 1)
    decoder = Decoder(header)
    for seq_num in range(1, 25):
        decoder.accept(replace(encoder.part(seq_num), header=header))
    assert (decoder.message, decoder.contradicted) == (None, True)


@pytest.mark.parametrize("count", range(2, 8))
def test_one_lying_part_anywhere_in_a_short_file_does_no_harm(count: int) -> None:
    for seed in range(5):
        message = random.Random(seed).randbytes(20 * count)
        encoder = Encoder(message, 20)
        honest = [encoder.part(number) for number in range(1, 2 * count + 1)]
        for at in range(len(honest) + 1):
            for seq_num in (*range(1, 2 * count + 1), LIE):
                lie = lying(encoder.part(seq_num), seed)
                assert decoded(encoder, [*honest[:at], lie, *honest[at:]]).message == message


def test_solving_anew_does_not_choose_the_fragments_of_a_part_again(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes longer than all the rest, and a lie makes the message be solved anew with every part."""
    chosen: list[int] = []

    def choose(number: int, seq_len: int, checksum: int) -> list[int]:
        chosen.append(number)
        return choose_fragments(number, seq_len, checksum)

    monkeypatch.setattr(elimination, "choose_fragments", choose)
    decoder = decoded(encoder, [lying(encoder.part(number), number) for number in range(1, 60)])
    assert decoder.contradicted
    assert chosen == list(range(1, 60))

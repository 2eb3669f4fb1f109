"""The choice of fragments against BCR-2024-001: sender and receiver must never differ."""

from collections.abc import Callable
from typing import Any
from zlib import crc32

from custody.qr.chooser import AliasSampler, Xoshiro256, choose_fragments, degree_sampler, shuffle, sum_left_to_right

Vectors = Callable[[str], Any]


def test_generator_draws_the_published_numbers(vectors: Vectors) -> None:
    published = vectors("multipart_ur")
    by_name, by_checksum, ranged = (Xoshiro256(b"Wolf") for _ in range(3))
    by_checksum = Xoshiro256(crc32(b"Wolf").to_bytes(4, "big"))
    assert [by_name.next() % 100 for _ in range(100)] == published["next_mod_100_seed_Wolf"]
    assert [by_checksum.next() % 100 for _ in range(100)] == published["next_mod_100_seed_crc32_of_Wolf"]
    assert [ranged.below(10) + 1 for _ in range(100)] == published["next_1_to_10_seed_Wolf"]


def test_sampler_draws_the_published_numbers(vectors: Vectors) -> None:
    sampler, generator = AliasSampler([1, 2, 4, 8]), Xoshiro256(b"Wolf")
    drawn = [sampler.draw(generator) for _ in range(500)]
    assert drawn == vectors("multipart_ur")["sampler_weights_1_2_4_8_seed_Wolf"]


def test_degrees_are_the_published_ones(vectors: Vectors) -> None:
    generator = Xoshiro256(b"Wolf")
    degrees = [degree_sampler(11).draw(generator) + 1 for _ in range(1000)]
    assert degrees == vectors("multipart_ur")["degrees_of_11_fragments_seed_Wolf"]


def test_shuffles_are_the_published_ones(vectors: Vectors) -> None:
    shuffled = [[1 + index for index in shuffle(10, taken, Xoshiro256(b"Wolf"))] for taken in range(1, 11)]
    assert shuffled == vectors("multipart_ur")["shuffle_1_to_10_seed_Wolf"]


def test_parts_mix_the_published_fragments(vectors: Vectors, make_message: Callable[[int], bytes]) -> None:
    checksum = crc32(make_message(1024))
    chosen = [sorted(choose_fragments(seq_num, 11, checksum)) for seq_num in range(1, 51)]
    assert chosen == vectors("multipart_ur")["fragments_of_parts_1_to_50"]


def test_checksum_and_number_both_decide_the_choice() -> None:
    by_checksum = {tuple(choose_fragments(4_294_967_295, 200, checksum)) for checksum in range(50)}
    by_number = {tuple(choose_fragments(seq_num, 200, 1)) for seq_num in range(201, 251)}
    assert min(len(by_checksum), len(by_number)) > 40


def test_a_draw_that_rounds_up_to_one_stays_in_range() -> None:
    generator = Xoshiro256(b"")
    generator.next = lambda: (1 << 64) - 1  # type: ignore[method-assign]
    assert generator.fraction() == 1.0
    assert generator.below(11) == 10


def test_the_sum_of_weights_is_rounded_as_the_reference_rounds() -> None:
    numbers = [0.1] * 10
    assert sum_left_to_right(numbers) == 0.9999999999999999

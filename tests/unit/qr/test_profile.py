"""Sizes and paces, and the finite list of frames."""

import random

import pytest

from custody.errors import UsageError
from custody.qr import ur
from custody.qr.fountain import MAX_SEQ_NUM, Encoder, Header, Part
from custody.qr.profile import MAX_PARTS, Profile, default_profile, fragment_of_version, frames
from custody.qr.symbol import CAPACITIES, version_for

MESSAGE = ur.Message("x-custody-request", random.Random(4).randbytes(26_000))


def test_own_types_go_fast_and_others_as_all_can_read() -> None:
    assert default_profile("x-custody-request") == Profile(584, 12)
    assert default_profile("psbt") == default_profile("x-custom") == Profile(200, 5)


@pytest.mark.parametrize("version", range(5, 41))
@pytest.mark.parametrize("kind", ["bytes", "x-custody-request"])
def test_the_largest_part_of_a_version_fits_and_wastes_little(version: int, kind: str) -> None:
    fragment = fragment_of_version(version, kind)
    header = Header(2_000, 1_048_576, MAX_SEQ_NUM, fragment)
    text = ur.encode_part(kind, Part(65_535, header, bytes(fragment)))
    assert 0 <= CAPACITIES[version - 1] - len(text) < 6


def test_all_frames_of_the_default_are_of_version_20() -> None:
    assert {version_for(len(text)) for text in frames(MESSAGE, default_profile(MESSAGE.type))} == {20}


@pytest.mark.parametrize("version", [-1, 0, 4, 41])
def test_versions_out_of_bounds_are_refused(version: int) -> None:
    with pytest.raises(UsageError, match="QR-PROFILE"):
        fragment_of_version(version, "bytes")


@pytest.mark.parametrize(("fragment", "fps"), [(0, 5), (2_201, 5), (200, 0), (200, 31), (-1, -1)])
def test_profiles_out_of_bounds_are_refused(fragment: int, fps: int) -> None:
    with pytest.raises(UsageError, match="QR-PROFILE"):
        Profile(fragment, fps)


def test_as_many_mixed_parts_as_simple_ones_are_shown_in_order() -> None:
    encoder = Encoder(MESSAGE.payload, 584)
    count = encoder.header.seq_len
    texts = frames(MESSAGE, Profile(584, 12))
    assert texts == [ur.encode_part(MESSAGE.type, encoder.part(seq_num)) for seq_num in range(1, 2 * count + 1)]


def test_a_message_that_fits_one_fragment_is_one_whole_frame() -> None:
    message = ur.Message("bytes", bytes(200))
    assert frames(message, Profile(200, 5)) == [ur.encode(message)]
    assert len(frames(message, Profile(199, 5))) == 4


@pytest.mark.parametrize("parts", [-1, 0, 44, MAX_PARTS + 1])
def test_fewer_parts_than_fragments_are_refused(parts: int) -> None:
    assert len(frames(MESSAGE, Profile(584, 12), 45)) == 45
    with pytest.raises(UsageError) as refused:
        frames(MESSAGE, Profile(584, 12), parts)
    assert refused.value.code == "QR-PARTS"

"""A scan: one message out of whatever the camera sees."""

import random

import pytest

from custody.qr import ur
from custody.qr.collector import MAX_COLLECTORS, MAX_TYPES_SEEN, Outcome, Scan, ScanIncomplete
from custody.qr.fountain import Encoder
from custody.qr.profile import Profile, frames

PROFILE = Profile(fragment=40, fps=5)


def shown(kind: str, seed: int, length: int = 400) -> tuple[ur.Message, list[str]]:
    message = ur.Message(kind, random.Random(seed).randbytes(length))
    return message, frames(message, PROFILE)


def scanned(texts: list[str], expected: set[str] | None = None) -> Scan:
    scan = Scan(expected)
    for text in texts:
        scan.accept(text)
    return scan


def test_a_message_of_one_frame() -> None:
    message, texts = shown("bytes", 1, 30)
    assert len(texts) == 1
    assert scanned(texts).result() == message


def test_a_message_of_many_frames_and_what_each_was() -> None:
    message, texts = shown("bytes", 1)
    scan = Scan()
    outcomes = [scan.accept(text) for text in [texts[0], *texts[:10], texts[0]]]
    assert outcomes == [Outcome.NEW, Outcome.KNOWN, *[Outcome.NEW] * 8, Outcome.COMPLETE, Outcome.COMPLETE]
    assert scan.result() == message


def test_lower_case_frames_are_read_as_well() -> None:
    message, texts = shown("bytes", 1)
    assert scanned([text.lower() for text in texts]).result() == message


def test_frames_of_other_messages_between_do_not_matter() -> None:
    message, texts = shown("x-custody-request", 1)
    others = [shown("x-custody-request", seed, 4_000)[1] for seed in (2, 3, 4)]
    mixed = [text for group in zip(texts, *others, strict=False) for text in group]
    assert scanned(mixed).result() == message


def test_the_same_payload_under_another_type_is_another_message() -> None:
    message, texts = shown("x-custody-request", 1)
    other = [text.replace("REQUEST", "RESPONSE") for text in texts[5:]]
    with pytest.raises(ScanIncomplete):
        scanned(texts[:5] + other[:5]).result()
    assert scanned(texts[:5] + other[:5] + texts[5:]).result() == message


def test_a_hostile_part_with_the_right_header_does_not_spoil_the_scan() -> None:
    message, texts = shown("x-custody-request", 1)
    encoder = Encoder(message.payload, PROFILE.fragment)
    honest = encoder.part(700)
    forged = type(honest)(700, honest.header, bytes(len(honest.fragment)))
    assert scanned([ur.encode_part(message.type, forged), *texts]).result() == message


def test_frames_of_types_not_asked_for_do_not_complete_the_scan() -> None:
    stray, one = shown("bytes", 9, 30)
    message, texts = shown("x-custody-request", 1)
    scan = Scan({"x-custody-request"})
    assert scan.accept(one[0]) is Outcome.UNEXPECTED
    for text in texts:
        scan.accept(text)
    assert scan.result() == message != stray


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", Outcome.FOREIGN),
        ("https://example.org", Outcome.FOREIGN),
        ("B$2P0100ABCDEFGH", Outcome.FOREIGN),
        ("\ud800\x00\N{PILE OF POO}", Outcome.FOREIGN),
        ("ur:", Outcome.BROKEN),
        ("UR:bytes/1-2/aeae", Outcome.BROKEN),
        ("ur:bytes/\N{SNOWMAN}", Outcome.BROKEN),
        ("ur:bytes/" + "a" * 1_000_000, Outcome.BROKEN),
        ("ur:bytes/1-1000000/" + "a" * 100, Outcome.BROKEN),
    ],
)
def test_a_stray_frame_neither_stops_nor_spoils_the_scan(text: str, outcome: Outcome) -> None:
    message, texts = shown("bytes", 1)
    scan = Scan()
    assert scan.accept(text) is outcome
    for frame in texts:
        scan.accept(text)
        scan.accept(frame)
    assert scan.result() == message


def test_an_incomplete_scan_says_what_it_saw() -> None:
    _, texts = shown("x-custody-request", 1)
    scan = scanned([*texts[:7], texts[0], "https://example.org", "ur:nonsense"])
    scan.miss(Outcome.UNREADABLE)
    with pytest.raises(ScanIncomplete) as incomplete:
        scan.result()
    assert incomplete.value.code == "SCAN-INCOMPLETE"
    assert incomplete.value.exit_code == 4
    assert incomplete.value.details == {
        "rank": 7,
        "needed": 10,
        "frames": 11,
        "outcomes": {"new": 7, "known": 1, "foreign": 1, "broken": 1, "unreadable": 1},
        "types": ["x-custody-request"],
        "contradicted": False,
    }
    assert "7 of 10" in incomplete.value.message


def test_an_empty_scan_says_so() -> None:
    with pytest.raises(ScanIncomplete) as incomplete:
        Scan().result()
    assert (incomplete.value.progress.rank, incomplete.value.progress.needed) == (0, 0)


def test_a_scan_that_ended_on_a_lie_says_so() -> None:
    message, texts = shown("bytes", 1)
    part = Encoder(message.payload, PROFILE.fragment).part(3)
    forged = ur.encode_part("bytes", type(part)(3, part.header, bytes(len(part.fragment))))
    with pytest.raises(ScanIncomplete) as incomplete:
        scanned([forged, *texts[:2], *texts[3:10]]).result()
    assert incomplete.value.progress.contradicted
    assert "contradict" in incomplete.value.message


def test_a_fifth_message_takes_the_place_of_the_one_with_least_progress() -> None:
    message, texts = shown("bytes", 1)
    scan = scanned(texts[:9])
    for seed in range(2, 60):
        scan.accept(shown("bytes", seed)[1][0])
    assert len(scan._collectors) == MAX_COLLECTORS
    scan.accept(texts[9])
    assert scan.result() == message


def test_among_messages_of_equal_progress_the_longest_unheard_of_goes() -> None:
    scan = scanned([shown("bytes", seed)[1][0] for seed in range(1, 6)])
    assert scan.accept(shown("bytes", 5)[1][0]) is Outcome.KNOWN
    assert scan.accept(shown("bytes", 2)[1][0]) is Outcome.KNOWN
    assert scan.accept(shown("bytes", 1)[1][0]) is Outcome.NEW


def test_types_seen_are_bounded() -> None:
    scan = scanned([shown(f"type-{number}", 1, 30)[1][0] for number in range(20)], expected={"bytes"})
    assert len(scan.progress.types) == MAX_TYPES_SEEN

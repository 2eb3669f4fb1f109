"""The bundle: a header in one spelling over the exact bytes of a file, its message, and its page's example."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import pytest
import rosters
import wire_examples

from custody.codec import cbor
from custody.errors import InputError
from custody.wire import bundle as wire
from custody.wire.bundle import Bundle, SignedBundle

BUNDLE, SIGNED = wire_examples.BUNDLE, wire_examples.SIGNED_BUNDLE
TEXT = BUNDLE.content.decode()
FOLLOWING = replace(BUNDLE, sequence=2, previous=BUNDLE.digest)


def refused(content: bytes, code: str) -> InputError:
    with pytest.raises(InputError) as caught:
        Bundle.parse(content)
    assert caught.value.code == code
    return caught.value


def changed(old: str, new: str) -> bytes:
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new).encode()


def fields() -> dict[str, Any]:
    decoded: dict[str, Any] = cbor2.loads(SIGNED.serialize())
    return decoded


def refused_message(message: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        SignedBundle.parse(cbor2.dumps(message, canonical=True))
    assert caught.value.code == code


@pytest.mark.parametrize("kind", wire.KINDS)
def test_each_kind_reads_back(kind: wire.Kind) -> None:
    for one in (rosters.bundle(kind, b"x"), rosters.bundle(kind, b"x", sequence=2, previous=bytes(32))):
        assert Bundle.parse(one.content) == one


def test_the_page_shows_this_bundle(project: Path) -> None:
    page = (project / "docs/spec/bundle.md").read_text("utf-8")
    assert wire_examples.on_page(page, "bundle") == TEXT
    shown = wire_examples.told(SIGNED.serialize()) + f"digest  {BUNDLE.digest.hex()}\n"
    assert wire_examples.on_page(page, "signed-bundle") == shown


def test_the_content_is_the_bytes_that_the_page_describes() -> None:
    written = (
        "custody-bundle/1\ntype: roster\nhouse: example-exchange\nsequence: 7\nnot-before: 2025-12-01T00:00:00Z\n"
        f"not-after: 2026-04-01T00:00:00Z\nprevious: {'ab' * 32}\n\nversion = 1\n"
    )
    one = rosters.bundle("roster", b"version = 1\n", sequence=7, previous=b"\xab" * 32)
    assert one.content == written.encode()
    assert one.digest == hashlib.sha256(written.encode()).digest()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "policy"),
        ("house", "another-exchange"),
        ("not_before", BUNDLE.not_before + 1),
        ("not_after", BUNDLE.not_after + 1),
        ("body", BUNDLE.body + b"\n"),
    ],
)
def test_the_digest_binds_every_part(name: str, value: Any) -> None:
    assert replace(BUNDLE, **{name: value}).digest != BUNDLE.digest


def test_the_digest_binds_sequence_and_previous() -> None:
    others = (replace(FOLLOWING, sequence=3), replace(FOLLOWING, previous=bytes(32)))
    assert len({one.digest for one in (BUNDLE, FOLLOWING, *others)}) == 4


@pytest.mark.parametrize("body", [b"\n", b"\r\n", b"\x00\xff", b"custody-bundle/1\n", b"\n\ntype: policy\n"])
def test_the_body_is_whatever_bytes_follow_the_header(body: bytes) -> None:
    assert Bundle.parse(rosters.bundle("list", body).content).body == body


@pytest.mark.parametrize(
    ("line", "old", "new"),
    [
        (1, "custody-bundle/1", "custody-bundle/2"),
        (1, "custody-bundle/1", " custody-bundle/1"),
        (1, "custody-bundle/1", "\ufeffcustody-bundle/1"),
        (1, "custody-bundle/1\n", "custody-bundle/1\r\n"),
        (1, "custody-bundle/1\n", ""),
        (2, "type: list", "type:list"),
        (2, "type: list", "Type: list"),
        (2, "type: list", "type: List"),
        (2, "type: list", "type: list "),
        (2, "type: list", "type:  list"),
        (3, "type: list\n", "type: list\ntype: list\n"),
        (2, "type: list", "type: " + "l" * 17),
        (3, "house: example-exchange", "house: Example-exchange"),
        (3, "house: example-exchange", "house: -example"),
        (3, "house: example-exchange", "house: " + "h" * 64),
        (3, "house: example-exchange", "house: ex\u00e4mple"),
        (3, "house: example-exchange", "house: "),
        (4, "house: example-exchange\n", "house: example-exchange\n\n"),
        (4, "sequence: 1", "sequence: 0"),
        (4, "sequence: 1", "sequence: 01"),
        (4, "sequence: 1", "sequence: +1"),
        (4, "sequence: 1", "sequence: 1_0"),
        (4, "sequence: 1", "sequence: \u0661"),
        (4, "sequence: 1", "sequence: " + "1" * 17),
        (5, "not-before: 2025-12-01T00:00:00Z", "not-before: 2025-12-01T00:00:00z"),
        (5, "not-before: 2025-12-01T00:00:00Z", "not-before: 2025-12-01"),
        (5, "not-before: 2025-12-01T00:00:00Z", "not-before: 2025-12-01T00:00:00+00:00"),
        (5, "not-before: 2025-12-01T00:00:00Z\n", ""),
        (6, "not-after: 2026-04-01T00:00:00Z", "not-after: 2026-04-01T00:00:00.0Z"),
        (7, "previous: none", "previous: None"),
        (7, "previous: none", "previous: "),
        (7, "previous: none", "previous: " + "ab" * 31),
        (7, "previous: none", "previous: " + "AB" * 32),
        (7, "previous: none", "previous: " + "ab" * 32 + "ab"),
        (8, "previous: none\n", "previous: none\nnote: x\n"),
        (8, "previous: none\n", "previous: none\n "),
    ],
)
def test_another_spelling_of_the_header_is_refused_by_its_line(line: int, old: str, new: str) -> None:
    assert f"Line {line} " in refused(changed(old, new), "BUNDLE-SYNTAX").message


def test_lines_in_another_order_are_refused() -> None:
    rows = TEXT.splitlines(keepends=True)
    for place in range(7):
        swapped = [*rows[:place], rows[place + 1], rows[place], *rows[place + 2 :]]
        refused("".join(swapped).encode(), "BUNDLE-SYNTAX")


def test_a_header_that_ends_early_is_refused() -> None:
    for length in range(len(TEXT) - len(BUNDLE.body)):
        refused(BUNDLE.content[:length], "BUNDLE-SYNTAX")


@pytest.mark.parametrize("word", ["polic", "policies", "approvals", "request", "a"])
def test_another_type_is_refused(word: str) -> None:
    refused(changed("type: list", f"type: {word}"), "BUNDLE-TYPE")


def test_a_sequence_reaches_its_bound_and_no_further() -> None:
    last = replace(FOLLOWING, sequence=2**53 - 1)
    assert Bundle.parse(last.content) == last
    refused(replace(last, sequence=2**53).content, "BUNDLE-SYNTAX")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("not-after: 2026-04-01", "not-after: 2025-12-01"),
        ("not-after: 2026-04-01", "not-after: 2025-11-30"),
        ("not-after: 2026-04-01", "not-after: 2026-02-29"),
        ("not-after: 2026-04-01T00:00:00Z", "not-after: 2026-04-01T00:00:60Z"),
        ("not-after: 2026-04-01T00:00:00Z", "not-after: 2026-04-01TT0:00:00Z"),
        ("not-before: 2025-12-01", "not-before: 1969-12-31"),
        ("not-before: 2025-12-01", "not-before: 0000-00-00"),
    ],
)
def test_times_that_are_none_or_in_the_wrong_order_are_refused(old: str, new: str) -> None:
    refused(changed(old, new), "BUNDLE-TIMES")


def test_a_bundle_may_be_valid_for_a_second() -> None:
    one = replace(BUNDLE, not_after=BUNDLE.not_before + 1)
    assert Bundle.parse(one.content) == one


def test_a_time_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(InputError, match="TIME-RANGE"):
        _ = replace(BUNDLE, not_after=2**53).content


@pytest.mark.parametrize("wrong", [replace(BUNDLE, previous=bytes(32)), replace(BUNDLE, sequence=2)])
def test_only_the_first_bundle_follows_none_and_it_follows_none(wrong: Bundle) -> None:
    refused(wrong.content, "BUNDLE-PREVIOUS")


def test_a_bundle_without_a_file_is_refused() -> None:
    refused(replace(BUNDLE, body=b"").content, "BUNDLE-EMPTY")


def test_a_bundle_reaches_its_size_and_no_further() -> None:
    room = wire.MAX_CONTENT - len(BUNDLE.content)
    largest = replace(BUNDLE, body=BUNDLE.body + bytes(room))
    assert Bundle.parse(largest.content) == largest
    refused(largest.content + b"\x00", "BUNDLE-SIZE")


@pytest.mark.parametrize("other", [b"", b"\n", b"version = 1\n", b"# a list\n", bytes(300), b"\xff" * 300])
def test_a_file_without_a_header_is_no_bundle(other: bytes) -> None:
    refused(other, "BUNDLE-SYNTAX")


def test_a_message_reads_back_and_is_canonical_to_a_second_library() -> None:
    assert SignedBundle.parse(SIGNED.serialize()) == SIGNED
    assert SIGNED.bundle == BUNDLE
    assert cbor2.dumps(fields(), canonical=True) == SIGNED.serialize()


def test_the_largest_bundle_fits_its_message_with_the_most_and_largest_signatures() -> None:
    largest = replace(BUNDLE, body=bytes(wire.MAX_CONTENT - len(BUNDLE.content) + len(BUNDLE.body)))
    full = SignedBundle(largest.content, (bytes(wire.MAX_SIGNATURE),) * wire.MAX_SIGNATURES)
    assert len(full.serialize()) <= wire.MAX_BYTES
    assert SignedBundle.parse(full.serialize()) == full


@pytest.mark.parametrize("name", ["version", "content", "signatures"])
def test_a_message_that_lacks_a_field_is_refused(name: str) -> None:
    short = {key: value for key, value in fields().items() if key != name}
    refused_message(short, "WIRE-VERSION" if name == "version" else "WIRE-FIELDS")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 2}, "WIRE-VERSION"),
        ({"version": True}, "WIRE-VERSION"),
        ({"note": ""}, "WIRE-FIELDS"),
        ({"content": TEXT}, "WIRE-TYPE"),
        ({"content": b""}, "BUNDLE-SYNTAX"),
        ({"content": b"version = 1\n"}, "BUNDLE-SYNTAX"),
        ({"signatures": {}}, "WIRE-TYPE"),
        ({"signatures": ["text"]}, "WIRE-TYPE"),
        ({"signatures": [bytes(wire.MAX_SIGNATURE + 1)]}, "WIRE-TYPE"),
        ({"signatures": [b""] * (wire.MAX_SIGNATURES + 1)}, "WIRE-LIMIT"),
    ],
)
def test_a_message_of_another_form_is_refused(changes: dict[str, Any], code: str) -> None:
    refused_message(fields() | changes, code)


def test_a_message_beyond_its_limit_is_not_even_decoded() -> None:
    with pytest.raises(InputError, match="WIRE-LIMIT"):
        SignedBundle.parse(b"\xff" * (wire.MAX_BYTES + 1))


@pytest.mark.parametrize("value", [[], {}, 1, None, {1: 1}, {"version": 1}, "x"])
def test_another_message_is_refused(value: Any) -> None:
    with pytest.raises(InputError):
        SignedBundle.parse(cbor.encode(value))


def test_a_reader_that_takes_two_spellings_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: with a laxer line for the house, a test above would fail."""
    lax = [(name, re.compile("house: +([a-z-]+)\n") if name == "house" else line) for name, line in wire._LINES]
    monkeypatch.setattr(wire, "_LINES", lax)
    assert Bundle.parse(changed("house: ", "house:  ")) == BUNDLE

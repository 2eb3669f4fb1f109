"""The header of a message on a stick: one form, bounded, and every other one refused by name."""

import hashlib
import re
from pathlib import Path

import lists
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.errors import CustodyError, InputError
from custody.screening.entry import Source
from custody.wire.blocks import LIMITS, SECTOR, Header, Kind

KINDS: frozenset[Kind] = frozenset(LIMITS)
HONEST = Header.of("list", b"the message")


def refused(sector: bytes, expected: frozenset[Kind] = KINDS) -> str:
    with pytest.raises(InputError) as caught:
        Header.parse(sector, expected)
    return caught.value.code


def changed(at: int, octets: bytes) -> bytes:
    sector = HONEST.serialize()
    return sector[:at] + octets + sector[at + len(octets) :]


@given(st.sampled_from(sorted(KINDS)), st.data(), st.binary(min_size=32, max_size=32))
def test_a_header_reads_as_it_was_written(kind: Kind, data: st.DataObject, digest: bytes) -> None:
    header = Header(kind, data.draw(st.integers(1, LIMITS[kind])), digest)
    assert Header.parse(header.serialize(), KINDS) == header
    assert len(header.serialize()) == SECTOR
    assert (SECTOR + header.length + header.padding) % SECTOR == 0
    assert 0 <= header.padding < SECTOR


@pytest.mark.parametrize(
    ("sector", "code"),
    [
        (b"", "BLOCKS-SHORT"),
        (HONEST.serialize()[:-1], "BLOCKS-SHORT"),
        (HONEST.serialize() + b"\0", "BLOCKS-SHORT"),
        (bytes(SECTOR), "BLOCKS-MAGIC"),
        (changed(0, b"C"), "BLOCKS-MAGIC"),
        (changed(15, b"2"), "BLOCKS-VERSION"),
        (changed(16, b"List"), "BLOCKS-KIND"),
        (changed(20, b"s"), "BLOCKS-KIND"),
        (changed(31, b"\x01"), "BLOCKS-KIND"),
        (changed(16, bytes(16)), "BLOCKS-KIND"),
        (changed(32, bytes(8)), "BLOCKS-LENGTH"),
        (changed(32, (LIMITS["list"] + 1).to_bytes(8, "big")), "BLOCKS-LENGTH"),
        (changed(32, b"\xff" * 8), "BLOCKS-LENGTH"),
        (changed(72, b"\x01"), "BLOCKS-HEADER"),
        (changed(SECTOR - 1, b"\x01"), "BLOCKS-HEADER"),
    ],
)
def test_every_other_header_is_refused_by_name(sector: bytes, code: str) -> None:
    assert refused(sector) == code


def test_a_kind_that_was_not_asked_for_is_refused() -> None:
    assert refused(HONEST.serialize(), frozenset({"bundle", "log"})) == "BLOCKS-KIND"
    assert Header.parse(HONEST.serialize(), {"list"}) == HONEST


@given(st.binary(max_size=SECTOR + 10) | st.binary(min_size=56, max_size=80).map(lambda end: changed(16, end)))
@settings(max_examples=500)
def test_any_sector_is_a_header_or_refused(sector: bytes) -> None:
    try:
        header = Header.parse(sector, KINDS)
    except CustodyError:
        return
    assert header.serialize() == sector


def test_the_example_on_the_page_is_a_stick_with_the_list_of_the_other_page(project: Path) -> None:
    page = (project / "docs/spec/blocks.md").read_text("utf-8")
    message = lists.built(
        ["0x098B716B8Aaf21512996dC57EB0615e2383E2f96"],
        [Source("one.txt", lists.digest(b"0x098B716B8Aaf21512996dC57EB0615e2383E2f96\n"), "2022-04-14")],
    )
    header = Header.of("list", message)
    (shown,) = re.findall(r"<!-- example:header -->\n```\n(.*?)```", page, re.DOTALL)
    octets = b"".join(bytes.fromhex(line[10:]) for line in shown.splitlines())
    assert octets == header.serialize()[: len(octets)]
    assert not any(header.serialize()[len(octets) :])
    stick = header.serialize() + message + bytes(header.padding)
    assert f"size    {len(stick)} bytes\nSHA-256 {hashlib.sha256(stick).hexdigest()}" in page

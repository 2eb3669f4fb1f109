"""The files that a list is built of: OFAC's XML, plain lists, tables; honest ones whole, hostile ones by name."""

import io
import resource
import sys
from pathlib import Path

import lists
import pytest
from lists import NAMESPACE, sdn_xml

from custody.coordinator import ofac
from custody.coordinator.list_sources import MAX_LINE_BYTES, Feed, SourceFile, SourceKind
from custody.coordinator.ofac import MAX_DEPTH, MAX_TEXT, SYMBOLS, read_sdn
from custody.errors import InputError
from custody.screening.entry import Entry
from custody.screening.flagged import FlaggedList

P2PKH = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
RONIN_THIEF = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
ROWS = [("XBT", P2PKH), ("ETH", RONIN_THIEF)]


def feed(kind: SourceKind, octets: bytes, **options: object) -> Feed:
    return Feed([SourceFile(kind, "file", io.BytesIO(octets))], **options)  # type: ignore[arg-type]


def entries(kind: SourceKind, octets: bytes) -> list[Entry]:
    return list(feed(kind, octets).entries())


def code(kind: SourceKind, octets: bytes) -> str:
    with pytest.raises(InputError) as caught:
        entries(kind, octets)
    return caught.value.code


# --- OFAC's XML


def test_every_address_is_read_with_party_symbol_and_date() -> None:
    one = feed("ofac", sdn_xml(ROWS))
    assert list(one.entries()) == [
        Entry(P2PKH, 0, 1, "2022-04-14", "SDN 20000, XBT"),
        Entry(RONIN_THIEF, 0, 2, "2022-04-14", "SDN 20001, ETH"),
    ]
    (source,) = one.sources()
    assert (source.name, source.date, source.digest) == ("OFAC SDN", "2024-09-27", lists.digest(sdn_xml(ROWS)))


def test_the_whole_snapshot_comes_through_the_xml(shared: Path) -> None:
    rows = lists.ofac(shared)
    one = feed("ofac", sdn_xml(rows))
    odd: list[str] = []
    octets, summary = lists.built_with_summary(one.entries(), one.sources() or [lists.SOURCE], odd.append)
    assert [text.rpartition(" ")[2] for text in odd] == [lists.NO_ADDRESS]
    assert (len(rows), summary.header.entries, summary.duplicates) == (654, 641, 13)
    flagged = FlaggedList.parse(octets)
    assert all(flagged.find(address) for symbol, address in rows if symbol == "ETH")


def test_the_text_of_the_snapshot_that_is_no_address_is_named(shared: Path) -> None:
    one = feed("ofac", sdn_xml(lists.ofac(shared)))
    with pytest.raises(InputError, match=rf"LIST-ADDRESS: .*XMR\): {lists.NO_ADDRESS} is no address") as caught:
        lists.built(one.entries(), [lists.SOURCE])
    assert "--strict" in caught.value.hint


def test_all_symbols_of_the_snapshot_are_known(shared: Path) -> None:
    assert {symbol for symbol, _ in lists.ofac(shared)} <= SYMBOLS


def test_a_symbol_that_nobody_has_looked_at_is_named_and_taken_when_somebody_says_so() -> None:
    octets = sdn_xml([*ROWS, ("NEW", P2PKH)])
    with pytest.raises(InputError, match=r"SOURCE-SYMBOL: .*Digital Currency Address - NEW"):
        entries("ofac", octets)
    assert len(list(feed("ofac", octets, symbols=frozenset({"NEW"})).entries())) == 3


@pytest.mark.parametrize("text", ["Digital Currency Address \u2013 XBT", "Digital currency wallet", "DIGITAL CURRENCY"])
def test_another_wording_of_the_type_is_no_reason_to_skip_it(text: str) -> None:
    assert code("ofac", sdn_xml(ROWS, types=f'<FeatureType ID="900">{text}</FeatureType>')) == "SOURCE-SYMBOL"


def test_a_list_that_only_took_known_types_would_be_found() -> None:
    """Half of all addresses under a type that a fixed list would not have."""
    octets = sdn_xml([("XBT", P2PKH), ("SOL", "11111111111111111111111111111112")])
    assert [entry.label for entry in entries("ofac", octets)] == ["SDN 20000, XBT", "SDN 20001, SOL"]


PARTY = '<DistinctParty FixedRef="9"><Profile ID="9">{}</Profile></DistinctParty>'
FEATURE = '<Feature FeatureTypeID="344">{}</Feature>'
DETAIL = "<FeatureVersion><VersionDetail>{}</VersionDetail></FeatureVersion>"


def party(inside: str) -> bytes:
    return sdn_xml(ROWS, parties=PARTY.format(inside))


HOSTILE = {
    "a billion laughs": sdn_xml(ROWS, head='<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n'),
    "an external entity": sdn_xml(ROWS, head='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'),
    "a document type alone": sdn_xml(ROWS, head="<!DOCTYPE Sanctions>\n"),
    "an external document type": sdn_xml(ROWS, head='<!DOCTYPE x SYSTEM "x.dtd">\n'),
    "an entity that is not declared": party(FEATURE.format(DETAIL.format("&a;"))),
    "cut": sdn_xml(ROWS)[:-20],
    "cut between two parties": sdn_xml(ROWS).partition(b"</DistinctParty>")[0] + b"</DistinctParty>",
    "nothing": b"",
    "no XML": b"address\n",
    "another root": b"<sdnList/>",
    "another namespace": sdn_xml(ROWS).replace(NAMESPACE.encode(), b"urn:x"),
    "no namespace": sdn_xml(ROWS).replace(f' xmlns="{NAMESPACE}"'.encode(), b""),
    "a foreign element": party('<x:Comment xmlns:x="urn:x"/>'),
    "UTF-16": sdn_xml(ROWS).decode().encode("utf-16"),
    "UTF-16 without a mark": sdn_xml(ROWS).decode().encode("utf-16-le"),
    "UTF-16 the other way round": sdn_xml(ROWS).decode().encode("utf-16-be"),
    "no UTF-8": sdn_xml(ROWS).replace(b"NOBODY", b"\xff\xfe"),
    "too deep": party("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH),
    "a tag without end": party(f'<a b="{"x" * 3_000_000}"/>'),
    "a long text": party(FEATURE.format(DETAIL.format("1" * (MAX_TEXT + 1)))),
    "a long address": party(FEATURE.format(DETAIL.format("1" * 257))),
    "an empty address": party(FEATURE.format(DETAIL.format(" "))),
    "no address": party(FEATURE.format("<FeatureVersion/>")),
    "an element in an address": party(FEATURE.format(DETAIL.format(f"{P2PKH}<b/>"))),
    "an address in another place": party(FEATURE.format("<x>" + DETAIL.format(P2PKH) + "</x>")),
    "a feature in another place": party("<x>" + FEATURE.format(DETAIL.format(P2PKH)) + "</x>"),
    "a feature of no type": party("<Feature/>"),
    "a feature of a type that is not explained": party('<Feature FeatureTypeID="7777"/>'),
    "a type twice": sdn_xml(ROWS, types='<FeatureType ID="344">Birthdate</FeatureType>'),
    "a type without a number": sdn_xml(ROWS, types="<FeatureType>Birthdate</FeatureType>"),
    "a party without a number": sdn_xml(ROWS, parties="<DistinctParty/>"),
    "a date that is none": sdn_xml(ROWS).replace(b"<Month>4</Month>", b"<Month>14</Month>"),
    "a date without a month": sdn_xml(ROWS).replace(b"<Month>9</Month>", b""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_other_xml_is_refused(name: str) -> None:
    assert code("ofac", HOSTILE[name]) == "SOURCE-XML"


def test_a_file_without_any_address_is_not_an_empty_list() -> None:
    assert code("ofac", sdn_xml([])) == "SOURCE-EMPTY"


def test_spaces_around_an_address_and_comments_in_it_are_nothing() -> None:
    octets = party(FEATURE.format(DETAIL.format(f"\n  {P2PKH[:9]}<!-- 1 -->{P2PKH[9:]}\n")))
    assert entries("ofac", octets)[-1].address == P2PKH


def test_more_addresses_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ofac, "MAX_ADDRESSES", 1)
    assert code("ofac", sdn_xml(ROWS)) == "SOURCE-XML"
    monkeypatch.setattr(ofac, "MAX_XML_BYTES", 100)
    assert code("ofac", sdn_xml(ROWS)) == "SOURCE-XML"


class Long(io.RawIOBase):
    """An XML of so many bytes that is never in memory at once."""

    def __init__(self, size: int) -> None:
        head, self._tail = sdn_xml(ROWS).split(b"<ProfileRelationships/>")
        self._head = io.BytesIO(head + b"<ProfileRelationships>")
        self._tail = b"</ProfileRelationships>" + self._tail
        self._left = size

    def read(self, size: int = -1) -> bytes:
        if chunk := self._head.read(size):
            return chunk
        if self._left > 0:
            row = b'<ProfileRelationship ID="1" From-ProfileID="30" To-ProfileID="10"><Comment>x</Comment>'
            piece = (row + b"</ProfileRelationship>") * 600
            self._left -= len(piece)
            return piece
        piece, self._tail = self._tail, b""
        return piece


def test_memory_does_not_grow_with_the_file() -> None:
    read_sdn(Long(1_000_000))  # type: ignore[arg-type]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(read_sdn(Long(40_000_000)).addresses) == 2  # type: ignore[arg-type]
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 30_000_000


# --- plain lists and tables


def test_a_plain_source_is_read_as_a_plain_list_with_its_lines() -> None:
    one = feed("plain", f"\ufeff# desk\r\n{P2PKH} # why\r\n\n\t{RONIN_THIEF}".encode(), date="2026-11-23")
    assert [(entry.address, entry.number) for entry in one.entries()] == [(P2PKH, 2), (RONIN_THIEF, 4)]
    (source,) = one.sources()
    assert (source.name, source.date) == ("file", "2026-11-23")


def test_a_plain_source_that_says_it_is_empty_stands_among_the_sources() -> None:
    one = feed("plain", b"# none\n")
    assert list(one.entries()) == []
    assert [source.digest for source in one.sources()] == [lists.digest(b"# none\n")]


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", "LIST-EMPTY"),
        (b"\n \n", "LIST-EMPTY"),
        (b"# a\x00b\n", "LIST-SYNTAX"),
        (b"\xff\n", "LIST-SYNTAX"),
        (b"#" * (MAX_LINE_BYTES + 1), "SOURCE-SYNTAX"),
    ],
)
def test_bad_plain_sources_are_refused(octets: bytes, expected: str) -> None:
    assert code("plain", octets) == expected


def test_a_table_is_read_by_the_names_of_its_columns() -> None:
    table = f'case,Address,date,source,entry\n7,{P2PKH},2022-04-14,FBI,"PSA 2025, no. 3"\r\n8,{RONIN_THIEF},,,\n'
    one = feed("csv", table.encode(), date="2026-11-23")
    assert list(one.entries()) == [Entry(P2PKH, 0, 2, "2022-04-14", "PSA 2025, no. 3"), Entry(RONIN_THIEF, 1, 3)]
    assert [(source.name, source.date) for source in one.sources()] == [("FBI", "2026-11-23"), ("file", "2026-11-23")]
    assert {source.digest for source in one.sources()} == {lists.digest(table.encode())}


def test_a_table_without_a_header_has_its_addresses_in_front() -> None:
    rows = entries("csv", f"{P2PKH},x\n{RONIN_THIEF},y\n".encode())
    assert [(row.address, row.number) for row in rows] == [(P2PKH, 1), (RONIN_THIEF, 2)]


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", "SOURCE-EMPTY"),
        (b"address\n", "SOURCE-EMPTY"),
        (b"address,date\n1\n", "SOURCE-SYNTAX"),
        (b"address,date\n1,2,3\n", "SOURCE-SYNTAX"),
        (b"address,date\n,2022-04-14\n", "SOURCE-SYNTAX"),
        (b"address,address\n1,2\n", "SOURCE-SYNTAX"),
        (b"address\n\xff\n", "SOURCE-SYNTAX"),
        (b'address\n"1\n', "SOURCE-SYNTAX"),
        (b'address\n"1"2\n', "SOURCE-SYNTAX"),
        (b"address,date\n1,14 April\n", "LIST-DATE"),
        (b'address,entry\n1,"a\nb"\n', "LIST-SOURCE"),
        (b"address,source\n1,\xe2\x80\xaex\n", "LIST-SOURCE"),
        (b"address,source\n1," + b"x" * 101 + b"\n", "LIST-SOURCE"),
        (b"address\n" + b"1" * 5_000, "SOURCE-SYNTAX"),
    ],
)
def test_bad_tables_are_refused(octets: bytes, expected: str) -> None:
    assert code("csv", octets) == expected


def test_a_header_without_the_word_address_is_taken_for_an_address_and_refused() -> None:
    with pytest.raises(InputError, match="LIST-ADDRESS: example, 1: wallet is no address"):
        lists.built(entries("csv", f"wallet\n{P2PKH}\n".encode()))


def test_a_date_that_is_given_for_all_must_be_one() -> None:
    with pytest.raises(InputError, match="LIST-DATE"):
        list(feed("plain", P2PKH.encode(), date="today").entries())


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        ("csv", f"address;source\n{P2PKH};FBI\n".encode()),
        ("csv", f"{RONIN_THIEF}\tLazarus\n".encode()),
        ("plain", f"address,source\n{RONIN_THIEF},FBI\n".encode()),
        ("plain", f'"{P2PKH}"\n'.encode()),
        ("plain", f"ethereum:{RONIN_THIEF}\n".encode()),
    ],
)
def test_an_address_is_never_lost_in_a_text_with_something_beside_it(kind: SourceKind, octets: bytes) -> None:
    with pytest.raises(InputError, match=r"SOURCE-SYNTAX: .* holds an address and something beside it"):
        entries(kind, octets)


def test_a_text_without_an_address_in_it_and_prefixes_of_networks_are_taken() -> None:
    written = ["lazarus;wallet", f"ronin:{RONIN_THIEF[2:]}", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"]
    assert [row.address for row in entries("plain", "\n".join(written).encode())] == written

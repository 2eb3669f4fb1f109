"""A built list finds what a plain one finds, depends on its sources alone, and is refused when a byte of it differs."""

import io
import json
import mmap
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import lists
import pytest
from bip_utils.base58 import Base58Alphabets, Base58Encoder
from lists import built, built_with_summary

from custody.errors import InputError
from custody.policy.compare.flagged_list import compare_list
from custody.screening import build as building
from custody.screening.built import BuiltList
from custody.screening.entry import Entry, How, Source
from custody.screening.flagged import MAX_LIST_BYTES, MAX_OF_PROGRAM, FlaggedList
from custody.screening.layout import MAGIC, RECORD_SIZE
from custody.screening.networks import decode_any

P2PKH = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
P2WPKH = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
NESTED = "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"
SCRIPT = "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3"
TRON = "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq"
RONIN_THIEF = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
OTHER = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
SEVERAL = [P2PKH, SCRIPT, TRON, RONIN_THIEF, "=no:network:knows", NESTED]


def parts(octets: bytes) -> tuple[dict[str, object], bytes, bytes, bytes]:
    """Header, records, offsets and texts of a built list."""
    header = json.loads(octets.split(b"\n")[1])
    start = len(b"\n".join(octets.split(b"\n")[:2])) + 1
    offsets = start + RECORD_SIZE * header["records"]
    texts = offsets + 4 * header["entries"]
    return header, octets[start:offsets], octets[offsets:texts], octets[texts:]


def joined(header: dict[str, object], records: bytes, offsets: bytes, texts: bytes) -> bytes:
    line = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    return MAGIC + line + b"\n" + records + offsets + texts


def split_records(records: bytes) -> list[bytes]:
    return [records[at : at + RECORD_SIZE] for at in range(0, len(records), RECORD_SIZE)]


def test_each_entry_is_found_by_itself_and_its_relatives_with_what_its_source_says() -> None:
    sources = [Source("OFAC SDN", bytes(32), "2024-09-27"), Source("desk", bytes(32), "")]
    entries = [Entry(P2PKH, 0, 17, "2022-04-14", "SDN 27307, XBT"), Entry(RONIN_THIEF, 1, 3)]
    flagged = FlaggedList.parse(built(entries, sources))
    sibling, thief = flagged.find(NESTED), flagged.find(RONIN_THIEF.lower())
    assert sibling
    assert thief
    assert (sibling.entry, sibling.line, sibling.how) == (P2PKH, 1, How.SAME_OWNER)
    assert (sibling.source, sibling.date, sibling.label) == ("OFAC SDN, 17", "2022-04-14", "SDN 27307, XBT")
    assert (thief.line, thief.how, thief.source, thief.date) == (2, How.SAME_ADDRESS, "desk, 3", "")
    assert flagged.find(OTHER) is None
    assert (flagged.entries, flagged.counted) == (((1, P2PKH), (2, RONIN_THIEF)), "entry")


def test_a_date_of_the_source_stands_for_entries_without_one() -> None:
    match = FlaggedList.parse(built([P2PKH])).find(P2PKH)
    assert match
    assert (match.date, match.source) == ("2024-09-27", "example, 1")


def test_it_finds_exactly_what_a_plain_list_finds() -> None:
    random = Random(5)
    pool = [*SEVERAL, P2WPKH, OTHER, "LNf2JDiuunBz7GMDKFYHN4rq5meXWxiwfb", "rnXyVQzgxZe7TR1EPzTkGj2jxH4LMJYh66"]
    for _ in range(200):
        listed = random.sample(pool, random.randrange(len(pool)))
        one, other = FlaggedList.parse("\n".join(["#", *listed]).encode()), FlaggedList.parse(built(listed))
        for address in (P2PKH, P2WPKH, NESTED, SCRIPT, RONIN_THIEF, OTHER):
            mine, theirs = one.find(address), other.find(address)
            assert (mine is None) == (theirs is None)
            assert mine is None or theirs is None or (mine.entry, mine.how) == (theirs.entry, theirs.how)
        assert compare_list(one, other) == ()


def test_the_same_entries_give_the_same_bytes_and_another_order_other_ones() -> None:
    assert built(SEVERAL) == built(SEVERAL) != built(SEVERAL[::-1])


def test_many_runs_on_scratch_files_give_the_same_bytes_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [f"0x{number:040x}" for number in range(1, 300)] * 2
    whole, summary = built_with_summary(addresses)
    monkeypatch.setattr(building, "_RUN", 7)
    assert built(addresses) == whole
    assert (summary.header.entries, summary.duplicates) == (299, 299)
    assert FlaggedList.parse(whole).verify().total() == 299


def test_an_address_that_comes_twice_stays_once_in_whatever_spelling() -> None:
    octets, summary = built_with_summary([P2WPKH, RONIN_THIEF, RONIN_THIEF.lower(), P2WPKH.upper(), P2PKH])
    assert summary.duplicates == 2
    assert FlaggedList.parse(octets).entries == ((1, P2WPKH), (2, RONIN_THIEF), (3, P2PKH))
    assert summary.kinds == {("Bitcoin", "key hash"): 2, ("EVM", "EVM address"): 1}
    assert [source.count for source in summary.header.sources] == [3]


def test_an_entry_that_is_no_address_ends_the_build_by_its_name_and_place() -> None:
    with pytest.raises(InputError, match=f"LIST-ADDRESS: example, 2: {lists.NO_ADDRESS} is no address"):
        built([P2PKH, lists.NO_ADDRESS])


def test_a_list_of_nothing_flags_nothing() -> None:
    flagged = FlaggedList.parse(built([]))
    assert flagged.find(P2PKH) is None
    assert (flagged.entries, flagged.verify().total()) == ((), 0)


def test_a_shared_beginning_of_long_programs_is_no_match() -> None:
    """Records hold 20 octets of a program; the rest is compared through the entry."""
    listed = decode_any("11111111111111111111111111111112").program.payload
    near = "11111111111111111111111111111113"
    flagged = FlaggedList.parse(built(["11111111111111111111111111111112"]))
    assert decode_any(near).program.payload[:20] == listed[:20]
    assert flagged.find(near, lambda text: decode_any(text).program) is None
    assert flagged.find("11111111111111111111111111111112", lambda text: decode_any(text).program)


def test_both_are_found_where_two_long_programs_begin_alike() -> None:
    keys = [f"1111111111111111111111111111111{sign}" for sign in "2345"]
    flagged = FlaggedList.parse(built(keys))
    flagged.verify()
    for number, key in enumerate(keys, 1):
        match = flagged.find(key, lambda text: decode_any(text).program)
        assert match
        assert (match.line, match.how) == (number, How.SAME_ADDRESS)


def test_a_program_with_very_many_spellings_is_still_found() -> None:
    account = decode_any(P2PKH).program.payload
    tagged = [
        Base58Encoder.CheckEncode(b"\x05\x44" + account + b"\x01" + tag.to_bytes(8, "little"), Base58Alphabets.RIPPLE)
        for tag in range(MAX_OF_PROGRAM + 50)
    ]
    match = FlaggedList.parse(built([*tagged, P2PKH])).find(P2PKH)
    assert match
    assert (match.line, match.how) == (1, How.SAME_OWNER)


def test_a_mapped_file_is_looked_up_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(built(SEVERAL))
    with (tmp_path / "list").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
        flagged = FlaggedList.open(octets)
        assert flagged.find(P2WPKH)
        assert flagged.find(OTHER) is None
        assert flagged.verify().total() == len(SEVERAL)


class Counted(bytes):
    """Counts how often it is read from."""

    reads = 0

    def __getitem__(self, place: slice) -> bytes:  # type: ignore[override]
        Counted.reads += 1
        return super().__getitem__(place)


@pytest.mark.parametrize("asked", [f"0x{4_000:040x}", "0x" + "f" * 40])
def test_where_all_begin_alike_a_search_takes_as_many_steps_as_their_number_has_bits(asked: str) -> None:
    """As an attacker would choose them; and a few reads more."""
    flagged = FlaggedList.open(Counted(built(f"0x{number:040x}" for number in range(4_000))))
    Counted.reads = 0
    assert flagged.find(asked) is None
    assert Counted.reads <= 12 + 4


def test_where_they_are_spread_a_search_reads_three_times() -> None:
    random = Random(4)
    flagged = FlaggedList.open(Counted(built(f"0x{random.randbytes(20).hex()}" for _ in range(4_000))))
    Counted.reads = 0
    assert flagged.find(f"0x{random.randbytes(20).hex()}") is None
    assert Counted.reads == 3


def test_what_is_larger_than_a_device_takes_is_refused_there() -> None:
    large = built(f"0x{number:040x}" for number in range(15_000))
    assert len(large) > MAX_LIST_BYTES
    with pytest.raises(InputError, match="LIST-SIZE"):
        FlaggedList.parse(large)
    assert FlaggedList.open(large).find(f"0x{14_999:040x}")


# --- lists that lie


def refused(octets: bytes) -> str:
    with pytest.raises(InputError) as caught:
        FlaggedList.parse(octets).verify()
    return caught.value.code


def test_every_single_changed_byte_is_refused_when_the_list_is_verified() -> None:
    honest = built([P2PKH, SCRIPT, RONIN_THIEF])
    FlaggedList.parse(honest).verify()
    for place in range(len(MAGIC), len(honest)):
        for bit in (0x01, 0x20, 0x80):
            bent = honest[:place] + bytes([honest[place] ^ bit]) + honest[place + 1 :]
            try:
                FlaggedList.parse(bent).verify()
            except InputError as error:
                assert error.code == "LIST-FORM", place
            else:
                # Only what the list cannot know: what its sources were called and hashed to, its numbers and labels.
                assert changed_only_in_words(honest, bent), place


def changed_only_in_words(honest: bytes, bent: bytes) -> bool:
    one, other = BuiltList.open(honest), BuiltList.open(bent)
    same = [entry.address for entry in one.entries()] == [entry.address for entry in other.entries()]
    return same and parts(honest)[1] == parts(bent)[1]


@pytest.mark.parametrize("length", [0, 1, 5, 13, 14, 15, 16, 40, 200, -1, -2, -50, -200])
def test_a_truncated_list_is_refused(length: int) -> None:
    with pytest.raises(InputError, match="LIST-"):
        FlaggedList.parse(built(SEVERAL)[:length])


def test_other_versions_are_told_apart_from_damage() -> None:
    assert refused(b"custody-list/2\n" + built(SEVERAL)[len(MAGIC) :]) == "LIST-VERSION"
    assert refused(b"custody-list/") == "LIST-VERSION"


def hostile() -> Iterator[tuple[str, bytes]]:
    header, records, offsets, texts = parts(built(SEVERAL))
    rows = split_records(records)

    def with_(**changes: object) -> bytes:
        return joined({**header, **changes}, records, offsets, texts)

    yield "out of order", joined(header, b"".join([rows[1], rows[0], *rows[2:]]), offsets, texts)
    yield "a record twice", joined(header, b"".join([rows[0], *rows[:-1]]), offsets, texts)
    yield "another kind", joined(header, bytes([rows[0][0] ^ 3]) + records[1:], offsets, texts)
    yield "no kind", joined(header, b"\x00" + records[1:], offsets, texts)
    outside = rows[0][:21] + struct.pack(">I", 999)
    yield "a record that points outside", joined(header, outside + records[25:], offsets, texts)
    elsewhere = rows[0][:21] + struct.pack(">I", 3)
    yield "a record of another entry", joined(header, elsewhere + records[25:], offsets, texts)
    fewer = {**header, "records": len(rows) - 1}
    thief = bytes.fromhex(RONIN_THIEF[2:])
    yield "a record is missing", joined(fewer, b"".join(one for one in rows if one[1:21] != thief), offsets, texts)
    more = {**header, "records": len(rows) + 1}
    yield "a record too many", joined(more, records + b"\xff" * 25, offsets, texts)
    yield "an offset outside", joined(header, records, b"\xff" * 4 + offsets[4:], texts)
    yield "offsets exchanged", joined(header, records, offsets[4:8] + offsets[:4] + offsets[8:], texts)
    yield "an entry without end", joined(header, records, offsets, texts[:-1] + b"x")
    yield "something behind", built(SEVERAL) + b"\x00"
    yield "more text than told", joined({**header, "texts": len(texts) + 1}, records, offsets, texts + b"\n")
    yield "counts that lie", with_(entries=5)
    yield "counts below zero", with_(entries=-1)
    yield "counts that are none", with_(records="9")
    yield "counts beyond all files", with_(records=2**52, entries=2**52, texts=2**52)
    yield "a source's count lies", with_(sources=[{**header["sources"][0], "count": 5}])  # type: ignore[index]
    yield "no sources", with_(sources=[])
    yield "a source of no form", with_(sources=["x"])
    yield "a source's hash is short", with_(sources=[{**header["sources"][0], "sha256": "00"}])  # type: ignore[index]
    yield "a source's hash is none", with_(sources=[{**header["sources"][0], "sha256": "zz"}])  # type: ignore[index]
    yield "a source's date is none", with_(sources=[{**header["sources"][0], "date": "2024-02-30"}])  # type: ignore[index]
    yield "a source's name hides", with_(sources=[{**header["sources"][0], "name": "a\u202eb"}])  # type: ignore[index]
    yield "a key more", with_(made="today")
    yield (
        "spaces in the header",
        MAGIC + json.dumps(header, sort_keys=True).encode() + b"\n" + records + offsets + texts,
    )
    yield "no header's end", MAGIC + b"{" * 300_000


HOSTILE = dict(hostile())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_list_that_lies_is_refused_when_it_is_verified(name: str) -> None:
    assert refused(HOSTILE[name]) == "LIST-FORM"


@pytest.mark.parametrize("name", ["spaces in the header", "a key more", "something behind", "counts that lie"])
def test_a_header_that_is_not_its_list_s_is_refused_when_it_is_opened(name: str) -> None:
    with pytest.raises(InputError, match="LIST-FORM"):
        FlaggedList.open(HOSTILE[name])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_list_that_lies_and_was_never_verified_ends_a_search_by_name_or_answers(name: str) -> None:
    for address in (P2WPKH, NESTED, SCRIPT, RONIN_THIEF, OTHER):
        try:
            FlaggedList.parse(HOSTILE[name]).find(address)
        except InputError as error:
            assert error.code == "LIST-FORM"


def test_a_record_that_its_entry_does_not_bear_out_is_neither_a_match_nor_a_miss() -> None:
    header, records, offsets, texts = parts(built([P2PKH, RONIN_THIEF]))
    evm = split_records(records)[-1]
    swapped = joined(header, records[:-25] + evm[:21] + struct.pack(">I", 0), offsets, texts)
    with pytest.raises(InputError, match="LIST-FORM"):
        FlaggedList.parse(swapped).find(RONIN_THIEF)


@pytest.mark.parametrize(
    "bend",
    [
        lambda line: line.replace(b"\t1\t", b"\t01\t", 1),
        lambda line: line.replace(b"\t0\t", b"\t+0\t", 1),
        lambda line: line.replace(b"\t0\t", b"\t7\t", 1),
        lambda line: line.replace(b"\t1\t", b"\t0\t", 1),
        lambda line: line.replace(b"\n", b"\r\n", 1),
        lambda line: line.replace(b"\n", b"\t\n", 1),
        lambda line: line.replace(b"1Bg", b"=1Bg", 1),
        lambda line: line.replace(b"1Bg", b"1Bh", 1),
        lambda line: line.replace(b"\t\t\n", b"\t2024-13-01\t\n", 1),
        lambda line: line.replace(b"\t\t\n", b"\t\t\x1b[2J\n", 1),
        lambda line: line.replace(b"\t\t\n", b"\t\t\xff\n", 1),
    ],
)
def test_an_entry_has_one_spelling(bend: Callable[[bytes], bytes]) -> None:
    header, records, offsets, texts = parts(built([P2PKH]))
    bent = bend(texts)
    assert bent != texts
    assert refused(joined({**header, "texts": len(bent)}, records, offsets, bent)) == "LIST-FORM"


def test_a_list_in_which_an_address_stands_twice_is_refused() -> None:
    header, records, offsets, texts = parts(built([RONIN_THIEF]))
    twice = {**header, "entries": 2, "records": 2, "texts": 2 * len(texts)}
    twice["sources"] = [{**header["sources"][0], "count": 2}]  # type: ignore[index]
    second = records[:21] + struct.pack(">I", 1)
    assert refused(joined(twice, records + second, offsets + struct.pack(">I", len(texts)), texts * 2)) == "LIST-FORM"


def test_a_verifier_that_looked_at_the_order_alone_would_be_found() -> None:
    """A list that lacks a record is in order, and clears what it names."""
    octets = HOSTILE["a record is missing"]
    rows = split_records(parts(octets)[1])
    assert rows == sorted(rows)
    assert FlaggedList.parse(octets).find(RONIN_THIEF) is None


def test_the_example_on_the_page_is_the_list_of_its_source(project: Path) -> None:
    page = (project / "docs/spec/flagged-list.md").read_text("utf-8")
    (header,) = re.findall(r"<!-- example:header -->\n```json\n(.*)\n```", page)
    (rest,) = re.findall(r"<!-- example:rest -->\n```text\n(.*?)```", page, re.DOTALL)
    record, offset, text = (line.partition("    ")[0] for line in rest.splitlines())
    text = text.replace(" ", "\t") + "\t\t\n"
    octets = MAGIC + header.encode() + b"\n" + bytes.fromhex(record + offset) + text.encode()
    assert octets == built([RONIN_THIEF], [Source("one.txt", lists.digest(f"{RONIN_THIEF}\n".encode()), "2022-04-14")])


def test_bounds_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="LIST-SOURCE"):
        built([P2PKH], [])
    with pytest.raises(InputError, match="LIST-SOURCE"):
        built([P2PKH], [lists.SOURCE] * 1_001)
    monkeypatch.setattr(building, "MAX_ENTRIES", 1)
    with pytest.raises(InputError, match="LIST-ENTRIES"):
        built([P2PKH, SCRIPT])
    monkeypatch.setattr(building, "MAX_TEXTS", 10)
    with pytest.raises(InputError, match="LIST-ENTRIES"):
        built([P2PKH])
    for bad in ({"label": "a" * 201}, {"label": "a\tb"}, {"date": "yesterday"}, {"number": 0}):
        with pytest.raises(InputError, match="LIST-"):
            Entry(P2PKH, **bad)  # type: ignore[arg-type]


def test_scratch_files_are_closed() -> None:
    opened: list[io.BytesIO] = []

    def spool() -> io.BytesIO:
        opened.append(io.BytesIO())
        return opened[-1]

    building.build([Entry(P2PKH)], lambda: [lists.SOURCE], io.BytesIO(), spool)
    assert opened
    assert all(one.closed for one in opened)

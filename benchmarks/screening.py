"""A built list beside SQLite: python benchmarks/screening.py [--entries 10000000] [--folder DIR]

Both hold the records of the same entries. Processor time; one run, on scratch files in DIR of about 300 bytes an entry.
"""

import argparse
import hashlib
import mmap
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import wallycore as wally

from custody.coordinator.list_sources import Feed, SourceFile
from custody.edge.outputs import scratch
from custody.edge.sealed_memory import sealed_copy
from custody.policy.compare.flagged_list import compare_list
from custody.screening.address import candidates
from custody.screening.build import build
from custody.screening.built import BuiltList
from custody.screening.flagged import FlaggedList
from custody.screening.large import unwatched
from custody.screening.layout import KEY_SIZE, RECORD_SIZE, record_key
from custody.screening.networks import decode_any

ASKED = 100_000


def address(number: int, seed: bytes = b"listed") -> str:
    """An address of one of three kinds in turn, always the same for a number."""
    payload = hashlib.sha256(seed + number.to_bytes(8, "big")).digest()[:20]
    if number % 3 == 0:
        return f"0x{payload.hex()}"
    if number % 3 == 1:
        return str(wally.base58check_from_bytes(b"\x00" + payload))
    return str(wally.addr_segwit_from_bytes(b"\x00\x14" + payload, "bc", 0))


def timed(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    start = time.process_time()
    work()
    return time.process_time() - start


def write_source(path: Path, entries: int) -> None:
    """A plain list."""
    with path.open("w") as file:
        file.writelines(f"{address(number)}\n" for number in range(entries))


def build_list(source: Path, out: Path) -> None:
    """As `custody compliance list build --plain`."""
    with source.open("rb") as octets, out.open("wb") as file:
        feed = Feed([SourceFile("plain", "benchmark", octets)])
        build(feed.entries(), feed.sources, file, scratch(out.parent))


def peer(path: Path, built: BuiltList) -> sqlite3.Connection:
    """The same records in SQLite, as a table that is its own index."""
    base = sqlite3.connect(path)
    base.execute("PRAGMA journal_mode=OFF")
    base.execute("CREATE TABLE flagged (program BLOB PRIMARY KEY, entry INTEGER) WITHOUT ROWID")
    base.executemany("INSERT OR IGNORE INTO flagged VALUES (?, ?)", records(built))
    base.commit()
    return base


def records(built: BuiltList) -> Iterator[tuple[bytes, int]]:
    """Key and entry of each record, sorted."""
    for place in range(built.header.records):
        at = built.start + place * RECORD_SIZE
        record = built.octets[at : at + RECORD_SIZE]
        yield record[:KEY_SIZE], int.from_bytes(record[KEY_SIZE:], "big")


def per_lookup(asked: list[str], found: Callable[[str], bool], expected: bool) -> float:
    """Microseconds for each, after every answer was seen to be right."""
    if any(found(one) is not expected for one in asked):
        raise SystemExit("an answer is wrong")
    return timed(lambda: [found(one) for one in asked]) / len(asked) * 1e6


def compare_lookups(flagged: FlaggedList, base: sqlite3.Connection, entries: int) -> None:
    """Prints microseconds for each lookup, of listed addresses and of others."""
    step = max(entries // ASKED, 1)
    asked = {
        "listed": [address(number) for number in range(0, entries, step)],
        "others": [address(number, b"others") for number in range(ASKED)],
    }

    def ours(text: str) -> bool:
        return flagged.find(text, lambda one: decode_any(one).program) is not None

    def theirs(text: str) -> bool:
        keys = [record_key(one) for one in candidates(decode_any(text).program)]
        return any(base.execute("SELECT entry FROM flagged WHERE program = ?", (key,)).fetchone() for key in keys)

    for name, texts in asked.items():
        decoding = timed(lambda texts=texts: [candidates(decode_any(one).program) for one in texts]) / len(texts) * 1e6
        mine, other = (per_lookup(texts, found, name == "listed") for found in (ours, theirs))
        search, peers = mine - decoding, other - decoding
        print(f"{name:<8} decoding the address      {decoding:8.2f} us")
        print(
            f"{name:<8} search                    {search:8.2f} us, SQLite {peers:.2f} us, ratio {search / peers:.2f}"
        )
        print(f"{name:<8} whole lookup              {mine:8.2f} us, SQLite {other:.2f} us, ratio {mine / other:.2f}")


def as_a_device_takes_it(path: Path, built: BuiltList) -> None:
    """Prints seconds for what an installation does, once on each side of the pipe, and the memory that it took."""
    with path.open("rb") as file:
        copy = []
        seconds = timed(lambda: copy.append(sealed_copy(file, path.stat().st_size, unwatched)))
    print(f"copy     to sealed memory, hashed  {seconds:8.1f} s")
    flagged = FlaggedList.open(copy[0].octets)
    print(f"compare  with the same list        {timed(lambda: compare_list(FlaggedList(built), flagged)):8.1f} s")
    print(f"verify                             {timed(flagged.verify):8.1f} s")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"verify   memory at most            {most / 1024:8.0f} MiB, both lists mapped")
    copy[0].close()


def main() -> None:
    """Builds, verifies on request, and asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--verify", action="store_true", help="also copy, compare and verify it as a device does")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        source, out = Path(name) / "plain.txt", Path(name) / "built.list"
        write_source(source, given.entries)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds = timed(lambda: build_list(source, out))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"build    {given.entries:,} entries         {seconds:8.1f} s, {seconds / given.entries * 1e6:.1f} us each"
        )
        print(f"build    memory at most            {after / 1024:8.0f} MiB, {before / 1024:.0f} MiB before it")
        with out.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
            opened = timed(lambda: FlaggedList.open(octets)) * 1e6
            built = BuiltList.open(octets)
            print(f"open     {len(octets):,} bytes      {opened:8.0f} us, {built.header.records:,} records")
            if given.verify:
                as_a_device_takes_it(out, built)
            start = time.process_time()
            base = peer(Path(name) / "peer.sqlite", built)
            print(f"SQLite   the same records, sorted  {time.process_time() - start:8.1f} s")
            compare_lookups(FlaggedList(built), base, given.entries)
            base.close()


if __name__ == "__main__":
    main()

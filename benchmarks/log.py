"""The log beside pymerkle: python benchmarks/log.py [--entries 100000]

Processor time, except for appends with syncs, which are measured by the clock beside the same bare writes and syncs.
"""

import argparse
import hashlib
import hmac
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pymerkle
from nacl import bindings

from custody.audit.checkpoint import LogKey
from custody.audit.log import Log
from custody.audit.merkle import Tree, verify_inclusion
from custody.audit.verify import verify
from custody.codec.canonical_json import Json
from custody.edge.disk import LogFiles

KEY = LogKey("rehearsal.example.com/benchmark", bytes(32))
NOW = 1_767_225_600
SYNCED = 200


class Sealer:
    """XChaCha20-Poly1305 and HMAC-SHA-256, as in a home."""

    def seal(self, index: int, private: bytes) -> bytes:
        place = index.to_bytes(8, "big")
        nonce = hmac.digest(bytes(32), place + private, "sha256")[:24]
        return nonce + bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(private, place, nonce, bytes(32))

    def open(self, index: int, sealed: bytes) -> bytes:
        place = index.to_bytes(8, "big")
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[24:], place, sealed[:24], bytes(32))

    def salt(self, head: bytes) -> bytes:
        return hmac.digest(bytes(32), head, "sha256")


class Unsynced:
    """A store that leaves the disk to the system, so that only the log's own work is measured."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, _log_key: str, checkpoint: bytes) -> None:
        self.file = self.path.open("wb", buffering=1 << 20)
        self.note = checkpoint

    def entries(self) -> BinaryIO:
        self.file.flush()
        return self.path.open("rb")

    def checkpoint(self) -> bytes:
        return self.note

    def read(self, offset: int, length: int) -> bytes:
        with self.entries() as source:
            source.seek(offset)
            return source.read(length)

    def write(self, line: bytes, _offset: int) -> None:
        self.file.write(line)

    def replace_checkpoint(self, checkpoint: bytes) -> None:
        self.note = checkpoint


def private(index: int) -> dict[str, Json]:
    """As long as that of a small withdrawal's answer."""
    signature = hashlib.sha256(index.to_bytes(8, "big")).hexdigest() * 2
    return {"authorised": index, "seen": index, "signatures": [[0, signature[:66], signature]]}


def append(log: Log) -> None:
    """One `answered` entry."""
    digest = hashlib.sha256(log.size.to_bytes(8, "big")).digest()
    log.append("answered", request=digest, outcome="signed", answer=digest, private=private(log.size), time=NOW)


def timed(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of processor time, which a busy machine changes little; or by another clock."""
    begin = clock()
    work()
    return clock() - begin


def peak() -> int:
    """Mebibytes that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def show(what: str, seconds: float, count: int) -> None:
    print(f"{what:<58}{seconds:>9.2f} s {1e6 * seconds / count:>10.1f} us each", flush=True)


def in_a_child(work: Callable[[], object]) -> None:
    """So that each part's memory is its own."""
    if child := os.fork():
        if os.waitpid(child, 0)[1]:
            sys.exit("a part failed")
        return
    work()
    print(f"{'':<58}{peak():>9} MiB at most", flush=True)
    os._exit(0)


def synced(folder: Path) -> None:
    """Appends to a disk, beside the two bare writes and syncs that they cannot do without."""
    log = Log.create(LogFiles(folder / "log"), KEY, Sealer())
    show("append, with syncs", timed(lambda: [append(log) for _ in range(SYNCED)], time.perf_counter), SYNCED)
    line = bytes(1_000)

    def bare() -> None:
        for _ in range(SYNCED):
            for path, flags in ((folder / "a", os.O_APPEND), (folder / "b", os.O_TRUNC)):
                file = os.open(path, os.O_WRONLY | os.O_CREAT | flags)
                os.write(file, line)
                os.fsync(file)
                os.close(file)
            (folder / "b").rename(folder / "c")
            place = os.open(folder, os.O_RDONLY)
            os.fsync(place)
            os.close(place)

    show("  the same writes, syncs and rename, bare", timed(bare, time.perf_counter), SYNCED)


def unsynced(store: Unsynced, count: int) -> None:
    log = Log.create(store, KEY, Sealer())
    half = count // 2
    show(f"append, no sync, first {half:,}", timed(lambda: [append(log) for _ in range(half)]), half)
    last = min(half, 10_000)
    for _ in range(half - last):
        append(log)
    show(f"append, no sync, last {last:,}", timed(lambda: [append(log) for _ in range(last)]), last)
    store.file.flush()
    store.path.with_suffix(".note").write_bytes(store.note)


def verified(store: Unsynced, count: int) -> None:
    note = store.path.with_suffix(".note").read_bytes()
    with store.path.open("rb") as source:
        show("audit verify", timed(lambda: verify(source, note, KEY.verifier)), count)


def reopened(store: Unsynced, count: int) -> None:
    store.file = store.path.open("ab")
    store.note = store.path.with_suffix(".note").read_bytes()
    logs: list[Log] = []
    show("Log.open", timed(lambda: logs.append(Log.open(store, KEY, Sealer(), NOW))), count)
    log, places = logs[0], range(0, count, max(1, count // 1_000))
    show("inclusion proof", timed(lambda: [log.inclusion(place) for place in places]), len(places))
    show("consistency proof", timed(lambda: [log.consistency(place + 1) for place in places]), len(places))
    entry, root = log.entries[count // 3], log.root_at(count)
    proof = log.inclusion(entry.index)
    check = timed(lambda: [verify_inclusion(entry.leaf, entry.index, count, proof, root) for _ in range(1_000)])
    show("verify an inclusion proof", check, 1_000)


def peers(count: int) -> None:
    """Trees alone, over the same leaves of 500 bytes."""
    leaves = [index.to_bytes(8, "big") * 63 for index in range(count)]
    tree, peer = Tree(), pymerkle.InmemoryTree(algorithm="sha256")

    def ours() -> None:
        for leaf in leaves:
            tree.append(hashlib.sha256(b"\x00" + leaf).digest())
        tree.root()

    def theirs() -> None:
        for leaf in leaves:
            peer.append_entry(leaf)
        peer.get_root()

    show("tree alone: hash, append, root", timed(ours), count)
    show("  pymerkle: append, root", timed(theirs), count)
    places = range(1, count, max(1, count // 300))
    show("tree alone: inclusion", timed(lambda: [tree.inclusion(place) for place in places]), len(places))
    show("  pymerkle: inclusion", timed(lambda: [peer.prove_inclusion(place + 1) for place in places]), len(places))


def main() -> None:
    """Runs every part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=20_000)
    count = parser.parse_args().entries
    with tempfile.TemporaryDirectory(prefix="custody-benchmark-") as place:
        store = Unsynced(Path(place) / "entries")
        print(f"{count:,} entries")
        in_a_child(lambda: synced(Path(place)))
        in_a_child(lambda: unsynced(store, count))
        print(f"{'file':<58}{store.path.stat().st_size / count:>9.0f} bytes an entry")
        in_a_child(lambda: verified(store, count))
        in_a_child(lambda: reopened(store, count))
        in_a_child(lambda: peers(count))


if __name__ == "__main__":
    main()

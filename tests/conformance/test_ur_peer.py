"""Frames exchanged with @ngraveio/bc-ur, the library that most wallets in browsers use."""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from custody.qr import ur
from custody.qr.collector import Outcome, Scan
from custody.qr.fountain import Encoder

Peer = Callable[..., Any]
SIZES = [(100, 200), (2_000, 200), (10_000, 200), (26_000, 584), (5_000, 30)]


@pytest.fixture(scope="session")
def peer(node_peer: Callable[[str], AbstractContextManager[Peer]]) -> Iterator[Peer]:
    """Asks the library."""
    with node_peer("ur_peer.cjs") as ask:
        yield ask


def message_of(size: int) -> ur.Message:
    return ur.wrap("psbt", random.Random(size).randbytes(size))


def ours(message: ur.Message, fragment: int, count: int) -> list[str]:
    encoder = Encoder(message.payload, fragment)
    if encoder.header.seq_len == 1:
        return [ur.encode(message)]
    return [ur.encode_part(message.type, encoder.part(seq_num)) for seq_num in range(1, count + 1)]


def half(frames: list[str], seed: int) -> list[str]:
    """Half of the frames lost, the rest out of order; a single frame is kept."""
    chance = random.Random(seed)
    kept = [frame for frame in frames if chance.random() < 0.5] or frames
    return chance.sample(kept, len(kept))


@pytest.mark.parametrize(("size", "fragment"), SIZES)
def test_our_frames_and_the_peers_are_the_same_texts(peer: Peer, size: int, fragment: int) -> None:
    message = message_of(size)
    mine = ours(message, fragment, 3 * (size // fragment + 1))
    order = {"type": message.type, "payload": message.payload.hex(), "fragment": fragment, "count": len(mine)}
    theirs = peer("encode", **order)["frames"]
    assert mine == [frame.upper() for frame in theirs]


@pytest.mark.parametrize(("size", "fragment"), SIZES)
def test_the_peer_reads_half_of_our_frames(peer: Peer, size: int, fragment: int) -> None:
    message = message_of(size)
    frames = half(ours(message, fragment, 12 * (size // fragment + 1)), 1)
    read = peer("decode", frames=frames)
    assert (read["type"], read["payload"]) == (message.type, message.payload.hex())


@pytest.mark.parametrize(("size", "fragment"), SIZES)
def test_we_read_half_of_the_peers_frames(peer: Peer, size: int, fragment: int) -> None:
    message = message_of(size)
    count = 1 if size <= fragment else 4 * (size // fragment + 1)
    order = {"type": message.type, "payload": message.payload.hex(), "fragment": fragment, "count": count}
    scan = Scan({"psbt"})
    for frame in half(peer("encode", **order)["frames"], 2):
        scan.accept(frame)
    assert scan.result() == message


def test_both_refuse_a_frame_with_a_changed_letter(peer: Peer) -> None:
    """Neither side says yes to everything."""
    (frame,) = ours(message_of(100), 200, 1)
    changed = frame[:-2] + ("AE" if frame[-2:] != "AE" else "AD")
    assert Scan().accept(changed) is Outcome.BROKEN
    assert peer("decode", frames=[changed]) == {"taken": 1, "refused": 1}
    assert "payload" in peer("decode", frames=[frame])


def test_a_stray_frame_that_stops_the_peer_does_not_stop_us(peer: Peer) -> None:
    """Why the scan collects messages beside each other: one foreign part first, and the peer never ends."""
    stray, message = message_of(3_001), message_of(3_000)
    frames = [ours(stray, 200, 1)[0], *ours(message, 200, 60)]
    assert "payload" not in peer("decode", frames=frames)
    scan = Scan()
    for frame in frames:
        scan.accept(frame)
    assert scan.result() == message

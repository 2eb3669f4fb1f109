"""Ways to bend a scan: frames dropped, twice, reordered, mixed with other messages', lying headers, bent pictures."""

import functools
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import cbor2
from fuzz.evidence_targets import FRAGMENT
from hostile import world
from hostile.mutations import bend_bytes
from hostile.oracles import expect
from hostile.trees import INTEGERS

from custody.edge.decoder import JailedDecoder
from custody.errors import InputError
from custody.qr import bytewords, render, symbol, ur
from custody.qr.collector import Scan
from custody.qr.fountain import MAX_MESSAGE, Encoder, Header, Part
from custody.qr.profile import Profile, frames

TYPE = "x-custody-request"


@functools.cache
def messages() -> tuple[bytes, ...]:
    """Honest requests, small and large."""
    return tuple(one.serialize() for one in world.honest_requests())


@functools.cache
def honest_frames(place: int, fragment: int = FRAGMENT) -> tuple[str, ...]:
    """A message in frames, twice as many as it needs."""
    return tuple(frames(ur.Message(TYPE, messages()[place]), Profile(fragment, 12)))


def bent_frames(random: Random) -> list[str]:
    """The frames of a scan."""
    if random.random() < 0.04:
        return _swamp(random)
    place, fragment = random.randrange(5), random.choice((60, FRAGMENT, 400))
    shown = list(honest_frames(place, fragment))
    for _ in range(random.choice((1, 2, 3))):
        shown = _bend_scan(random, shown, honest_frames(random.randrange(5), fragment))
    return shown


def _bend_scan(random: Random, shown: list[str], foreign: Sequence[str]) -> list[str]:
    start, stop = sorted((random.randint(0, len(shown)), random.randint(0, len(shown))))
    edits: Sequence[Callable[[], list[str]]] = (
        lambda: random.sample(shown, len(shown)),
        lambda: [one for one in shown if random.random() < 0.7],
        lambda: shown[:start] + shown[stop:],
        lambda: shown + shown,
        lambda: [one for pair in zip(shown, foreign, strict=False) for one in pair],
        lambda: shown[:start] + list(foreign) + shown[start:],
        lambda: [_lie(random, one) if random.random() < 0.2 else one for one in shown],
        lambda: [_bent_text(random, one) if random.random() < 0.3 else one for one in shown],
        lambda: [one.lower() if random.random() < 0.5 else one for one in shown],
    )
    return random.choice(edits)()


def _lie(random: Random, text: str) -> str:
    """A part with one number or its fragment changed, and every checksum around it made to fit."""
    try:
        head, sequence, body = text.lower().removeprefix("ur:").split("/")
        fields = cbor2.loads(bytewords.decode(body))
    except (ValueError, InputError):
        return text
    at = random.randrange(5)
    if at == 4:
        fields[4] = bend_bytes(random, fields[4], b"other")
    else:
        fields[at] = random.choice((*INTEGERS, fields[at] + 1, max(0, fields[at] - 1)))
    if random.random() < 0.8:
        sequence = f"{fields[0]}-{fields[1]}"
    return f"ur:{head}/{sequence}/{bytewords.encode(cbor2.dumps(fields))}".upper()


def _bent_text(random: Random, text: str) -> str:
    return bend_bytes(random, text.encode(), b"UR:CRYPTO-PSBT/1-2/").decode("utf-8", "replace")


def _swamp(random: Random) -> list[str]:
    """Parts of the largest message that there may be, all of them lies that cannot be told from truth one by one."""
    count = random.choice((2, 64, 200, 2_000))
    length = random.choice((1, MAX_MESSAGE // 2_000))
    header = Header(count, count * length, random.randrange(2**32), length)
    numbers = (random.choice((number, random.randrange(1, 2**32))) for number in range(1, 301))
    return [ur.encode_part(TYPE, Part(number, header, random.randbytes(length))) for number in numbers]


def scan(shown: list[str]) -> bytes:
    """What the scan of these frames ends with."""
    collected = Scan({TYPE})
    for text in shown:
        collected.accept(text)
    return collected.result().payload


def check_scanned(_case: Any, payload: bytes | None) -> bool:
    """Only a message that was sent ever comes out."""
    expect(payload is None or payload in messages(), "a scan gave a message that nobody sent")
    return payload is not None


@functools.cache
def pictures() -> tuple[bytes, ...]:
    """Honest frames as PNG."""
    payload = messages()[0]
    encoder = Encoder(payload, 400)
    texts = [ur.encode_part(TYPE, encoder.part(number)) for number in range(1, encoder.header.seq_len + 1)]
    return tuple(map(render.png, symbol.encode(texts)))


def bent_picture(random: Random) -> list[bytes]:
    """The pictures of a scan, one of them bent; half the time the checksum of the PNG's data fits again."""
    shown = list(pictures())
    place = random.randrange(len(shown))
    shown[place] = bend_bytes(random, shown[place], shown[place - 1])
    if random.random() < 0.5:
        shown[place] = _checksummed(shown[place])
    return shown


def _checksummed(png: bytes) -> bytes:
    """The PNG with the CRC of each chunk written anew."""
    fixed, position = png[:8], 8
    while position + 12 <= len(png):
        size = int.from_bytes(png[position : position + 4], "big")
        chunk = png[position + 4 : position + 8 + size]
        fixed += png[position : position + 4] + chunk + zlib.crc32(chunk).to_bytes(4, "big")
        position += 12 + size
    return fixed


class _Eye:
    """The jailed decoder, started anew when too many pictures have killed it."""

    decoder = JailedDecoder()


def look(shown: list[bytes]) -> bytes | None:
    """What a scan of these pictures ends with."""
    collected = Scan({TYPE})
    for picture in shown:
        try:
            for texts in _Eye.decoder.decode(picture):
                for text in texts:
                    collected.accept(text)
        except InputError as error:
            if error.code == "DECODER-EXHAUSTED":
                _Eye.decoder = JailedDecoder()
    return collected.message.payload if collected.message else None


def warm() -> None:
    """Starts the decoder, which takes a second that is no case's."""
    look(list(pictures()[:1]))

"""Messages as trees whose maps keep order and repeated keys, and encoders that can write them badly on purpose."""

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import cbor2
from ethereum_peers import peer_rlp

INTEGERS = (
    *(0, 1, -1, 2, 23, 24, 255, 256, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 - 1, 2**53),
    *(2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1, -(2**63), 21 * 10**14, 21 * 10**14 + 1),
)
_HUGE = (2**64, 2**255, 2**256 - 1, 2**256)


class Pairs(list[Any]):
    """A map as a list of [key, value], in order, repeats and all."""


def from_cbor(value: Any) -> Any:
    """The tree of what cbor2 read."""
    if isinstance(value, dict):
        return Pairs([key, from_cbor(item)] for key, item in value.items())
    return [from_cbor(item) for item in value] if isinstance(value, list) else value


def from_json(text: bytes) -> Any:
    """The tree of a JSON text."""
    return json.loads(text, object_pairs_hook=lambda pairs: Pairs(map(list, pairs)))


def places(tree: Any) -> Iterator[tuple[list[Any], int]]:
    """Every place in a tree where a value stands: the list or map that holds it, and where in it."""
    for index in range(len(tree)):
        yield tree, index
        if isinstance(value_at(tree, index), list):
            yield from places(value_at(tree, index))


def value_at(branch: list[Any], place: int) -> Any:
    """The value at a place."""
    return branch[place][1] if isinstance(branch, Pairs) else branch[place]


def put(branch: list[Any], place: int, value: Any) -> None:
    """Another value at a place."""
    branch[place] = [branch[place][0], value] if isinstance(branch, Pairs) else value


def bend_tree(random: Random, tree: Any, other: Any, *, text: bool) -> Any:
    """One field absent, twice, of another type, with another honest value, at a boundary, enormous, empty, moved."""
    if not isinstance(tree, list) or not tree:
        return strange(random, tree, text=text)
    branch, place = random.choice(list(places(tree)))
    kind = random.random()
    if kind < 0.1:
        del branch[place]
    elif kind < 0.2:
        branch.insert(random.randint(0, len(branch)), branch[place])
    elif kind < 0.28:
        random.shuffle(branch)
    elif kind < 0.5 and isinstance(other, list) and other:
        _transplant(random, branch, place, other)
    elif kind < 0.55 and isinstance(branch, Pairs):
        branch[place] = [strange(random, branch[place][0], text=text), branch[place][1]]
    else:
        put(branch, place, strange(random, value_at(branch, place), text=text))
    return tree


def _transplant(random: Random, branch: list[Any], place: int, other: Any) -> None:
    """A value of the other tree: the one under the same key where there is one, else any."""
    found = list(places(other))
    if isinstance(branch, Pairs):
        alike = [(one, at) for one, at in found if isinstance(one, Pairs) and one[at][0] == branch[place][0]]
        found = alike if alike and random.random() < 0.8 else found
    put(branch, place, value_at(*random.choice(found)))


def strange(random: Random, value: Any, *, text: bool) -> Any:
    """Another value in the place of this one."""
    any_type: Sequence[Callable[[], Any]] = (
        lambda: None,
        lambda: random.choice((True, False)),
        lambda: random.choice(INTEGERS),
        lambda: random.choice((1.0, 0.5, 1e300)),
        lambda: "",
        list,
        Pairs,
        lambda: [value],
        lambda: Pairs([["a", value]]),
        lambda: _deep(random.choice((14, 20, 40, 200))),
        lambda: "" if text else b"",
        lambda: ["x"] * random.choice((100, 10_001)),
        lambda: random.choice(("\x00", "\u202e", "\ufeff", "a" * 300, "\U0001f600" * 100, "\u0301" * 50)),
    )
    alike: Sequence[Callable[[], Any]]
    match value:
        case bool():
            alike = (lambda: not value, lambda: int(value))
        case int():
            alike = (
                lambda: value + random.choice((-1, 1)),
                lambda: -value,
                lambda: value * random.choice((2, 10, 2**32)),
                lambda: random.choice(INTEGERS),
                lambda: str(value),
            )
        case str():
            alike = _texts(random, value)
        case bytes():
            alike = _octets(random, value)
        case _:
            alike = any_type
    return random.choice((*alike, *alike, *any_type))()


def _texts(random: Random, value: str) -> Sequence[Callable[[], Any]]:
    place = random.randint(0, len(value))
    return (
        lambda: value[:place],
        lambda: value + random.choice("0 a\n\x00\u200b"),
        lambda: value[:place] + random.choice("0aZ-\u0430") + value[place + 1 :],
        lambda: value.swapcase(),
        lambda: " " + value,
        lambda: value * random.choice((2, 1_000)),
        lambda: str(random.choice((*INTEGERS, *_HUGE))),
        lambda: hex(random.choice((0, 1, *_HUGE))),
        lambda: int(value) if value.isdecimal() and value.isascii() and len(value) < 30 else value.encode().hex(),
        lambda: str(int(value) + random.choice((-1, 1))) if value.isdecimal() and value.isascii() else value[::-1],
    )


def _octets(random: Random, value: bytes) -> Sequence[Callable[[], Any]]:
    place = random.randint(0, len(value))
    number = int.from_bytes(value[:40], "big")
    return (
        lambda: value[:place],
        lambda: value + b"\x00",
        lambda: b"\x00" + value,
        lambda: value[:place] + random.randbytes(1) + value[place + 1 :],
        lambda: bytes(len(value)),
        lambda: b"\xff" * len(value),
        lambda: random.randbytes(len(value)),
        lambda: value * 2,
        lambda: bytes(random.choice((100, 5_000, 300_000))),
        lambda: (number + random.choice((1, 2**8, 2**16))).to_bytes(41, "big").lstrip(b"\x00"),
        lambda: max(0, number - 1).to_bytes(41, "big").lstrip(b"\x00"),
        lambda: random.choice((*(n for n in INTEGERS if n >= 0), *_HUGE)).to_bytes(33, "big").lstrip(b"\x00"),
    )


def _deep(depth: int) -> list[Any]:
    nest: list[Any] = []
    for _ in range(depth):
        nest = [nest]
    return nest


def write_cbor(tree: Any, careless: Random | None) -> bytes:
    """Canonical but for what stands in the tree; ``careless`` also takes longer heads, indefinite lengths and tags."""
    if careless and careless.random() < 0.02:
        return b"\xc1" + write_cbor(tree, None)
    if isinstance(tree, Pairs):
        rows = [write_cbor(key, careless) + write_cbor(item, careless) for key, item in tree]
        return _head(5, len(rows), careless, b"".join(rows))
    if isinstance(tree, list):
        return _head(4, len(tree), careless, b"".join(write_cbor(item, careless) for item in tree))
    if isinstance(tree, str | bytes):
        octets = tree.encode("utf-8", "surrogatepass") if isinstance(tree, str) else tree
        return _head(3 if isinstance(tree, str) else 2, len(octets), careless, octets)
    if isinstance(tree, int) and not isinstance(tree, bool) and 0 <= tree < 2**64:
        return _head(0, tree, careless, b"")
    return bytes(cbor2.dumps(tree))


def _head(major: int, argument: int, careless: Random | None, content: bytes) -> bytes:
    if careless and careless.random() < 0.1:
        return bytes([major << 5 | 27]) + argument.to_bytes(8, "big") + content
    if careless and major in (4, 5) and careless.random() < 0.05:
        return bytes([major << 5 | 31]) + content + b"\xff"
    short = bytes(cbor2.dumps(argument))
    return bytes([major << 5 | short[0]]) + short[1:] + content


def write_json(tree: Any, careless: Random | None) -> bytes:
    """Compact and in the order of the tree; ``careless`` also takes spaces, escapes and other forms of numbers."""
    if isinstance(tree, Pairs):
        rows = (write_json(_key(key), None) + b":" + write_json(item, careless) for key, item in tree)
        return b"{" + b",".join(rows) + b"}"
    if isinstance(tree, list):
        return b"[" + (b", " if careless else b",").join(write_json(item, careless) for item in tree) + b"]"
    if careless and isinstance(tree, int) and careless.random() < 0.2:
        return careless.choice((b"%d.0", b"%de0", b"0%d", b"+%d", b" %d")) % tree
    if careless and isinstance(tree, str) and tree and careless.random() < 0.2:
        return b'"\\u%04X' % (ord(tree[0]) & 0xFFFF) + json.dumps(tree[1:])[1:].encode()
    return json.dumps(tree, ensure_ascii=not (careless and careless.random() < 0.1)).encode("utf-8", "surrogatepass")


def _key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=str)


def write_rlp(tree: Any, careless: Random | None) -> bytes:
    """As the peer writes it; ``careless`` also takes long lengths where short ones do."""
    if isinstance(tree, list):
        content = b"".join(write_rlp(item, careless) for item in tree)
        if careless and careless.random() < 0.2:
            return b"\xf9" + (len(content) & 0xFFFF).to_bytes(2, "big") + content
        return bytes(peer_rlp.codec.length_prefix(len(content), 192)) + content
    octets = tree if isinstance(tree, bytes) else json.dumps(tree, default=str).encode()
    if careless and careless.random() < 0.1:
        return b"\xb8" + bytes([len(octets) & 0xFF]) + octets
    return bytes(peer_rlp.encode(octets))

"""Ways to bend a message: its bytes, its fields, its lines and records. Pure: one generator, one case.

Fields are bent on trees made by independent libraries and written back by encoders that may be as careless as the
case wants: keys twice or out of order, numbers in longer forms, indefinite lengths.
"""

from collections.abc import Callable, Sequence
from random import Random

import cbor2
from ethereum_peers import peer_rlp
from hostile import psbt_mutations
from hostile.trees import bend_tree, from_cbor, from_json, write_cbor, write_json, write_rlp

LARGE = (1_000, 66_000, 270_000, 1_100_000)
_LENGTHS = (b"\xff" * 9, b"\xfd\xff\xff", b"\xfe\xff\xff\xff\x7f", b"\x9b" + b"\xff" * 8, b"\x5f", b"\xbf", b"\xf8\xff")
_TOKENS = (
    *(b"0", b"-1", b"1", b"255", b"256", b"65536", b"2147483648", b"4294967296", b"9007199254740992", b"1e3", b"1.0"),
    *(b"18446744073709551616", b"9" * 400, b"NaN", b"null", b"true", b'""', b"[]", b"{}", b'"\\ud800"', b"0x0", b"0x"),
    *(b"\x00", b"\xff\xfe", b"\r\n", b" ", b"\t", b'"', b"'", b"#", b"\xe2\x80\xae", b"\xef\xbb\xbf", b"../../etc"),
)

Bend = Callable[[Random, bytes, bytes], bytes]


def bend(
    random: Random, form: str, message: bytes, others: Sequence[bytes], times: Sequence[int] = (1, 1, 1, 2, 3)
) -> bytes:
    """The message bent once or a few times; ``others`` are honest messages of the same kind to take parts from."""
    for _ in range(random.choice(times)):
        other = random.choice(others)
        if random.random() < 0.04:
            return lure(random, form, message)
        ways: Sequence[Bend] = (*FORMS[form], *FORMS[form], bend_bytes)
        message = random.choice(ways)(random, message, other)
    return message


def bend_bytes(random: Random, message: bytes, other: bytes) -> bytes:
    """One change at the level of bytes."""
    start, stop = sorted((random.randint(0, len(message)), random.randint(0, len(message))))
    head, middle, tail = message[:start], message[start:stop], message[stop:]
    rest = message[start:]
    flips: Sequence[Callable[[], bytes]] = (
        lambda: head + bytes([rest[0] ^ 1 << random.randrange(8)]) + rest[1:] if rest else message,
        lambda: head + bytes([random.randrange(256)]) + rest[1:],
    )
    return random.choice(
        (
            *flips * 4,
            lambda: head + random.randbytes(random.randint(1, 8)) + rest,
            lambda: head + tail,
            lambda: head,
            lambda: rest,
            lambda: head + middle * random.randint(2, 5) + tail,
            lambda: head + other[random.randint(0, len(other)) :],
            lambda: head + random.choice(_LENGTHS) + rest[random.choice((0, 1)) :],
            lambda: head + random.choice(_TOKENS) + rest,
            lambda: message + message,
            lambda: tail + middle + head,
            lambda: head + bytes(len(middle)) + tail,
        )
    )()


def bend_cbor(random: Random, message: bytes, other: bytes) -> bytes:
    """A field of a CBOR message, or the way in which it is written."""
    careless = random if random.random() < 0.3 else None
    try:
        tree, source = from_cbor(cbor2.loads(message)), from_cbor(cbor2.loads(other))
        return write_cbor(bend_tree(random, tree, source, text=False), careless)
    except Exception:  # bent before: no CBOR any more, or more than this library cares to write
        return bend_bytes(random, message, other)


def bend_json(random: Random, message: bytes, other: bytes) -> bytes:
    """A field of a JSON text, or the way in which it is written."""
    try:
        tree, source = from_json(message), from_json(other)
    except (ValueError, RecursionError):
        return bend_bytes(random, message, other)
    careless = random if random.random() < 0.3 else None
    return write_json(bend_tree(random, tree, source, text=True), careless)


def bend_rlp(random: Random, message: bytes, other: bytes) -> bytes:
    """A field of an RLP value."""
    try:
        tree, source = peer_rlp.decode(message), peer_rlp.decode(other)
    except Exception:
        return bend_bytes(random, message, other)
    careless = random if random.random() < 0.2 else None
    return write_rlp(bend_tree(random, list(tree), list(source), text=False), careless)


def bend_eip1559(random: Random, message: bytes, other: bytes) -> bytes:
    """The type, or a field of a transaction."""
    kind = random.choice((b"", b"\x01", b"\x03", b"\x04", b"\x7f")) if random.random() < 0.1 else message[:1]
    return kind + bend_rlp(random, message[1:], other[1:])


def bend_lines(random: Random, message: bytes, other: bytes) -> bytes:
    """Lines absent, twice, reordered, from another text, or with another word in them."""
    lines, foreign = message.splitlines(keepends=True) or [b""], other.splitlines(keepends=True) or [b""]
    place, second = random.randrange(len(lines)), random.randrange(len(lines))
    line = lines[place]
    words = line.split(b" ")
    words[random.randrange(len(words))] = random.choice((*_TOKENS, *random.choice(foreign).split(b" ")))
    edits: Sequence[Callable[[], list[bytes]]] = (
        lambda: lines[:place] + lines[place + 1 :],
        lambda: [*lines[:place], line, *lines[place:]],
        lambda: [*lines[:second], line, *lines[second:]],
        lambda: [lines[second] if i == place else line if i == second else one for i, one in enumerate(lines)],
        lambda: [*lines[:place], random.choice(foreign), *lines[place:]],
        lambda: [*lines[:place], random.choice(foreign), *lines[place + 1 :]],
        lambda: [*lines[:place], b" ".join(words), *lines[place + 1 :]],
        lambda: lines[:place] + foreign[place:],
        lambda: random.sample(lines, len(lines)),
        lambda: (
            [*lines[:place], line.rstrip(b"\n") + random.choice((b"\r\n", b"\n\n", b"", b" \n")), *lines[place + 1 :]]
        ),
        lambda: [*lines, b"\n"],
    )
    return b"".join(random.choice(edits)())


def bend_toml(random: Random, message: bytes, other: bytes) -> bytes:
    """Lines of a TOML file, or the value of a key."""
    lines = message.splitlines()
    keys = [place for place, line in enumerate(lines) if b" = " in line]
    if not keys or random.random() < 0.5:
        return bend_lines(random, message, other)
    place = random.choice(keys)
    key, _, value = lines[place].partition(b" = ")
    values = (
        *_TOKENS,
        b'"' + value.strip(b'"') + b'"',
        value.strip(b'"'),
        b"[" + value + b"]",
        b"{a = " + value + b"}",
    )
    other_value = random.choice([line.partition(b" = ")[2] for line in other.splitlines() if b" = " in line] or [b"1"])
    lines[place] = key + b" = " + random.choice((*values, other_value, b"1979-05-27", b"inf", b"0b11", b"1_0", b"+1"))
    return b"\n".join(lines) + b"\n"


def lure(random: Random, form: str, message: bytes) -> bytes:
    """A large message that looks cheap to refuse, made to cost time or room."""
    size = random.choice(LARGE)
    ways: dict[str, Sequence[Callable[[], bytes]]] = {
        "json": (
            lambda: b'"' + b'\\"' * (size // 2),
            lambda: b"[" * (size // 2) + b"]" * (size // 2),
            lambda: b"[" + b"0," * (size // 2) + b"0]",
            lambda: b'{"records":[{"outputs":[' + b"{}," * (min(size, 260_000) // 3) + b'{}]}],"version":1}',
            lambda: b'{"records":[' + b'{"outputs":[' * 60 + b"]}" * 60 + b'],"version":1}',
            lambda: b"{" + b",".join(b'"%x":0' % number for number in range(size // 9)) + b"}",
            lambda: message.replace(b"[", b"[" + b"{}," * (size // 3), 1),
            lambda: message.replace(b'"', b'"' + b"\\u0041" * (size // 6), 1),
        ),
        "cbor": (
            lambda: b"\x81" * size,
            lambda: b"\x99\x27\x0f" + b"\xf6" * min(size, 9_999),
            lambda: b"\x9a\xff\xff\xff\xff" + b"\x00" * size,
            lambda: b"\xbb" + b"\xff" * 8 + b"\x00" * size,
            lambda: b"\x5a" + size.to_bytes(4, "big") + bytes(size),
            lambda: b"\x7a" + size.to_bytes(4, "big") + b"\xf4\x8f\xbf\xbf" * (size // 4),
        ),
        "toml": (
            lambda: b"a" + b".a" * (size // 2) + b" = 1",
            lambda: (b"a" + b".a" * 450 + b" = 1\n") * (size // 900),
            lambda: b"a = " + b"[\n" * (size // 2),
            lambda: b"version = " + b"9" * min(size, 900),
            lambda: b"".join(b"[chains.k%x]\n" % number for number in range(size // 16)),
            lambda: b"version = 1\n" + b"[[token]]\n" * (size // 10),
            lambda: message + b"#" * 900 + b"\n" * size,
            lambda: b'a = """' + b"\\\n" * (size // 2),
        ),
        "lines": (
            lambda: b"\n" * size,
            lambda: b"#\n" * (size // 2),
            lambda: message * (1 + min(size, 1_050_000) // max(len(message), 1)),
            lambda: b"a" * size,
            lambda: message.replace(b"\n", b"\n" * size, 1),
        ),
        "psbt": tuple(lambda way=way: way(size) for way in psbt_mutations.LURES),
    }
    plain: Sequence[Callable[[], bytes]] = (
        lambda: message + bytes(size),
        lambda: random.randbytes(1) * size,
        lambda: message * (1 + size // max(len(message), 1)),
    )
    return random.choice((*ways.get(form, ()), *plain))()


FORMS: dict[str, tuple[Bend, ...]] = {
    "binary": (bend_bytes,),
    "cbor": (bend_cbor,),
    "json": (bend_json,),
    "rlp": (bend_rlp,),
    "eip1559": (bend_eip1559,),
    "lines": (bend_lines,),
    "toml": (bend_toml,),
    "psbt": (psbt_mutations.bend_psbt,),
}

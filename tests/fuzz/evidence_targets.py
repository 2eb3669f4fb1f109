"""Targets: the log, its checkpoints and keys, and the frames of QR codes."""

import base64
import io
from pathlib import Path

import log_examples
import rosters
from fuzz.registry import same, target, text
from hostile import world

from custody.audit.checkpoint import Checkpoint, LogVerifier, decode_note
from custody.audit.collect import Collection, increment
from custody.audit.entry import Entry, PrivatePart
from custody.audit.line import HIDDEN, Line
from custody.audit.log import Log
from custody.audit.verify import verify
from custody.edge.pipes import read_message, write_message
from custody.errors import EvidenceError, InputError
from custody.officers.openpgp import Certificate, DetachedSignature
from custody.qr import bytewords, ur
from custody.qr.collector import Scan
from custody.qr.fountain import Encoder, parse_part
from custody.qr.profile import Profile, frames
from custody.vault.orders import MAX_ORDER
from custody.wire.increment import LogIncrement

FRAGMENT = 120


def request_frames(place: int = 0) -> list[str]:
    """An honest request in frames, one and a half times as many as it needs."""
    message = ur.Message("x-custody-request", world.honest_requests()[place].serialize())
    needed = Encoder(message.payload, FRAGMENT).header.seq_len
    return frames(message, Profile(FRAGMENT, 12), needed + needed // 2)


def without_private_parts(entries: bytes) -> list[tuple[bytes, bytes]]:
    """Leaf and signature of each line."""
    return [(line.leaf, line.signature) for one in entries.splitlines(keepends=True) if (line := Line.parse(one))]


@target("lines", lambda: world.signed(0).entries)
def _log(encoded: bytes) -> None:
    honest = world.signed(0)
    report = verify(encoded, honest.note, world.world().opened.log.verifier)
    if report.first_bad:
        raise EvidenceError("LOG-ENTRY", "An entry does not hold.")
    same(without_private_parts(encoded), without_private_parts(honest.entries))
    hidden = sum(line.endswith(b" " + HIDDEN + b"\n") for line in encoded.splitlines(keepends=True))
    same(hidden, report.hidden)
    if not hidden:
        same(encoded, honest.entries)


@target("lines", lambda: world.signed(0).entries)
def _log_of_home(encoded: bytes) -> None:
    honest, secrets = world.signed(0), world.world().secrets
    key = secrets.log_key(world.world().opened.header.origin)
    log = Log.open(log_examples.MemoryStore(encoded, honest.note), key, secrets.sealer, world.NOW)
    kept = [line.rpartition(b" ")[0] for line in honest.entries.splitlines()]
    same([line.rpartition(b" ")[0] for line in encoded.splitlines()][: len(kept)], kept)
    same([entry.kind for entry in log.entries[len(kept) :]], ["torn"] * (log.size - len(kept)))


def _new_increment() -> bytes:
    return increment(world.world().opened.log, 0, 100_000).serialize()


@target("cbor", _new_increment)
def _log_increment(encoded: bytes) -> None:
    """What is read is written back; what is proved is the log's."""
    one = LogIncrement.parse(encoded)
    same(one.serialize(), encoded)
    log = world.world().opened.log
    lines = Collection(log.verifier).add(one)
    same([log.public_line(index) for index in range(len(lines))], [*lines])


@target("lines", lambda: world.signed(0).note, lambda: world.world().note)
def _checkpoint(encoded: bytes) -> None:
    verifier = world.world().opened.log.verifier
    honest = {verifier.open(decode_note(note)) for note in (world.signed(0).note, world.world().note)}
    same(verifier.open(decode_note(encoded)) in honest, True)


@target("lines", lambda: world.signed(0).note.partition(b"\n\n")[0] + b"\n")
def _checkpoint_text(encoded: bytes) -> None:
    same(Checkpoint.parse(text(encoded)).text, text(encoded))


@target("binary", lambda: world.world().told.log_key.encode())
def _log_key(encoded: bytes) -> None:
    same(str(LogVerifier.parse(text(encoded))), text(encoded))


@target("json", lambda: world.signed(0).evidence.entry, lambda: world.signed(0).outcome.response.entry)
def _entry(encoded: bytes) -> None:
    same(Entry.parse(encoded).leaf, encoded)


@target("lines", lambda: world.signed(0).entries.splitlines(keepends=True)[0])
def _line(encoded: bytes) -> None:
    read = Line.parse(encoded)
    if read is None:
        raise InputError("LOG-LINE", "No line.")
    same(read.serialize(), encoded)
    same(read.length, len(encoded))


@target("json", lambda: world.private_part())
def _private_part(encoded: bytes) -> None:
    same(PrivatePart.parse(encoded).serialize(), encoded)


def _example(name: str) -> bytes:
    """The certificate, or the signature, of docs/spec/openpgp.md."""
    page = (Path(__file__).resolve().parents[2] / "docs/spec/openpgp.md").read_text("utf-8")
    return base64.b64decode(page.partition(f"<!-- example:{name} -->\n```text\n")[2].partition("```")[0])


@target("binary", lambda: _example("signature"))
def _detached_signature(encoded: bytes) -> None:
    read = DetachedSignature.parse(encoded)
    same(0 <= read.created < 2**32, True)
    same(set(read.issuer or "0") <= set("0123456789ABCDEF"), True)


@target("binary", lambda: _example("certificate"), lambda: rosters.certificate("Sato"))
def _certificate(encoded: bytes) -> None:
    read = Certificate.parse(encoded)
    same(read.keys[0], read.fingerprint)
    same({len(key) for key in read.keys}, {40})


@target("binary", *(lambda place=place: request_frames()[place].encode() for place in (0, -1)))
def _ur(encoded: bytes) -> None:
    match ur.decode(text(encoded)):
        case ur.Message() as message:
            same(ur.encode(message).lower(), text(encoded).lower())
            ur.unwrap(message)
        case ur.TypedPart(type=kind, part=part):
            same(ur.encode_part(kind, part).lower(), text(encoded).lower())


@target("cbor", lambda: bytewords.decode(request_frames()[0].lower().rpartition("/")[2]))
def _part(encoded: bytes) -> None:
    same(parse_part(encoded).serialize(), encoded)


@target("binary", lambda: bytewords.encode(b"treasury").encode())
def _bytewords(encoded: bytes) -> None:
    same(bytewords.encode(bytewords.decode(text(encoded))), text(encoded))


@target("lines", lambda: "\n".join(request_frames()).encode())
def _frames(encoded: bytes) -> None:
    scan = Scan({"x-custody-request"})
    for line in text(encoded).splitlines():
        scan.accept(line)
    same(scan.result().type, "x-custody-request")


@target("cbor", lambda: _framed({"command": "descriptor", "argument": {"chain": "eip155:1", "index": 0}}))
def _key_frame(encoded: bytes) -> None:
    try:
        value = read_message(io.BytesIO(encoded), MAX_ORDER)
    except EOFError:
        raise InputError("KEY-PROCESS", "No frame.") from None
    same(encoded[: len(_framed(value))], _framed(value))


def _framed(value: object) -> bytes:
    pipe = io.BytesIO()
    write_message(pipe, value)  # type: ignore[arg-type]
    return pipe.getvalue()

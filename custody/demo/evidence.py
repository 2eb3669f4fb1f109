"""The log of a demonstration as an auditor gets it, and what its check sees."""

from dataclasses import dataclass
from pathlib import Path

from custody.audit.verify import Report, export_lines, verify
from custody.edge import home
from custody.edge.disk import write_atomic


@dataclass(frozen=True, slots=True)
class Evidence:
    """An exported log.

    Attributes:
        place: its folder, within that of the demonstration.
        report: what its check says. tampered: what it says when a refusal has been turned into something else.
    """

    place: str
    report: Report
    tampered: Report


def exported(signer: Path, at: int, out: Path, place: str) -> Evidence:
    """The log of a rehearsal home in a new folder, checked against its key."""
    log = out / place
    log.mkdir()
    with home.opened(signer, at) as opened, (signer / "log" / "entries").open("rb") as entries:
        key, checkpoint = opened.log.verifier, opened.log.checkpoint.encode()
        lines = b"".join(export_lines(entries))
    write_atomic(log / "entries", lines, mode=0o644)
    write_atomic(log / "checkpoint.txt", checkpoint, mode=0o644)
    write_atomic(log / "log-key.txt", f"{key}\n".encode(), mode=0o644)
    return Evidence(place, verify(lines, checkpoint, key), verify(_tampered(lines), checkpoint, key))


def _tampered(log: bytes) -> bytes:
    lines = log.splitlines(keepends=True)
    position = next(place for place, line in enumerate(lines) if b'"kind":"refused"' in line)
    lines[position] = lines[position].replace(b'"outcome":"refused"', b'"outcome":"xefused"')
    return b"".join(lines)

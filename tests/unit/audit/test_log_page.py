"""The example of docs/spec/log.md is what the code makes; the kinds on the page are those of the source."""

import hashlib
import hmac
import json
import re
from pathlib import Path

import pytest
from log_examples import KEY, NOW, MemoryStore

from custody.audit.checkpoint import LogVerifier
from custody.audit.collect import increment
from custody.audit.entry import SCHEMAS
from custody.audit.line import Fault
from custody.audit.log import Log
from custody.audit.verify import export_lines, verify
from custody.governance.state import State
from custody.wire.increment import LogIncrement


class Open:
    """Seals nothing, so that the page can show what is sealed."""

    def seal(self, _index: int, private: bytes) -> bytes:
        return private

    def open(self, _index: int, sealed: bytes) -> bytes:
        return sealed

    def salt(self, head: bytes) -> bytes:
        return hmac.digest(bytes(32), head, "sha256")


def blocks() -> dict[str, str]:
    """The example's parts by name."""
    store = MemoryStore()
    log = Log.create(store, KEY, Open())
    beginning = {
        "accounts_digest": hashlib.sha256(b"").hexdigest(),
        "elapsed": 0,
        "master_fingerprint": "73c5da0a",
        "officers": [{"key": "11" * 32, "name": "Officer One"}],
        "origin": KEY.origin,
        "rehearsal": True,
        "sealed_rules": hashlib.sha256(b"").hexdigest(),
        "state": State().as_json(),
        "threshold": 1,
    }
    log.append("init", private=beginning, time=NOW)
    entry = log.append(
        "interrupted", request=b"\x11" * 32, outcome="interrupted", private={"authorised": 0}, time=NOW + 1
    )
    part = log.private_part(1)
    private = [
        f"sealed:      {part.serialize().decode()}",
        f"head:        {entry.head.decode()}",
        f"entry salt:  {part.entry_salt.hex()}",
        f"field salt:  {part.salts['authorised'].hex()}",
        f"commitment:  {hashlib.sha256(part.salts['authorised'] + b'0').hexdigest()}",
        f"private:     {entry.private.hex()}",
    ]
    return {
        "log-key": str(KEY.verifier) + "\n",
        "entries": b"".join(export_lines(store.bytes.splitlines(keepends=True))).decode(),
        "checkpoint": store.note.decode(),
        "private": "\n".join(private) + "\n",
        "increment": described(increment(log, 1, 1)),
    }


def described(one: LogIncrement) -> str:
    """The message's fields, its size and hash."""
    encoded, lines = one.serialize(), b"".join(one.lines)
    return (
        f"first        {one.first}\n"
        f"lines        the second line above, {len(lines)} bytes, SHA-256 {hashlib.sha256(lines).hexdigest()}\n"
        f"consistency  {' '.join(node.hex() for node in one.consistency)}\n"
        "checkpoint   as above\n"
        f"size         {len(encoded)} bytes\n"
        f"SHA-256      {hashlib.sha256(encoded).hexdigest()}\n"
    )


def page(project: Path) -> str:
    return (project / "docs/spec/log.md").read_text("utf-8")


def shown(text: str, name: str) -> str:
    match = re.search(rf"<!-- example:{name} -->\n\n```\n(.*?)```\n", text, re.DOTALL)
    assert match, name
    return match[1]


@pytest.mark.parametrize("name", blocks())
def test_the_example_is_what_the_code_makes(project: Path, name: str) -> None:
    assert shown(page(project), name) == blocks()[name]


def test_the_example_verifies_as_it_stands_on_the_page(project: Path) -> None:
    text = page(project)
    entries, note = shown(text, "entries").encode(), shown(text, "checkpoint").encode()
    report = verify(entries, note, LogVerifier.parse(shown(text, "log-key").strip()))
    assert (report.first_bad, report.size) == (None, 2)


def test_the_kinds_on_the_page_are_those_of_the_source(project: Path) -> None:
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in page(project).splitlines()]
    listed = {
        row[0].strip("`"): (set(re.findall(r"`(\w+)`", row[4])), row[2] == "yes", row[3] == "yes")
        for row in rows
        if len(row) == 5 and row[0].startswith("`")
    }
    assert listed == {str(kind): (set(schema.names), schema.request, schema.answer) for kind, schema in SCHEMAS.items()}


def test_the_reasons_on_the_page_are_those_of_the_source(project: Path) -> None:
    found = re.findall(r"^\| `([a-z]+)` \|[^|]*\|[^|]*\|$", page(project), re.MULTILINE)
    assert [word for word in found if word in set(Fault)] == list(Fault)


def test_the_public_part_on_the_page_has_the_keys_of_the_source(project: Path) -> None:
    leaf = shown(page(project), "entries").split(" ")[0]
    table = page(project).split("## Public part")[1].split("Digests are")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(json.loads(leaf))

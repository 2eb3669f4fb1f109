"""The worked examples of the message pages: a request, its answer and the export before it, of one small log.

They are made from fixed parts, so that they change only when a message's form does; a second CBOR library tells them.
"""

import hashlib
import json
from typing import Any

import cbor2
import ceremonies
import psbts
import rosters

from custody.audit.checkpoint import Checkpoint, LogKey
from custody.audit.entry import Entry
from custody.audit.merkle import Tree
from custody.bitcoin.signing import sign
from custody.wire.bundle import SignedBundle
from custody.wire.export import DeviceExport, ExportedAccount
from custody.wire.request import Approval, WithdrawalRequest
from custody.wire.response import Answer, SigningResponse, Status

LOG_KEY = LogKey("rehearsal.custody-example", bytes(range(32)))
# Well-formed, and signed by nobody.
APPROVAL = Approval("A" * 40, "approve", b"signature")


def _grow(tree: Tree, kind: str, request: bytes | None = None, answer: bytes | None = None) -> Entry:
    """One more entry; what it commits to does not matter here."""
    size = tree.size
    outcome = {"answered": "signed"}.get(kind)
    mark = hashlib.sha256(bytes([size])).digest() if size else None
    entry = Entry(size, kind, request, outcome, answer, ceremonies.NOW + size, bytes(32), bytes(32), mark)
    tree.append(entry.leaf_hash)
    return entry


def _checkpoint(tree: Tree) -> str:
    return LOG_KEY.sign(Checkpoint(LOG_KEY.origin, tree.size, tree.root()))


_LOG = Tree()
for _kind in ("init", "policy", "list", "account"):
    _grow(_LOG, _kind)
_ACCOUNT = psbts.TREASURY

EXPORT = DeviceExport(
    origin=LOG_KEY.origin,
    log_key=str(LOG_KEY.verifier),
    checkpoint=_checkpoint(_LOG),
    policy_sequence=0,
    list_sequence=0,
    accounts=(ExportedAccount(_ACCOUNT.name, _ACCOUNT.chain.chain_id, _ACCOUNT.descriptor),),
)
REQUEST: WithdrawalRequest = ceremonies.request(EXPORT)

_seen = _LOG.size
_ANSWER = Answer(REQUEST.digest, Status.SIGNED, sign(REQUEST.transaction, _ACCOUNT, psbts.SEED))
_grow(_LOG, "authorised", REQUEST.digest)
_ENTRY = _grow(_LOG, "answered", REQUEST.digest, _ANSWER.digest)

RESPONSE = SigningResponse(
    _ANSWER, _ENTRY.leaf, _LOG.inclusion(_ENTRY.index), _LOG.consistency(_seen), _checkpoint(_LOG)
)

BUNDLE = rosters.bundle("list", b"# Flagged by the compliance desk\n1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2\n")
# Two signatures have their place in it; what stands there is none.
SIGNED_BUNDLE = SignedBundle(BUNDLE.content, (b"a signature", b"another signature"))


def told(message: bytes) -> str:
    """A message as its page shows it: RFC 8949 diagnostic notation, long byte strings by size and hash."""
    fields = ",\n".join(f"  {json.dumps(name)}: {_value(value)}" for name, value in cbor2.loads(message).items())
    return f"{{\n{fields}\n}}\n\nsize    {len(message)} bytes\nSHA-256 {hashlib.sha256(message).hexdigest()}\n"


def _value(value: Any) -> str:
    match value:
        case bytes() if value[:1] == b"{" and len(value) < 600:
            return f"'{value.decode('ascii')}'"
        case bytes() if len(value) > 80:
            return f"h'{value[:16].hex()}...' / {len(value)} bytes, SHA-256 {hashlib.sha256(value).hexdigest()} /"
        case bytes():
            return f"h'{value.hex()}'"
        case dict():
            return "{" + ", ".join(f"{json.dumps(name)}: {_value(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def on_page(page: str, name: str) -> str:
    """The fenced block that follows the marker of an example."""
    after = page.partition(f"<!-- example:{name} -->")[2]
    return after.partition("```\n")[2].partition("```")[0]

"""The worked examples of the message pages: made by the signer's own code, told by a second CBOR library."""

import functools
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import cbor2
import ceremonies

from custody.wire.request import WithdrawalRequest

REQUEST: WithdrawalRequest = ceremonies.request()


@functools.cache
def response() -> bytes:
    """What the prepared signer answers to the example request."""
    with tempfile.TemporaryDirectory() as folder:
        home = ceremonies.copy_home(Path(folder) / "home")
        return ceremonies.sign(home, REQUEST.serialize()).response.serialize()


@functools.cache
def account_export() -> bytes:
    """What the prepared signer tells the online side of itself."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ceremonies.open_home(ceremonies.copy_home(Path(folder) / "h")) as home,
    ):
        return ceremonies.export(home).serialize()


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

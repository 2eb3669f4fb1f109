"""The account export: what pairing learns, in closed form, and its page's example."""

from pathlib import Path
from typing import Any

import cbor2
import pytest
import wire_examples

from custody.errors import InputError
from custody.wire import export as wire
from custody.wire.export import DeviceExport

EXPORT = wire_examples.EXPORT


def fields() -> dict[str, Any]:
    decoded: dict[str, Any] = cbor2.loads(EXPORT.serialize())
    return decoded


def refused(message: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as error:
        DeviceExport.parse(cbor2.dumps(message, canonical=True))
    assert error.value.code == code


def test_it_reads_back() -> None:
    assert DeviceExport.parse(EXPORT.serialize()) == EXPORT
    assert cbor2.dumps(fields(), canonical=True) == EXPORT.serialize()


def test_it_holds_no_secret() -> None:
    keys = [key for one in EXPORT.accounts for key in one.descriptor.split("]")[1:]]
    assert keys
    assert all(key.startswith("tpub") for key in keys)
    assert b"prv" not in EXPORT.serialize()


@pytest.mark.parametrize("name", sorted(fields()))
def test_a_missing_field_is_refused(name: str) -> None:
    short = fields()
    del short[name]
    refused(short, "WIRE-VERSION" if name == "version" else "WIRE-FIELDS")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"extra": 1}, "WIRE-FIELDS"),
        ({"version": 2}, "WIRE-VERSION"),
        ({"origin": 1}, "WIRE-TYPE"),
        ({"origin": "o" * 129}, "WIRE-LIMIT"),
        ({"log_key": "k" * 257}, "WIRE-LIMIT"),
        ({"checkpoint": "c" * 1_025}, "WIRE-LIMIT"),
        ({"policy": -1}, "WIRE-LIMIT"),
        ({"policy": True}, "WIRE-TYPE"),
        ({"list": 2**53}, "WIRE-LIMIT"),
        ({"accounts": {}}, "WIRE-TYPE"),
        ({"accounts": [1]}, "WIRE-FIELDS"),
        ({"accounts": [{}]}, "WIRE-FIELDS"),
        ({"accounts": fields()["accounts"] * (wire.MAX_ACCOUNTS + 1)}, "WIRE-LIMIT"),
        ({"accounts": [fields()["accounts"][0] | {"chain": "eip155:2"}]}, "CHAIN-UNKNOWN"),
        ({"accounts": [fields()["accounts"][0] | {"name": "n" * 65}]}, "WIRE-LIMIT"),
        ({"accounts": [fields()["accounts"][0] | {"descriptor": b"d"}]}, "WIRE-TYPE"),
    ],
)
def test_a_bent_export_is_refused(changed: dict[str, Any], code: str) -> None:
    refused(fields() | changed, code)


def test_an_export_beyond_its_limit_is_not_even_decoded() -> None:
    with pytest.raises(InputError, match="WIRE-LIMIT"):
        DeviceExport.parse(bytes(wire.MAX_BYTES + 1))


def test_the_page_shows_this_export(project: Path) -> None:
    page = (project / "docs/spec/export.md").read_text("utf-8")
    assert wire_examples.on_page(page, "export") == wire_examples.told(EXPORT.serialize())

"""The signing response: signatures or a refusal, its answer digest, and its page's example."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import psbts
import pytest
import wire_examples

from custody.coordinator.answers import check_response
from custody.errors import InputError
from custody.signatures import Signature
from custody.wire import response as wire
from custody.wire.response import Answer, SigningResponse, Status

RESPONSE = wire_examples.RESPONSE


def fields() -> dict[str, Any]:
    decoded: dict[str, Any] = cbor2.loads(RESPONSE.serialize())
    return decoded


def refused(message: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as error:
        SigningResponse.parse(cbor2.dumps(message, canonical=True))
    assert error.value.code == code


def test_it_reads_back() -> None:
    assert SigningResponse.parse(RESPONSE.serialize()) == RESPONSE
    assert cbor2.dumps(fields(), canonical=True) == RESPONSE.serialize()


def test_the_answer_digest_is_that_of_the_page_computed_by_a_second_library() -> None:
    bound = {name: fields()[name] for name in ("request", "status", "signatures")}
    assert hashlib.sha256(cbor2.dumps(bound, canonical=True)).digest() == RESPONSE.answer.digest


@pytest.mark.parametrize(
    "changed",
    [
        replace(RESPONSE.answer, request=bytes(32)),
        replace(RESPONSE.answer, status=Status.REFUSED),
        replace(RESPONSE.answer, signatures=RESPONSE.answer.signatures[:1]),
        replace(RESPONSE.answer, signatures=RESPONSE.answer.signatures[::-1]),
        replace(RESPONSE.answer, signatures=(replace(RESPONSE.answer.signatures[0], index=1),)),
        replace(RESPONSE.answer, signatures=(replace(RESPONSE.answer.signatures[0], key=bytes(33)),)),
        replace(RESPONSE.answer, signatures=(replace(RESPONSE.answer.signatures[0], signature=b""),)),
    ],
)
def test_the_answer_digest_binds_every_part_of_the_answer(changed: Answer) -> None:
    assert changed.digest != RESPONSE.answer.digest


def test_a_refusal_reads_back_and_carries_no_signature() -> None:
    refusal = replace(RESPONSE, answer=Answer(bytes(32), Status.REFUSED, ()))
    assert SigningResponse.parse(refusal.serialize()) == refusal
    refused(fields() | {"status": "refused"}, "RESPONSE-STATUS")


@pytest.mark.parametrize("status", ["", "Signed", "signed ", "allowed"])
def test_another_status_is_refused(status: str) -> None:
    refused(fields() | {"status": status}, "RESPONSE-STATUS")


@pytest.mark.parametrize("name", sorted(fields()))
def test_a_missing_field_is_refused(name: str) -> None:
    short = fields()
    del short[name]
    refused(short, "WIRE-VERSION" if name == "version" else "WIRE-FIELDS")


def test_an_unknown_field_is_refused() -> None:
    refused(fields() | {"reason": "a reason never leaves the device"}, "WIRE-FIELDS")


@pytest.mark.parametrize("version", [0, 2, True, "1"])
def test_another_version_is_refused(version: Any) -> None:
    refused(fields() | {"version": version}, "WIRE-VERSION")


@pytest.mark.parametrize(
    "row",
    [
        *([], [0], [0, bytes(33)], [0, bytes(33), b"", b""]),
        *([True, bytes(33), b""], [-1, bytes(33), b""], [wire.MAX_SIGNATURES, bytes(33), b""]),
        *(
            [0, bytes(32), b""],
            [0, bytes(65), b""],
            [0, bytes(33), bytes(81)],
            [0, "k" * 33, b""],
            ["0", bytes(33), b""],
        ),
        *({}, None, 1, b""),
    ],
)
def test_a_signature_of_another_form_is_refused(row: Any) -> None:
    refused(fields() | {"signatures": [row]}, "WIRE-TYPE")


@pytest.mark.parametrize(
    ("name", "over", "code"),
    [
        ("request", bytes(31), "WIRE-LIMIT"),
        ("request", bytes(33), "WIRE-LIMIT"),
        ("entry", bytes(wire.MAX_ENTRY + 1), "WIRE-LIMIT"),
        ("inclusion", [bytes(32)] * (wire.MAX_PROOF + 1), "WIRE-LIMIT"),
        ("consistency", [bytes(32)] * (wire.MAX_PROOF + 1), "WIRE-LIMIT"),
        ("inclusion", [bytes(33)], "WIRE-TYPE"),
        ("consistency", [1], "WIRE-TYPE"),
        ("checkpoint", "c" * (wire.MAX_CHECKPOINT + 1), "WIRE-LIMIT"),
        ("signatures", [[0, bytes(33), b""]] * (wire.MAX_SIGNATURES + 1), "WIRE-LIMIT"),
        ("signatures", {}, "WIRE-TYPE"),
        ("entry", "text", "WIRE-TYPE"),
        ("checkpoint", b"bytes", "WIRE-TYPE"),
        ("status", 1, "WIRE-TYPE"),
    ],
)
def test_a_field_beyond_its_bounds_is_refused(name: str, over: Any, code: str) -> None:
    refused(fields() | {name: over}, code)


def test_as_many_signatures_as_a_transaction_may_have_inputs_fit() -> None:
    many = tuple(Signature(index, bytes(33), bytes(72)) for index in range(wire.MAX_SIGNATURES))
    full = replace(RESPONSE, answer=Answer(bytes(32), Status.SIGNED, many))
    assert SigningResponse.parse(full.serialize()) == full


def test_the_page_shows_this_response(project: Path) -> None:
    shown = wire_examples.told(RESPONSE.serialize()) + f"answer digest {RESPONSE.answer.digest.hex()}\n"
    assert wire_examples.on_page((project / "docs/spec/response.md").read_text("utf-8"), "response") == shown


def test_the_example_is_the_answer_to_the_requests_example() -> None:
    checkpoint = check_response(wire_examples.REQUEST, RESPONSE, wire_examples.EXPORT, psbts.TREASURY)
    assert checkpoint.size == 6

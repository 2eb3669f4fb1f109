"""The hostile sweep holds, and would not hold for a product with any of these holes."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hostile import bundles, sweep, world
from hostile.mutations import FORMS, bend
from hostile.subjects import SUBJECTS, Subject

from custody import judgement, screen
from custody.audit import verify as log_verify
from custody.audit.line import Line
from custody.bitcoin import review, second_signer
from custody.codec import cbor
from custody.coordinator import answers
from custody.edge.gpg import JailedGpg
from custody.governance import install
from custody.officers.approval import Approvals
from custody.officers.consent import Proof, Typed
from custody.policy.evaluate import Evaluation
from custody.policy.rules.records import RecordBound
from custody.qr.elimination import SPARE_PARTS, Decoder
from custody.qr.fountain import Header, Part
from custody.vault.key_holder import KeyHolder

CASES, SLOW_CASES, SLOW_PARTS = sweep.SHARES, 100_000, 50
COUNTS: dict[str, int] = {}
for _subject, _ in sweep.plan(CASES):
    COUNTS[_subject.name] = COUNTS.get(_subject.name, 0) + 1
# In even parts, so that the long ones are shared out among workers; the longest begin.
PARTS = [
    (name, range(count * part // parts, count * (part + 1) // parts))
    for name, count in sorted(COUNTS.items(), key=lambda item: -item[1])
    for parts in [-(-count // 140)]
    for part in range(parts)
]
SLOW_PLAN = list(sweep.plan(SLOW_CASES))
# Among so many bent messages some must still pass, or the sweep would never reach what lies behind the readers.
REACHED = {"ceremony-bitcoin": 5, "ceremony-evm": 5, "ceremony-approved": 5, "bundle-installed": 3, "scan": 20}


def swept(name: str, cases: Iterable[int]) -> sweep.Report:
    return sweep.run([(SUBJECTS[name], case) for case in cases], sweep.DEFAULT_SEED)


@pytest.mark.parametrize(("name", "cases"), PARTS)
def test_nothing_is_found(name: str, cases: range) -> None:
    report = swept(name, cases)
    assert report.cases == len(cases)
    assert report.count(name, "taken") >= REACHED.get(name, 0)
    assert report.count(name, "taken") < report.cases or name == "scan"
    assert not report.found, "\n".join(map(str, report.found))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(SLOW_PARTS))
def test_nothing_is_found_in_the_whole_sweep(part: int) -> None:
    report = sweep.run(SLOW_PLAN[part::SLOW_PARTS], sweep.DEFAULT_SEED)
    assert not report.found, "\n".join(map(str, report.found))


def test_typed_data_is_never_signed() -> None:
    assert swept("ceremony-typed-data", range(60)).count("ceremony-typed-data", "taken") == 0


def test_a_case_is_known_by_seed_and_number() -> None:
    subject = SUBJECTS["ceremony-bitcoin"]
    first, again, other = (subject.make(sweep.Random(f"{seed}:x:1")) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form_is_bent_in_many_ways(form: str) -> None:
    honest = {"psbt": world.request().transaction, "json": world.request().travel_rule, "toml": world.POLICY}
    honest |= {"cbor": world.request().serialize(), "eip1559": world.COIN_PAYMENT.serialize(), "lines": world.POLICY}
    honest |= {"rlp": world.COIN_PAYMENT.serialize()[1:]}
    message = honest.get(form, b"any bytes")
    bent = {bend(sweep.Random(number), form, message, [message]) for number in range(60)}
    assert len(bent) > 40


@pytest.mark.slow
@pytest.mark.parametrize(("fragments", "length"), [(64, 2_200), (288, 2_200), (476, 2_200), (2_000, 524)])
def test_no_frame_of_a_hopeless_scan_takes_long(fragments: int, length: int) -> None:
    random = sweep.Random(fragments)
    decoder = Decoder(Header(fragments, fragments * length, 7, length))
    for number in range(1, 2 * fragments + SPARE_PARTS + 1):
        part = Part(random.choice((number, random.randrange(1, 2**32))), decoder.header, random.randbytes(length))
        start = time.monotonic()
        decoder.accept(part)
        assert time.monotonic() - start < sweep.MAX_SECONDS


# Negative controls: the product broken on purpose, and the cases in which the sweep must notice.


def nothing(*_given: Any, **_named: Any) -> None:
    """A check that checks nothing."""


def yes(*_given: Any, **_named: Any) -> bool:
    """A check that says yes to everything."""
    return True


def proofs_of_anybody(_holder: Any, typed: tuple[Typed, ...], *_given: Any) -> tuple[Proof, ...]:
    """A consent that asks for no passphrase and no code."""
    return tuple(Proof(one.officer, bytes(64)) for one in typed)


def no_rules(*_given: Any) -> Evaluation:
    """A policy that has nothing to say and asks nobody."""
    return Evaluation((), ())


def no_reasons(*_given: Any) -> Iterator[Any]:
    """A rule that has nothing to say."""
    return iter(())


def any_form(reader: Any, code: int) -> int:
    """A CBOR length in whatever form."""
    return code if code < 24 else int.from_bytes(reader.take(1 << code - 24), "big")


def claimed(_tx_in: Any, brought: Any) -> Any:
    """The spent output that the PSBT claims, where it claims one."""
    return brought.witness_utxo or brought.non_witness_utxo.outputs[1]


Hole = tuple[Any, str, Callable[..., Any]]
HOLES: dict[str, tuple[str, int, tuple[Hole, ...], str]] = {
    "change is whatever claims to be": ("ceremony-bitcoin", 500, ((review, "_derives", yes),), "stranger"),
    "amounts are what they claim": ("ceremony-bitcoin", 400, ((review, "_spent_output", claimed),), "costs|exist"),
    "records are for show": ("ceremony-bitcoin", 300, ((RecordBound, "reasons", no_reasons),), "recorded"),
    "the policy allows everything": (
        "ceremony-evm",
        100,
        ((judgement, "evaluate", no_rules),),
        "recorded|cap",
    ),
    "the screen rounds": ("ceremony-evm", 100, ((screen, "format_amount", lambda *_: "about 1 ETH"),), "on the screen"),
    "expiry does not matter": ("ceremony-evm", 400, ((judgement, "_request_reasons", no_reasons),), "time|device"),
    "signatures of the answer are believed": (
        "answer",
        200,
        ((answers, "_check_entry", nothing), (second_signer, "verify", yes)),
        "another meaning",
    ),
    "the key believes its order": (
        "signing-order",
        200,
        ((KeyHolder, "_proofs", proofs_of_anybody), (KeyHolder, "_check_entry", nothing)),
        "not honestly asked",
    ),
    "signatures of a bundle are believed": (
        "bundle-installed",
        200,
        ((install, "_check_signature", nothing),),
        "compliance did not sign",
    ),
    "one signature is as good as two": (
        "bundle-installed",
        300,
        ((install, "_signers", lambda *_: ("Mori", "Kato")),),
        "compliance did not sign",
    ),
    "loosening is not looked for": (
        "bundle-installed",
        200,
        ((install, "_changes", lambda *_: ()),),
        "something else is in force",
    ),
    "signatures of approvals are believed": (
        "ceremony-approved",
        200,
        ((JailedGpg, "verify", nothing),),
        "approval that nobody gave",
    ),
    "nobody is asked to approve": (
        "ceremony-approved",
        200,
        ((Approvals, "missing", no_reasons),),
        "without the approvals",
    ),
    "the log's signatures are believed": (
        "whole-log",
        200,
        ((Line, "signed_by", yes), (log_verify, "check_end", nothing)),
        "called whole",
    ),
    "a message needs no checksum": (
        "scan",
        100,
        ((Decoder, "_message_of", lambda self, equations: b"".join(equations.solve(self.header.seq_len))),),
        "nobody sent",
    ),
    "lengths have many forms": ("cbor", 600, ((cbor._Reader, "argument", any_form),), "other bytes"),
    "text need not be UTF-8": (
        "request",
        300,
        ((cbor._Reader, "text", lambda self, size: self.take(size).decode()),),
        "UnicodeDecodeError",
    ),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_product_with_a_hole_is_found_out(hole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, cases, patches, expected = HOLES[hole]
    for place in range(5):
        world.signed(place)
    assert bundles.asked() and bundles.offered()
    for patch in patches:
        monkeypatch.setattr(*patch)
    seen: list[str] = []
    for first in range(0, cases, 50):
        seen += [one.what for one in swept(name, range(first, first + 50)).found]
        if any(re.search(expected, what) for what in seen):
            return
    pytest.fail(f"not found in {cases} cases, but {[what[-200:] for what in seen]}")


@pytest.mark.parametrize("meet", [lambda _: time.sleep(2.1), lambda _: len(bytearray(b"\xff") * 250_000_000)])
def test_a_costly_message_is_found_out(meet: Callable[[Any], Any]) -> None:
    costly = Subject("costly", 1, lambda _: b"any bytes", meet)
    report = sweep.run([(costly, 1)], 1)
    assert "it took" in report.found[0].what


def test_a_message_without_end_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "HUNG_SECONDS", 1)

    def meet(_: Any) -> None:
        while True:
            pass

    report = sweep.run([(Subject("endless", 1, lambda _: b"", meet), 1)], 1)
    assert "it did not end" in report.found[0].what


def test_what_is_found_says_how_to_see_it_again() -> None:
    broken = Subject("broken", 1, lambda random: random.randbytes(4), lambda message: [][len(message)])
    found = sweep.run([(broken, 41)], 7).found[0]
    assert "IndexError" in found.what
    assert "--only broken --seed 7 --case 41" in str(found)
    assert found.message.hex() in str(found)

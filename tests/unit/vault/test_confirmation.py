"""The confirmation code: bound to all that officers consent to, read as people write it."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace

import ceremonies
import pytest
import wire_examples

from custody import ceremony
from custody.codec.canonical_json import Json
from custody.governance.state import KINDS, Held
from custody.judgement import Judgement
from custody.policy.decision import Decision, Reason
from custody.vault.confirmation import ALPHABET, codes_equal, confirmation_code, judged, resolved

SECRET = bytes(range(32))


@pytest.fixture(scope="module")
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    home = ceremonies.copy_home(tmp_path_factory.mktemp("code") / "home")
    with ceremonies.open_home(home) as opened:
        found, code = ceremony.review(ceremonies.request().serialize(), opened)
        assert code == confirmation_code(opened.code_secret, judged(found, opened.log.size))
    return found


def changes(judgement: Judgement) -> Iterator[Judgement]:
    """The judgement with another request, other approvals of it, other facts, another decision, and other files."""
    assert judgement.review is not None
    yield replace(judgement, request=replace(judgement.request, id=bytes(16)))
    yield replace(judgement, request=replace(judgement.request, approvals=(wire_examples.APPROVAL,)))
    yield replace(judgement, review=replace(judgement.review, fee=judgement.review.fee + 1))
    yield replace(judgement, review=None)
    yield replace(judgement, decision=Decision.of([Reason("CAP-NONE", "rule", "seen", "needed")], ()))
    for kind in KINDS:
        yield replace(judgement, held={**judgement.held, kind: Held(bytes(32), 1)})
    yield from (
        replace(judgement, held={other: held for other, held in judgement.held.items() if other != kind})
        for kind in judgement.held
    )


def test_each_of_the_bound_things_changes_the_code(judgement: Judgement) -> None:
    codes = [confirmation_code(SECRET, judged(judgement, 4))]
    codes += [confirmation_code(SECRET, judged(changed, 4)) for changed in changes(judgement)]
    codes += [confirmation_code(SECRET, judged(judgement, 5)), confirmation_code(bytes(32), judged(judgement, 4))]
    assert len(set(codes)) == len(codes) == 15


def test_it_is_the_code_of_the_page(judgement: Judgement) -> None:
    bound = judgement.request.digest + judgement.facts_digest + judgement.decision_digest + bytes(7) + b"\x04"
    digest = hmac.new(SECRET, b"custody/code/1" + bound, hashlib.sha256).digest()
    bits = f"{int.from_bytes(digest, 'big'):0256b}"
    symbols = ["0123456789ABCDEFGHJKMNPQRSTVWXYZ"[int(bits[place : place + 5], 2)] for place in range(0, 40, 5)]
    assert confirmation_code(SECRET, judged(judgement, 4)) == "".join(symbols[:4]) + "-" + "".join(symbols[4:])


AGREED: dict[str, Json] = {"action": "veto", "digest": "70" * 32, "kind": "policy"}


def test_a_decision_about_the_device_has_the_code_of_the_page() -> None:
    text = b'{"action":"veto","digest":"' + b"70" * 32 + b'","kind":"policy"}'
    bound = b"custody/council/1" + hashlib.sha256(text).digest() + bytes(7) + b"\x04"
    digest = hmac.new(SECRET, bound, hashlib.sha256).digest()
    bits = f"{int.from_bytes(digest, 'big'):0256b}"
    symbols = ["0123456789ABCDEFGHJKMNPQRSTVWXYZ"[int(bits[place : place + 5], 2)] for place in range(0, 40, 5)]
    assert confirmation_code(SECRET, resolved(AGREED, 4)) == "".join(symbols[:4]) + "-" + "".join(symbols[4:])


def test_each_part_of_a_decision_about_the_device_changes_its_code() -> None:
    others: list[dict[str, Json]] = [AGREED | {name: "other"} for name in AGREED]
    others += [{}, AGREED | {"more": None}, {"action": "freeze"}, {"action": "thaw", "delay": None}]
    codes = [confirmation_code(SECRET, resolved(one, 4)) for one in (AGREED, *others)]
    codes += [confirmation_code(SECRET, resolved(AGREED, 5)), confirmation_code(bytes(32), resolved(AGREED, 4))]
    assert len(set(codes)) == len(codes) == 10


def test_no_code_of_a_request_is_that_of_a_decision_about_the_device(judgement: Judgement) -> None:
    """The two kinds of consent begin differently, so that no proof of the one is a proof of the other."""
    assert judged(judgement, 4)[:14] == b"custody/code/1"
    assert resolved(AGREED, 4)[:17] == b"custody/council/1"


def test_the_alphabet_is_crockfords() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


@pytest.mark.parametrize(
    "typed", ["10AB-XYZ9", "10abxyz9", " 10ab xyz9 ", "IOAB-XYZ9", "loab-xyz9", "10-AB-XY-Z9", "1oAB-XYZ9\n"]
)
def test_a_code_is_read_as_people_write_it(typed: str) -> None:
    assert codes_equal(typed, "10AB-XYZ9")


@pytest.mark.parametrize(
    "typed",
    ["", "-", "10AB-XYZ8", "10AB-XYZ", "10AB-XYZ99", "10AB_XYZ9", "\uff11\uff10AB-XYZ9", "U0AB-XYZ9", "\udcff", "\x00"],
)
def test_another_code_is_another_code(typed: str) -> None:
    assert not codes_equal(typed, "10AB-XYZ9")

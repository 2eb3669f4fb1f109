"""The confirmation code: bound to four things, read as people write it."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace

import ceremonies
import pytest

from custody import ceremony
from custody.judgement import Judgement
from custody.policy.decision import Decision, Reason
from custody.vault.confirmation import ALPHABET, codes_equal, confirmation_code

SECRET = bytes(range(32))


@pytest.fixture(scope="module")
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    home = ceremonies.copy_home(tmp_path_factory.mktemp("code") / "home")
    with ceremonies.open_home(home) as opened:
        judged, code = ceremony.review(ceremonies.request().serialize(), opened, ceremonies.NOW)
        assert code == confirmation_code(opened.code_secret, judged, opened.log.size)
    return judged


def changes(judgement: Judgement) -> Iterator[Judgement]:
    """The judgement with another request, other facts, another decision, another policy and another list."""
    assert judgement.review is not None
    yield replace(judgement, request=replace(judgement.request, id=bytes(16)))
    yield replace(judgement, review=replace(judgement.review, fee=judgement.review.fee + 1))
    yield replace(judgement, review=None)
    yield replace(judgement, decision=Decision.allow_unless([Reason("CAP-NONE", "rule", "seen", "needed")]))
    yield replace(judgement, policy_digest=bytes(32))
    yield replace(judgement, policy_digest=None)
    yield replace(judgement, list_digest=bytes(32))
    yield replace(judgement, list_digest=None)


def test_each_of_the_bound_things_changes_the_code(judgement: Judgement) -> None:
    codes = [confirmation_code(SECRET, judgement, 4)]
    codes += [confirmation_code(SECRET, changed, 4) for changed in changes(judgement)]
    codes += [confirmation_code(SECRET, judgement, 5), confirmation_code(bytes(32), judgement, 4)]
    assert len(set(codes)) == len(codes) == 11


def test_it_is_the_code_of_the_page(judgement: Judgement) -> None:
    bound = judgement.request.digest + judgement.facts_digest + judgement.decision_digest + bytes(7) + b"\x04"
    digest = hmac.new(SECRET, b"custody/code/1" + bound, hashlib.sha256).digest()
    bits = f"{int.from_bytes(digest, 'big'):0256b}"
    symbols = ["0123456789ABCDEFGHJKMNPQRSTVWXYZ"[int(bits[place : place + 5], 2)] for place in range(0, 40, 5)]
    assert confirmation_code(SECRET, judgement, 4) == "".join(symbols[:4]) + "-" + "".join(symbols[4:])


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

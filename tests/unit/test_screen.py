"""What the officers read: one screen written by hand, and names that try to rearrange it."""

import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import ceremonies
import examples
import psbts
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody import ceremony, screen
from custody.council_screen import heading
from custody.governance.clocks import Times
from custody.governance.state import State
from custody.judgement import Judgement
from custody.policy.decision import Decision, Reason
from custody.screen import printable

# Written by hand from what the transaction does: two coins of 100,000 and 100,001 pay 60,000, the fee is 1,000.
GOLDEN = """\
REHEARSAL: keys for practice, coins without value

Request       {digest}
Account       treasury on regtest
Made          2026-01-01T00:00:00Z, expires 2026-01-01T01:00:00Z
Purpose       customer withdrawal

PAYS          0.00060000 rBTC
to            bcrt 1qc7 4th7 kymd hva5 6ntt 26yz zsn5 ujz2 wtz3 al4w
beneficiary   Hanako Smith, at Other Exchange Ltd
originator    Hanako Tanaka

Change        0.00139001 rBTC back to this account, proved
Fee           0.00001000 rBTC  (4.808 sat/vB)
Leaves        0.00061000 rBTC leaves the account in all
Spends        2 coin(s), every amount proved
Note          It signals that it may be replaced before it is mined (BIP125).

ALLOW: no rule speaks against this request."""

HOSTILE = {
    "a clear screen": "\x1b[2J\x1b[H",
    "a carriage return": "x\rPAYS 0.1",
    "lines": "x\nPAYS          0.00000001 rBTC\r\nto  evil\x0b\x0c\x85",
    "separators": "x\u2028PAYS\u2029",
    "a right-to-left override": "\u202edrawerohtiw\u202c",
    "isolates": "\u2066\u2067\u2068\u2069\u061c\u200e\u200f",
    "zero width": "Ta\u200bna\u200cka\u200d\ufeff\u2060\u00ad",
    "tags": "\U000e0041\U000e0042\U000e007f",
    "other spaces": "a\u00a0b\u2003c\u3000d",
    "fillers": "\u3164\u115f\u1160\uffa0\u2800",
    "variation selectors": "a\ufe0fb\U000e0100",
    "private use": "\ue000\U000f0000",
    "not assigned": "\u0378\U0003fffe",
    "a pile of marks": "Z" + "\u0335\u0321\u0489" * 20,
    "null": "\x00\x07\x08\x7f",
}


@pytest.fixture(scope="module")
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    return judged(ceremonies.copy_home(tmp_path_factory.mktemp("screen") / "home"))


def judged(folder: Path, **changes: Any) -> Judgement:
    with ceremonies.open_home(folder) as opened:
        return ceremony.review(ceremonies.request(**changes).serialize(), opened)[0]


def shown(judgement: Judgement) -> list[str]:
    return list(screen.lines(judgement, above(rehearsal=True)))


def above(*, rehearsal: bool) -> tuple[str, ...]:
    """What stands above the screen of a home in which nothing waits."""
    return heading(State(), Times(ceremonies.NOW, 0), rehearsal=rehearsal)


def test_the_screen_of_an_honest_request(judgement: Judgement) -> None:
    assert "\n".join(shown(judgement)) == GOLDEN.format(digest=judgement.request.digest.hex())


@pytest.mark.parametrize(("addresses", "told"), [(3, "3, to 3 addresses"), (1, "3, to 1 address")])
def test_several_payments_are_counted_before_the_first(judgement: Judgement, addresses: int, told: str) -> None:
    """The paper says how many there are; nobody has to count pages."""
    review = judgement.review
    assert review
    output = review.payments[0]
    several = tuple(replace(output, index=place, address=f"{output.address}{place % addresses}") for place in range(3))
    lines = shown(replace(judgement, review=replace(review, outputs=several)))
    assert lines.index(f"Payments      {told}") < lines.index("PAYS          0.00060000 rBTC")
    assert not any(line.startswith("Payments") for line in shown(judgement))


def test_a_real_home_does_not_call_itself_a_rehearsal(judgement: Judgement) -> None:
    assert list(screen.lines(judgement, above(rehearsal=False))) == shown(judgement)[2:]


def test_a_refusal_tells_every_reason_and_what_would_have_passed(tmp_path: Path) -> None:
    refused = judged(ceremonies.copy_home(tmp_path / "home"), travel_rule=b"", purpose="")
    told = "\n".join(shown(refused))
    assert "DENY: 1 reason." in told
    assert "TRAVEL-RULE-NONE" in told
    assert "Purpose" not in told
    for reason in refused.decision.reasons:
        assert reason.required in " ".join(told.split())


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_purpose_can_alter_the_screen(judgement: Judgement, hostile: str) -> None:
    lied = replace(judgement, request=replace(judgement.request, purpose=hostile))
    check_screen(shown(lied), shown(judgement), {"Purpose"})


def test_a_time_beyond_the_calendar_is_told(judgement: Judgement) -> None:
    lied = replace(judgement, request=replace(judgement.request, expires=2**53 - 1))
    assert any(line.endswith("expires beyond the year 9999") for line in shown(lied))


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_account_or_network_name_can_alter_the_screen(judgement: Judgement, hostile: str) -> None:
    lied = replace(judgement, request=replace(judgement.request, account=hostile, chain_id=hostile))
    check_screen(shown(lied), shown(judgement), {"Account"})


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_line_above_the_screen_is_lost(judgement: Judgement, hostile: str) -> None:
    """What stands above comes first, whatever the request says."""
    lied = replace(judgement, request=replace(judgement.request, account=hostile, purpose=hostile))
    heads = ("FROZEN: nothing is signed", "")
    assert list(screen.lines(lied, heads))[:2] == list(heads)
    assert list(screen.lines(lied, heads))[2:] == list(screen.lines(lied))


def test_maker_and_approvers_are_named(judgement: Judgement) -> None:
    made = replace(judgement.request, maker="AB" * 20)
    told = shown(replace(judgement, request=made, maker="Tanaka", approvers=("Ito", "Chiba")))
    assert "Made by       Tanaka, key " + "AB" * 20 in told
    stranger = shown(replace(judgement, request=made))
    assert "Made by       nobody known, key " + "AB" * 20 in stranger
    assert "Approved by   Ito, Chiba" in told
    labels = [line[:14].strip() for line in shown(judgement)]
    assert not {"Made by", "Approved by"} & set(labels)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_reason_can_alter_the_screen(judgement: Judgement, hostile: str) -> None:
    decision = Decision.of([Reason("REQUEST-CHAIN", "request", hostile, hostile, hostile, hostile)], ())
    told = shown(replace(judgement, decision=decision))
    beginning = shown(judgement)[:-1]
    assert told[: len(beginning)] == beginning
    verdict = told[len(beginning) :]
    assert verdict[:2] == ["DENY: 1 reason.", "1. REQUEST-CHAIN (rule request)"]
    assert all(line.startswith("   ") or line in ("", "What would make it pass:") for line in verdict[2:])
    assert all(map(is_plain, told))


@settings(max_examples=150, deadline=None)
@given(purpose=st.text(st.characters(exclude_categories=["Cs"]), max_size=280))
def test_any_purpose_leaves_every_other_line_as_it_is(judgement: Judgement, purpose: str) -> None:
    honest = shown(replace(judgement, request=replace(judgement.request, purpose="")))
    lied = shown(replace(judgement, request=replace(judgement.request, purpose=purpose)))
    digest = 2
    assert [
        line for line in lied if line not in honest and not line.startswith(("Purpose ", " " * 14, "Request"))
    ] == []
    assert lied[:digest] + lied[-12:] == honest[:digest] + honest[-12:]
    assert all(map(is_plain, lied))


@pytest.mark.parametrize("place", range(60, 90))
def test_a_long_purpose_cannot_pass_for_a_line_of_its_own(judgement: Judgement, place: int) -> None:
    fake = "x" * place + " " * 10 + "PAYS          0.00000001 rBTC"
    told = shown(replace(judgement, request=replace(judgement.request, purpose=fake)))
    assert [line for line in told if line.startswith("PAYS")] == ["PAYS          0.00060000 rBTC"]
    assert max(map(len, told)) <= 78


def test_wide_letters_count_twice(judgement: Judgement) -> None:
    told = shown(replace(judgement, request=replace(judgement.request, purpose="\u6c34" * 100)))
    wide = [line for line in told if "\u6c34" in line]
    assert [line.count("\u6c34") for line in wide] == [32, 32, 32, 4]


def test_the_legal_name_is_shown_not_an_alias(tmp_path: Path) -> None:
    record = examples.record((0, ceremonies.PAYEE, ceremonies.PAID))
    person = record["ivms101"]["beneficiary"]["beneficiaryPerson"][0]["naturalPerson"]
    names = person["name"]["nameIdentifier"]
    person["name"]["nameIdentifier"] = [
        {"primaryIdentifier": "Harmless", "naturalPersonNameIdentifierType": "ALIA"},
        *names,
    ]
    told = shown(judged(ceremonies.copy_home(tmp_path / "home"), travel_rule=examples.block(record)))
    assert "beneficiary   Hanako Smith, at Other Exchange Ltd" in told


def test_a_company_is_shown_by_its_name(tmp_path: Path) -> None:
    record = examples.record((0, ceremonies.PAYEE, ceremonies.PAID))
    company = examples.legal_person("Paid Company Ltd", "529900PAIDCOMPANY122")
    record["ivms101"]["beneficiary"]["beneficiaryPerson"] = [company | {"accountNumber": [ceremonies.PAYEE]}]
    told = shown(judged(ceremonies.copy_home(tmp_path / "home"), travel_rule=examples.block(record)))
    assert "beneficiary   Paid Company Ltd, at Other Exchange Ltd" in told


def test_an_unreadable_record_leaves_the_payment_on_the_screen(tmp_path: Path) -> None:
    told = shown(judged(ceremonies.copy_home(tmp_path / "home"), travel_rule=b"\x00"))
    assert "PAYS          0.00060000 rBTC" in told
    assert not any(line.startswith("beneficiary") for line in told)


def test_outputs_for_scripts_name_the_record_that_covers_them(judgement: Judgement) -> None:
    coin = {"asset": "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1", "owner": None}
    change = psbts.TREASURY.address(1, 3)
    assert screen.outputs(judgement) == [
        {"index": 0, "address": ceremonies.PAYEE, "amount": "60000", "role": "payment", "record": 0} | coin,
        {"index": 1, "address": change, "amount": "139001", "role": "change", "record": None} | coin,
    ]
    assert screen.outputs(replace(judgement, review=None)) == []


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("Tanaka \u82b1\u5b50", "Tanaka \u82b1\u5b50"),
        ("M\u00fcller, \u00c5se & \u015eahin", "M\u00fcller, \u00c5se & \u015eahin"),
        ("\u05d3\u05d5\u05d3", "\u05d3\u05d5\u05d3"),
        ("a\nb", "a<U+000A>b"),
        ("\u202e", "<U+202E>"),
        ("a\u0301", "a\u0301"),
        ("a\u0301\u0301\u0301\u0301", "a\u0301\u0301<U+0301><U+0301>"),
        ("\U000e0041", "<U+E0041>"),
    ],
)
def test_what_is_visible_stays_and_what_is_not_is_named(text: str, visible: str) -> None:
    assert printable(text) == visible


def test_a_screen_that_shows_everything_as_it_is_would_be_found(judgement: Judgement) -> None:
    with pytest.raises(AssertionError):
        check_screen(["Purpose       \x1b[2J"], shown(judgement), {"Purpose"})


def check_screen(told: list[str], honest: list[str], touched: set[str]) -> None:
    """That only the touched rows and their continuations differ, and every line is plain."""
    assert [line for line in told if not is_plain(line)] == []
    assert untouched(told, touched | {"Request"}) == untouched(honest, touched | {"Request"})


def untouched(told: list[str], touched: set[str]) -> list[str]:
    """The blank lines, and those that begin a row whose label is not touched."""
    return [line for line in told if not line.strip() or line[:14].strip() not in {"", *touched}]


def is_plain(line: str) -> bool:
    """Visible characters and ordinary spaces only."""
    return all(character == " " or unicodedata.category(character)[0] not in "CZ" for character in line)


def test_a_page_holds_as_many_lines_as_the_terminal_has_rows() -> None:
    told = [f"line {number}" for number in range(7)]
    assert list(screen.pages(told, 80, 3)) == [told[:3], told[3:6], told[6:]]
    assert list(screen.pages(told, 80, 7)) == [told]
    assert list(screen.pages([], 80, 3)) == [[]]


def test_a_payment_and_its_address_stand_on_one_page() -> None:
    payments = [["", f"PAYS {number}", f"to {number}"] for number in range(3)]
    told = ["Request", *payments[0], *payments[1], *payments[2]]
    assert list(screen.pages(told, 80, 5)) == [["Request", *payments[0]], payments[1], payments[2]]
    # What no page can hold begins on one of its own.
    assert list(screen.pages(told, 80, 2))[1] == ["", "PAYS 0"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=30), st.integers(1, 40), st.integers(1, 20))
def test_no_page_is_higher_than_the_terminal_and_no_line_is_lost(told: list[str], columns: int, rows: int) -> None:
    """Counted as the terminal that is widest with letters that are not ASCII."""
    sheets = list(screen.pages(told, columns, rows))
    assert [line for sheet in sheets for line in sheet] == told
    for sheet in sheets:
        heights = [max(1, -(-sum(1 if sign < "\x80" else 2 for sign in line) // columns)) for line in sheet]
        assert sum(heights) <= rows or len(sheet) == 1


@pytest.mark.parametrize("letter", ["\u0416", "\u00a7", "\u2665", "\u00e9"])
def test_no_letter_that_some_terminals_make_wide_folds_a_line(judgement: Judgement, letter: str) -> None:
    """A terminal folds at its first column, where a purpose would look like a line of the signer's own."""
    told = shown(replace(judgement, request=replace(judgement.request, purpose=letter * 66 + "PAYS 0.1")))
    assert max(sum(1 if sign < "\x80" else 2 for sign in line) for line in told) <= 78


def test_japanese_is_folded_between_letters_and_no_line_begins_with_a_full_stop() -> None:
    sentence = "  " + "\u9001\u91d1" * 19 + "\u3067\u3059\u3002\u627f\u8a8d"
    told = list(screen.folded(sentence, 4))
    assert told == ["  " + "\u9001\u91d1" * 19, "    \u3067\u3059\u3002\u627f\u8a8d"]
    closing = list(screen.folded("  " + "\u9001" * 38 + "\u3002\u627f\u8a8d", 4))
    assert closing == ["  " + "\u9001" * 37, "    \u9001\u3002\u627f\u8a8d"]
    opening = list(screen.folded("  " + "\u9001" * 37 + "\uff08\u627f\u8a8d\uff09", 4))
    assert opening == ["  " + "\u9001" * 37, "    \uff08\u627f\u8a8d\uff09"]


def test_a_number_and_its_unit_stay_together_in_japanese() -> None:
    (first, second) = screen.folded("  " + "\u9001" * 37 + "14\u65e5\u9593", 4)
    assert (first, second) == ("  " + "\u9001" * 37, "    14\u65e5\u9593")

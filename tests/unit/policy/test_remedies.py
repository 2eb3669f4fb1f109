"""What would make a refused request pass: for every reason somebody, and never a way around a flagged payee."""

from pathlib import Path

import pytest

from custody.policy.decision import Decision, Reason
from custody.policy.remedies import AGAINST, PEOPLE, REMEDIES, against, remedies


def reason(code: str, rule: str = "a rule") -> Reason:
    return Reason(code, rule, "seen", "required")


def told(*codes: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.who, one.word, one.codes) for one in remedies(Decision.of(map(reason, codes), ()))]


def test_remedies_are_grouped_by_who_can_do_them() -> None:
    assert told("CAP-EXCEEDED", "FEE-RATE", "APPROVALS-MISSING", "TRAVEL-RULE-NONE") == [
        ("maker", "smaller", ("CAP-EXCEEDED",)),
        ("maker", "cheaper", ("FEE-RATE",)),
        ("maker", "record", ("TRAVEL-RULE-NONE",)),
        ("approvers", "approve", ("APPROVALS-MISSING",)),
        ("compliance", "higher-cap", ("CAP-EXCEEDED", "FEE-RATE")),
    ]


def test_beside_a_flagged_payee_nothing_else_is_told() -> None:
    """Somebody who was told what else is missing would bring it."""
    assert told("DESTINATION-FLAGGED", "APPROVALS-MISSING", "CAP-EXCEEDED") == [
        ("nobody", "flagged", ("DESTINATION-FLAGGED",)),
        ("compliance", "delisted", ("DESTINATION-FLAGGED",)),
    ]


@pytest.mark.parametrize("code", ["SAFE-DELEGATECALL", "PSBT-CHANGE-SPOOF", "LOG-ROLLBACK", "APPROVAL-REJECTED"])
def test_what_no_honest_house_does_is_nobody_s_to_answer(code: str) -> None:
    assert [who for who, *_ in told(code, "CAP-EXCEEDED")] == ["nobody"]


def test_a_fault_of_a_transaction_is_its_maker_s() -> None:
    (one,) = remedies(Decision.of([reason("TX-DUST", "transaction")], ()))
    assert (one.who, one.word) == ("maker", "another-transaction")


def test_a_reason_without_a_remedy_is_nobody_s() -> None:
    assert told("A-CODE-OF-TOMORROW") == [("nobody", "unknown", ("A-CODE-OF-TOMORROW",))]


def test_an_allowed_request_needs_no_remedy() -> None:
    assert remedies(Decision.of([], (), (), [reason("DUPLICATE-PAYMENT")])) == ()


def test_the_first_remedy_never_loosens() -> None:
    loosening = {"higher-cap", "name-asset", "name-network", "let-answer", "delisted", "house-name", "allow-list"}
    assert {words[0] for words in AGAINST.values()}.isdisjoint(loosening)
    for code in ("DESTINATION-FLAGGED", "DESTINATION-LOOK-ALIKE"):
        assert REMEDIES[against(reason(code))[0]] == "nobody"


def test_every_remedy_is_somebody_s_and_used() -> None:
    assert set(REMEDIES.values()) == set(PEOPLE)
    used = {word for words in AGAINST.values() for word in words} | {"unknown", "another-transaction"}
    assert used == REMEDIES.keys(), "custody/policy/remedies.py: REMEDIES and AGAINST differ"


def rows(project: Path) -> dict[str, str]:
    """Code and kind of each row of docs/spec/codes.md."""
    lines = (project / "docs/spec/codes.md").read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {row[0]: row[1] for row in cells if len(row) == 3 and row[0] not in ("code", "---")}


def test_every_reason_of_the_policy_has_a_remedy(project: Path) -> None:
    kinds = rows(project)
    missing = {code for code, kind in kinds.items() if "policy" in kind} - AGAINST.keys()
    assert not missing, f"say who can do something, in AGAINST of custody/policy/remedies.py: {sorted(missing)}"
    assert AGAINST.keys() <= kinds.keys()

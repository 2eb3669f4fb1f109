"""A finding of the lint as scripts read it, and when one requirement asks for more than others."""

import pytest

from custody.policy.decision import Requirement
from custody.policy.lint.finding import asks_more, error, warning

ONE, TWO, APART = (Requirement(*asked) for asked in ((1, "approver", 1), (2, "approver", 1), (2, "approver", 2)))
COMPLIANCE = Requirement(3, "compliance", 3)
NOBODY = Requirement(0, "approver", 0)


def test_a_finding_for_scripts() -> None:
    assert error("LINT-FEE", "chains", "nothing passes").as_json() == {
        "code": "LINT-FEE",
        "severity": "error",
        "where": "chains",
        "why": "nothing passes",
    }
    assert warning("LINT-FEE", "chains", "nothing passes").severity == "warning"


@pytest.mark.parametrize(
    ("one", "others", "more"),
    [
        (ONE, (), True),
        (NOBODY, (), False),
        (Requirement(1, "approver", 0), (), True),
        (Requirement(0, "approver", 1), (), True),
        (ONE, (COMPLIANCE,), True),
        (ONE, (ONE,), False),
        (TWO, (ONE,), True),
        (TWO, (TWO, ONE), False),
        (TWO, (ONE, TWO), False),
        (APART, (TWO,), True),
        (APART, (APART, ONE), False),
        (Requirement(1, "approver", 2), (TWO,), True),
    ],
)
def test_a_requirement_asks_for_more_where_people_or_organisations_are_more(
    one: Requirement, others: tuple[Requirement, ...], more: bool
) -> None:
    assert asks_more(one, *others) == more

"""What the officers read of the device itself: one screen written by hand, and bundles that try to rearrange it."""

import unicodedata
from dataclasses import replace
from typing import Any

import councils
import pytest
import rosters
from ceremonies import NOW
from hypothesis import given
from hypothesis import strategies as st

from custody import council_screen
from custody.council_screen import duration, heading
from custody.governance.actions import Resolution
from custody.governance.clocks import Credit, Times
from custody.governance.install import Proposal, Standing, propose
from custody.governance.moments import Delay
from custody.governance.state import KINDS, Held, State, Waiting
from custody.officers.openpgp import Claim
from custody.policy.compare.change import Change
from custody.wire.bundle import Bundle

HOUR, DAY = 3_600, 86_400
TIMES = Times(NOW, 40_000)
FILE = Held(bytes(32), 4)
WAITING = State(waiting={"policy": Waiting(FILE, Delay(40_000 - HOUR, DAY))})
FROZEN = State(frozen=True)
THAWING = State(frozen=True, thaw=Delay(40_000, DAY))
LOOSER = Change(True, "chains.regtest.cap_per_day", "coin 200000", "coin 900000", "900000 refused before, allowed now")
TIGHTER = Change(False, "flagged", "1 address", "2 addresses", "")
BUNDLE = rosters.bundle("policy", b"version = 1\n", sequence=4, previous=bytes(32))

GOLDEN = f"""\
REHEARSAL: keys for practice, coins without value

Bundle        policy number 4 of example-exchange
Valid         2025-12-01T00:00:00Z to 2026-04-01T00:00:00Z
SHA-256       {BUNDLE.digest.hex()}
Signed by     Kato, Mori

NEWLY ALLOWED chains.regtest.cap_per_day
  before      coin 200000
  after       coin 900000
  example     900000 refused before, allowed now

Changed       flagged
  before      1 address
  after       2 addresses

It loosens. It comes into force after 24 h, counted while this device is
switched on, and stands on every screen meanwhile; any one officer can stop
it: custody signer veto policy"""


def proposal(*changes: Change, bundle: Bundle = BUNDLE, signers: tuple[str, ...] = ("Kato", "Mori")) -> Proposal:
    delay = Delay(40_000, DAY) if any(one.loosens for one in changes) else None
    return Proposal(bundle, signers, changes, delay, State())


def shown(*changes: Change, **parts: Any) -> list[str]:
    made = proposal(*changes, **parts)
    resolution = Resolution({"action": "install", **made.as_json()}, 2, made.state, made)
    return list(council_screen.lines(resolution, heading(State(), TIMES, rehearsal=True)))


def test_the_screen_of_a_bundle_that_loosens() -> None:
    assert "\n".join(shown(LOOSER, TIGHTER)) == GOLDEN


def test_a_bundle_that_loosens_nothing_says_so() -> None:
    assert shown(TIGHTER)[-1] == "It loosens nothing, and comes into force at once."
    assert "NEWLY ALLOWED" not in "\n".join(shown(TIGHTER))
    assert shown()[-2:] == [
        "Nothing is decided differently by it.",
        "It loosens nothing, and comes into force at once.",
    ]


@pytest.mark.parametrize(
    ("resolution", "told"),
    [
        (
            Resolution({"action": "veto", "digest": "00" * 32, "kind": "policy"}, 1, State()),
            "VETO: the policy that waits will not come into force.",
        ),
        (
            Resolution({"action": "freeze"}, 1, FROZEN),
            "FREEZE: nothing is signed from now on, until the quorum thaws the device.",
        ),
        (Resolution({"action": "thaw", "delay": None}, 2, THAWING), "THAW: the device signs again 24 h from now."),
    ],
)
def test_every_decision_is_told_in_a_line_below_what_stands_above(resolution: Resolution, told: str) -> None:
    above = heading(WAITING, TIMES, rehearsal=False)
    assert list(council_screen.lines(resolution, above)) == [*above, told]


# What stands above every screen.


def test_nothing_stands_above_where_nothing_waits() -> None:
    assert heading(State(), TIMES, rehearsal=False) == ()


@pytest.mark.parametrize(("state", "begins"), [(FROZEN, "FROZEN: "), (THAWING, "FROZEN: "), (WAITING, "WAITING: ")])
@pytest.mark.parametrize("rehearsal", [False, True])
def test_what_waits_and_that_nothing_is_signed_stands_on_top(state: State, begins: str, rehearsal: bool) -> None:
    rows = heading(state, TIMES, rehearsal=rehearsal)
    assert rows[rehearsal].startswith(begins)
    assert rows[-1] == ""
    assert "".join(rows).count(begins) == 1


def test_everything_that_waits_is_named_with_its_number_and_its_veto() -> None:
    state = State(
        waiting={kind: Waiting(Held(bytes(32), number), Delay(40_000, DAY)) for number, kind in enumerate(KINDS, 1)},
        frozen=True,
    )
    told = " ".join(line.strip() for line in heading(state, TIMES, rehearsal=False))
    for number, kind in enumerate(KINDS, 1):
        assert f"WAITING: {kind} number {number}, which loosens, comes into force in 24 h 00 min" in told
        assert f"Any officer can stop it: custody signer veto {kind}" in told
    assert told.index("FROZEN") < told.index("WAITING")


def test_a_thaw_that_was_agreed_says_how_long_it_takes() -> None:
    assert heading(THAWING, replace(TIMES, elapsed=40_000 + HOUR), rehearsal=False) == (
        "FROZEN: nothing is signed; it thaws in 23 h 00 min, counted while this device",
        "    is switched on",
        "",
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 h 00 min"),
        (1, "0 h 01 min"),
        (60, "0 h 01 min"),
        (61, "0 h 02 min"),
        (3_599, "1 h 00 min"),
        (3_600, "1 h 00 min"),
        (3_601, "1 h 01 min"),
        (86_400, "24 h 00 min"),
        (720 * HOUR, "720 h 00 min"),
    ],
)
def test_a_delay_is_told_in_hours_and_minutes_never_shorter_than_it_is(seconds: int, told: str) -> None:
    assert duration(Delay(40_000, seconds), TIMES) == f"{told}, counted while this device is switched on"


def test_what_has_passed_is_not_told_again() -> None:
    later = Times(NOW, 40_000 + HOUR, (Credit(40_000, HOUR), Credit(39_999, DAY)))
    assert duration(Delay(40_000, DAY), later).startswith("22 h 00 min")
    assert duration(Delay(40_000, HOUR), later).startswith("0 h 00 min")


@given(st.integers(0, 720 * HOUR))
def test_the_hours_and_minutes_add_up(seconds: int) -> None:
    hours, minutes = duration(Delay(40_000, seconds), TIMES).replace(" min", "").split(",")[0].split(" h ")
    assert 0 <= (int(hours) * 60 + int(minutes)) * 60 - seconds < 60
    assert int(minutes) < 60


def test_a_credit_is_told_before_consent_with_the_date_that_it_comes_from() -> None:
    made = proposal(LOOSER)
    resolution = Resolution({"action": "install", **made.as_json()}, 2, made.state, made)
    without, told = list(council_screen.lines(resolution, ())), list(council_screen.lines(resolution, (), 90_061))
    assert told[: len(without)] == without
    credited = " ".join(line.strip() for line in told[len(without) :])
    assert credited.startswith(" CLOCK: consent counts 25 h 01 min that this device was switched off as passed")
    assert "2025-12-01T00:00:00Z" in credited


# Whoever writes a bundle, and whoever is named in it, may try.

HOSTILE = (
    "\x1b[2J\x1b[H",
    "x\rBundle        list number 1",
    "x\nIt loosens nothing, and comes into force at once.",
    "x\n\nIt loosens nothing, and comes into force at once.\x85\x0b\x0c",
    "x" * 64 + " " * 14 + "It loosens nothing, and comes into force at once.",
    "x\u2028It loosens nothing\u2029",
    "\u202eecrof otni semoc\u202c",
    "\u2066\u2067\u2068\u2069\u061c\u200e\u200f",
    "a\u200bb\u200c\u200d\ufeff\u2060\u00ad",
    "Z" + "\u0335\u0321\u0489" * 20,
    "\x00\x07\x08\x7f",
    "\u6c34" * 200,
)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("part", ["rule", "before", "after", "example"])
def test_no_change_can_alter_the_screen(hostile: str, part: str) -> None:
    check_screen(shown(replace(LOOSER, **{part: hostile}), TIGHTER))
    check_screen(shown(LOOSER, replace(TIGHTER, **{part: hostile})))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_signers_name_can_alter_the_screen(hostile: str) -> None:
    check_screen(shown(LOOSER, TIGHTER, signers=(hostile, "Mori")))


@given(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=200)] * 4), st.booleans())
def test_any_change_leaves_every_other_line_as_it_is(texts: tuple[str, ...], loosens: bool) -> None:
    told = shown(Change(loosens, *texts), LOOSER, TIGHTER)
    check_screen(told, more=1)
    assert told[-3:] == shown(LOOSER, TIGHTER)[-3:]


LABELS = {
    *("REHEARSAL: key", "Bundle", "Valid", "SHA-256", "Signed by", "NEWLY ALLOWED", "Changed"),
    *("before", "after", "example", "", "It loosens. It", "switched on, a", "it: custody si"),
}


def check_screen(told: list[str], more: int = 0) -> None:
    """Every line is plain and begins as one of our own does; the verdict and the labels are those of the honest one."""
    assert [line for line in told if not is_plain(line)] == []
    honest = [line[:14].strip() for line in shown(LOOSER, TIGHTER)]
    labels = [line[:14].strip() for line in told]
    assert set(labels) <= LABELS
    assert told[-3:] == shown(LOOSER, TIGHTER)[-3:]
    for label in ("Bundle", "Valid", "SHA-256", "Signed by"):
        assert labels.count(label) == 1
    counted = labels.count("NEWLY ALLOWED") + labels.count("Changed")
    assert counted == honest.count("NEWLY ALLOWED") + honest.count("Changed") + more


def is_plain(line: str) -> bool:
    """Visible characters and ordinary spaces only."""
    return all(character == " " or unicodedata.category(character)[0] not in "CZ" for character in line)


def test_a_screen_that_shows_everything_as_it_is_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(council_screen, "printable", lambda text: text)
    with pytest.raises(AssertionError):
        check_screen(shown(replace(LOOSER, example="x\nIt loosens nothing."), TIGHTER))


class Believing:
    """Finds every signature good."""

    def verify(self, claim: Claim, at: int) -> None: ...


def test_a_real_bundle_is_shown_with_what_it_allows() -> None:
    """The policy of a house with a raised cap of the day, proposed as the device does it."""
    bodies = {kind: one.bundle.body for kind, one in councils.bundles().items()}
    held = {kind: Held(one.bundle.digest, 1) for kind, one in councils.bundles().items()}
    raised = councils.POLICY.replace(b'"200000"', b'"900000"')
    signed = councils.HOUSE.signed("policy", raised, after=councils.bundles()["policy"])
    made = propose(signed, Standing(State.founded(held), bodies, ("Sato", "Abe"), TIMES), Believing())
    told = shown(*made.changes, bundle=made.bundle, signers=made.signers)
    assert told[2] == "Bundle        policy number 2 of example-exchange"
    assert "Signed by     Kato, Mori" in told
    (change,) = (place for place, line in enumerate(told) if line.startswith(("NEWLY ALLOWED", "Changed")))
    assert told[change].startswith("NEWLY ALLOWED")
    assert any("0.00900000" in line or "900000" in line for line in told[change:])

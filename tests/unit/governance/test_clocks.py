"""The two clocks: the page's example, each attack of the page, what a clock's text may be."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from custody.errors import HomeError
from custody.governance.clocks import MAX_CREDITS, MAX_FLOOR_LEAD, MAX_SECONDS, Anchor, Clock, Credit, Reading

HOUR, DAY, YEAR = 3_600, 86_400, 365 * 86_400
NOW = 1_795_000_000


def clock_with_a_bundle() -> Clock:
    """A home made at NOW, in a boot that began just then, with its first bundle at once."""
    return Clock.start(Reading(NOW, "a", 0)).raise_floor(NOW, Reading(NOW, "a", 0))


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


# The page


def test_the_worked_example_holds(project: Path) -> None:
    page = (project / "docs/spec/clocks.md").read_text("utf-8")
    lines = page.partition("<!-- example:steps -->")[2].strip().splitlines()[2:]
    (written,) = re.findall(r"<!-- example:clock -->\n```json\n(.*?)```", page, re.DOTALL)
    clock, payments = None, []
    for line in lines:
        what, rtc, boot, uptime, *said = (cell.strip() for cell in line.strip("|").split("|"))
        reading = Reading(unix(rtc), boot, int(uptime))
        clock = Clock.start(reading) if clock is None else clock.observe(reading)
        if what.startswith("bundle"):
            clock = clock.raise_floor(unix(what.removeprefix("bundle ")), reading)
        if what == "payment":
            payments.append(clock.elapsed)
        floor = 0 if said[0] == "-" else unix(said[0])
        assert (clock.floor, clock.elapsed, clock.since(0)) == (floor, int(said[1]), int(said[2])), line
    assert clock is not None
    assert len(lines) == 5
    assert clock.as_json() == json.loads(written)
    # As the page says: the credit reaches the payment that was made in the boot of the first bundle, not the other.
    assert [clock.since(mark) for mark in payments] == [660 + 598_740, 600]


# Counting


def test_time_counts_while_the_device_is_on() -> None:
    clock = Clock.start(Reading(NOW, "a", 50)).observe(Reading(NOW, "a", 80))
    assert (clock.elapsed, clock.since(0), clock.since(30)) == (30, 30, 0)


def test_a_new_boot_counts_from_its_beginning() -> None:
    clock = Clock.start(Reading(NOW, "a", 50)).observe(Reading(NOW, "b", 20))
    assert clock.elapsed == 20


def test_what_is_done_in_the_first_second_of_a_boot_has_a_mark_of_its_own() -> None:
    before = clock_with_a_bundle()
    after = before.observe(Reading(NOW + DAY, "b", 0))
    moved = after.raise_floor(NOW + DAY, Reading(NOW + DAY, "b", 0))
    assert after.elapsed > before.elapsed
    assert moved.since(before.elapsed) == DAY
    assert moved.since(after.elapsed) == 0


def test_uptime_that_runs_backwards_counts_nothing_twice() -> None:
    clock = Clock.start(Reading(NOW, "a", 0))
    for uptime in (100, 40, 100, 0, 101):
        clock = clock.observe(Reading(NOW, "a", uptime))
    assert clock.elapsed == 101


def test_a_device_started_anew_each_hour_counts_each_hour() -> None:
    clock = Clock.start(Reading(NOW, "boot-0", 0))
    for boot in range(1, 25):
        clock = clock.observe(Reading(NOW, f"boot-{boot}", HOUR))
    assert clock.elapsed == 24 * HOUR


def test_counters_without_sense_stop_at_the_last_second() -> None:
    clock = Clock.start(Reading(NOW, "a", 0))
    for boot in ("b", "c", "d"):
        clock = clock.observe(Reading(NOW, boot, MAX_SECONDS))
    assert clock.elapsed == MAX_SECONDS
    assert Clock.parse(clock.as_json()) == clock


def test_an_age_is_never_negative() -> None:
    assert clock_with_a_bundle().since(MAX_SECONDS) == 0


# The RTC


def test_an_rtc_set_forward_and_back_leaves_nothing() -> None:
    clock = clock_with_a_bundle()
    forward, back = Reading(NOW + YEAR, "a", 10), Reading(NOW + 20, "a", 20)
    wrong = clock.observe(forward)
    right = wrong.observe(back)
    assert wrong.latest(forward) == NOW + YEAR
    assert right.latest(back) == NOW + 20
    assert (wrong.since(0), right.since(0)) == (10, 20)
    assert right == clock.observe(back)


def test_an_empty_battery_neither_makes_anything_fresh_nor_bricks_the_device() -> None:
    clock, empty = clock_with_a_bundle(), Reading(60, "b", 60)
    woken = clock.observe(empty)
    assert woken.latest(empty) == NOW
    with pytest.raises(HomeError, match="CLOCK-AHEAD") as refused:
        woken.raise_floor(NOW + DAY, empty)
    assert "Set the device's clock" in refused.value.hint
    again = Reading(NOW + DAY, "b", 120)
    moved = woken.raise_floor(NOW + DAY, again)
    assert (moved.floor, moved.since(0)) == (NOW + DAY, DAY)


def test_an_rtc_before_the_last_floor_move_credits_nothing() -> None:
    back = Reading(NOW - HOUR, "b", 60)
    assert clock_with_a_bundle().raise_floor(NOW + DAY, back).since(0) == 60


def test_an_rtc_set_forward_at_a_bundle_costs_the_next_credit_and_nothing_else() -> None:
    clock = clock_with_a_bundle().raise_floor(NOW + HOUR, Reading(NOW + YEAR, "b", HOUR))
    assert clock.since(0) == HOUR
    lost = clock.raise_floor(NOW + DAY, Reading(NOW + DAY, "c", HOUR))
    assert lost.since(0) == 2 * HOUR
    right = lost.raise_floor(NOW + 2 * DAY, Reading(NOW + 2 * DAY, "d", HOUR))
    assert right.since(lost.elapsed) == DAY


# The floor


@pytest.mark.parametrize("stamp", [NOW + MAX_FLOOR_LEAD + 1, unix("2099-01-01T00:00:00Z"), 2**80])
def test_a_bundle_from_the_future_is_refused(stamp: int) -> None:
    with pytest.raises(HomeError, match="CLOCK-AHEAD"):
        clock_with_a_bundle().raise_floor(stamp, Reading(NOW, "b", 60))


def test_a_bundle_may_be_dated_48_hours_ahead_and_credits_no_more_than_the_rtc_says() -> None:
    reading = Reading(NOW + HOUR, "b", 60)
    clock = clock_with_a_bundle().raise_floor(NOW + HOUR + MAX_FLOOR_LEAD, reading)
    assert clock.latest(reading) == NOW + HOUR + MAX_FLOOR_LEAD
    assert clock.since(0) == HOUR


def test_no_bundle_is_dated_past_the_last_second() -> None:
    with pytest.raises(HomeError, match="CLOCK-AHEAD"):
        clock_with_a_bundle().raise_floor(MAX_SECONDS + 1, Reading(MAX_SECONDS, "a", 0))


@pytest.mark.parametrize("stamp", [NOW, NOW - 1, 0, -1])
def test_a_bundle_that_is_not_newer_moves_nothing(stamp: int) -> None:
    clock, reading = clock_with_a_bundle(), Reading(NOW + DAY, "b", 60)
    assert clock.credit(stamp, reading) == 0
    assert clock.raise_floor(stamp, reading) == clock.observe(reading)


def test_a_year_in_a_drawer_is_credited_by_a_bundle_and_by_nothing_else() -> None:
    reading = Reading(NOW + YEAR, "b", 60)
    clock = clock_with_a_bundle().observe(reading)
    assert clock.since(0) == 60
    assert clock.credit(NOW + YEAR, reading) == YEAR - 60
    assert clock.raise_floor(NOW + YEAR, reading).since(0) == YEAR
    # Dated ahead of the RTC, the year is still no longer than a year.
    assert clock.raise_floor(NOW + YEAR + DAY, reading).since(0) == YEAR


def test_without_a_restart_there_is_nothing_to_credit() -> None:
    reading = Reading(NOW + 30 * DAY, "a", HOUR)
    assert clock_with_a_bundle().raise_floor(NOW + 30 * DAY, reading).since(0) == HOUR


def test_the_first_bundle_credits_nothing() -> None:
    made_with_an_empty_battery = Clock.start(Reading(0, "a", 0))
    assert made_with_an_empty_battery.raise_floor(NOW, Reading(NOW, "b", 60)).since(0) == 60


def test_withheld_stamps_do_not_stop_what_is_waited_for() -> None:
    clock = clock_with_a_bundle()
    delay_began = clock.elapsed
    for boot in range(12):
        clock = clock.observe(Reading(0, f"boot-{boot}", 2 * HOUR))
    assert clock.since(delay_began) == 24 * HOUR


def test_the_day_of_a_bundle_has_no_second_cap() -> None:
    clock = clock_with_a_bundle()
    last_week = clock.elapsed
    today = clock.observe(Reading(NOW + 7 * DAY, "b", 300))
    moved = today.raise_floor(NOW + 7 * DAY + 600, Reading(NOW + 7 * DAY + 600, "b", 900))
    assert moved.since(last_week) == 7 * DAY + 600
    assert moved.since(today.elapsed) == 600


def test_what_is_done_in_the_boot_of_a_bundle_is_aged_by_the_next_bundle() -> None:
    clock = clock_with_a_bundle().observe(Reading(NOW + HOUR, "a", HOUR))
    payment = clock.elapsed
    later = Reading(NOW + 7 * DAY, "b", 300)
    assert clock.raise_floor(NOW + 7 * DAY, later).since(payment) == 7 * DAY - HOUR


def test_a_stamp_that_was_held_back_is_not_worth_its_age() -> None:
    clock = Clock.start(Reading(NOW, "a", 0)).raise_floor(NOW - 30 * DAY, Reading(NOW, "a", 0))
    assert clock.raise_floor(NOW + 60, Reading(NOW + 30 * DAY, "b", 30)).since(0) == 60


def test_rtc_and_quorum_together_can_lie_and_the_screen_says_by_how_much() -> None:
    lie = Reading(NOW + 30 * DAY, "b", 60)
    clock = clock_with_a_bundle()
    assert clock.credit(NOW + 30 * DAY, lie) == 30 * DAY - 60
    assert clock.raise_floor(NOW + 30 * DAY, lie).latest(Reading(NOW + 61, "b", 61)) == NOW + 30 * DAY


def test_many_credits_become_fewer_and_make_nothing_older() -> None:
    clock, marks = clock_with_a_bundle(), [0]
    days = MAX_CREDITS + 40
    for day in range(1, days + 1):
        reading = Reading(NOW + day * DAY, f"boot-{day}", HOUR)
        clock = clock.raise_floor(reading.rtc, reading)
        marks.append(clock.elapsed)
    assert len(clock.credits) == MAX_CREDITS
    assert clock.since(0) == days * DAY
    ages = [clock.since(mark) for mark in marks]
    truth = [(days - day) * DAY for day in range(days + 1)]
    assert all(age <= true for age, true in zip(ages, truth, strict=True))
    assert ages[41:] == truth[41:]


# Forms


@pytest.mark.parametrize(
    ("rtc", "boot", "uptime"),
    [
        (-1, "a", 0),
        (MAX_SECONDS + 1, "a", 0),
        (0, "a", -1),
        (0, "a", MAX_SECONDS + 1),
        (0, "", 0),
        (0, "a\n", 0),
        (0, "A", 0),
        (0, "a" * 37, 0),
    ],
)
def test_what_no_clock_can_say_is_refused(rtc: int, boot: str, uptime: int) -> None:
    with pytest.raises(HomeError, match="CLOCK-READING"):
        Reading(rtc, boot, uptime)


FULL = Clock(NOW, 500, "b", 60, Anchor(NOW, 400, "b", 450), (Credit(100, 5), Credit(300, 7)))
ANCHOR = {"boot": "b", "elapsed": 400, "rtc": NOW, "until": 450}


def test_a_clock_comes_back_from_its_json() -> None:
    assert Clock.parse(FULL.as_json()) == FULL


@pytest.mark.parametrize(
    "change",
    [
        {"floor": -1},
        {"floor": 0},
        {"floor": True},
        {"floor": "1"},
        {"floor": MAX_SECONDS + 1},
        {"elapsed": 399},
        {"elapsed": None},
        {"uptime": -1},
        {"uptime": MAX_SECONDS + 1},
        {"boot": ""},
        {"boot": "B"},
        {"boot": 1},
        {"anchor": None},
        {"anchor": None, "credits": []},
        {"anchor": None, "floor": 0},
        {"anchor": []},
        {"anchor": ANCHOR | {"more": 1}},
        {"anchor": ANCHOR | {"elapsed": 451}},
        {"anchor": ANCHOR | {"until": 501}},
        {"anchor": ANCHOR | {"until": 399}},
        {"anchor": ANCHOR | {"rtc": -1}},
        {"anchor": ANCHOR | {"boot": ""}},
        {"anchor": {"boot": "b", "elapsed": 400, "rtc": NOW}},
        {"credits": None},
        {"credits": [[100]]},
        {"credits": [[100, 5, 6]]},
        {"credits": [100]},
        {"credits": [[100, 0]]},
        {"credits": [[100, -5]]},
        {"credits": [[100, True]]},
        {"credits": [[401, 5]]},
        {"credits": [[300, 7], [100, 5]]},
        {"credits": [[100, 5]] * (MAX_CREDITS + 1)},
        {"more": 1},
    ],
)
def test_what_no_clock_writes_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        Clock.parse(FULL.as_json() | change)


@pytest.mark.parametrize("missing", sorted(FULL.as_json()))
def test_a_clock_without_one_of_its_fields_is_refused(missing: str) -> None:
    fields = FULL.as_json()
    del fields[missing]
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        Clock.parse(fields)


@pytest.mark.parametrize("value", [None, True, 1, "clock", [], {}])
def test_what_is_no_object_is_no_clock(value: Any) -> None:
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        Clock.parse(value)

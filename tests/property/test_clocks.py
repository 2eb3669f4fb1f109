"""Any schedule of work, rest and lies, against a world that knows the true time.

In each world one dimension lies and the other does not; no age may then exceed the truth. The same check finds clocks
that believe too much.
"""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.codec import canonical_json
from custody.errors import HomeError
from custody.governance.clocks import MAX_FLOOR_LEAD, Clock, Reading

HOUR, DAY = 3_600, 86_400
BEGINNING = 1_795_000_000


@dataclass(frozen=True)
class Step:
    """A restart after ``off`` seconds, or none; ``on`` seconds of running; then a look at the clocks.

    ``rtc`` and ``stamp`` are how far the RTC and a bundle, where one is installed, are from the truth.
    """

    on: int
    off: int | None = None
    rtc: int = 0
    stamp: int | None = None


class World:
    """The truth, and a clock that is shown only readings and stamps."""

    def __init__(self, kind: type[Clock] = Clock) -> None:
        self.now = self.booted = BEGINNING
        self.boots, self.on = 0, 0
        self.clock = kind.start(self.reading(0))
        self.marks = [(self.clock.elapsed, self.now)]

    def reading(self, lie: int) -> Reading:
        return Reading(max(0, self.now + lie), f"boot-{self.boots}", self.now - self.booted)

    def go(self, step: Step) -> None:
        """Lets time pass; a boot takes a second at least."""
        on = step.on
        if step.off is not None:
            on = max(1, on)
            self.now += step.off
            self.booted, self.boots = self.now, self.boots + 1
        self.now += on
        self.on += on

    def take(self, step: Step) -> None:
        """Lets time pass, shows the clock what a signer would show it, and checks what it then says."""
        self.go(step)
        reading, before = self.reading(step.rtc), self.clock
        self.clock = before.observe(reading)
        if step.stamp is not None:
            self._install(self.now + step.stamp, reading)
        self.marks.append((self.clock.elapsed, self.now))
        self._check(before, reading)

    def _install(self, stamp: int, reading: Reading) -> None:
        try:
            self.clock = self.clock.raise_floor(stamp, reading)
        except HomeError as error:
            assert error.code == "CLOCK-AHEAD"
            assert stamp > reading.rtc + MAX_FLOOR_LEAD

    def _check(self, before: Clock, reading: Reading) -> None:
        for mark, then in self.marks:
            assert self.clock.since(mark) <= self.now - then, "older than it is"
            assert self.clock.since(mark) >= before.since(mark), "younger than it was"
        assert self.clock.elapsed == self.on, "not the time that the device was on"
        assert self.clock.floor >= before.floor
        assert self.clock.latest(reading) >= max(self.clock.floor, reading.rtc)


def played(steps: list[Step], kind: type[Clock] = Clock) -> World:
    """The world after these steps, each checked."""
    world = World(kind)
    for step in steps:
        world.take(step)
    return world


def schedules(rtc: st.SearchStrategy[int], stamp: st.SearchStrategy[int]) -> st.SearchStrategy[list[Step]]:
    """Up to a dozen steps with these lies."""
    step = st.builds(
        Step,
        on=st.integers(0, 3 * DAY),
        off=st.none() | st.sampled_from([0, HOUR, DAY, 365 * DAY]) | st.integers(0, 30 * DAY),
        rtc=rtc,
        stamp=st.none() | stamp,
    )
    return st.lists(step, max_size=12)


TRUE = st.just(0)
AHEAD = st.sampled_from([0, DAY, 30 * DAY]) | st.integers(0, 60 * DAY)
BEHIND = AHEAD.map(lambda lie: -lie)
ANY = AHEAD | BEHIND | st.just(-2 * BEGINNING)


@given(steps=schedules(rtc=TRUE, stamp=ANY))
@settings(max_examples=200)
def test_with_a_right_rtc_no_stamp_makes_anything_older_than_it_is(steps: list[Step]) -> None:
    world = played(steps)
    assert world.clock.floor <= world.now + MAX_FLOOR_LEAD


@given(steps=schedules(rtc=ANY, stamp=TRUE))
@settings(max_examples=200)
def test_with_fresh_stamps_no_rtc_makes_anything_older_than_it_is(steps: list[Step]) -> None:
    assert played(steps).clock.floor <= BEGINNING + sum(step.on + (step.off or 0) + 1 for step in steps)


@given(steps=schedules(rtc=AHEAD, stamp=BEHIND))
@settings(max_examples=200)
def test_withheld_stamps_and_an_rtc_set_forward_make_nothing_older_than_it_is(steps: list[Step]) -> None:
    played(steps)


@given(steps=schedules(rtc=TRUE, stamp=TRUE))
@settings(max_examples=200)
def test_when_nobody_lies_all_time_since_the_first_bundle_is_known_at_each_bundle(steps: list[Step]) -> None:
    world = World()
    first: tuple[int, int] | None = None
    for step in steps:
        world.take(step)
        if step.stamp is not None:
            first = first or (world.clock.elapsed, world.now)
            assert world.clock.since(first[0]) == world.now - first[1]


@given(steps=schedules(rtc=ANY, stamp=ANY), choice=st.data())
@settings(max_examples=100)
def test_what_the_screen_says_is_what_is_credited(steps: list[Step], choice: st.DataObject) -> None:
    world = World()
    for step in steps:
        world.go(step)
        reading, stamp = world.reading(step.rtc), max(0, world.now + (step.stamp or 0))
        said = world.clock.credit(stamp, reading)
        if step.stamp is not None and stamp <= reading.rtc + MAX_FLOOR_LEAD:
            moved = world.clock.raise_floor(stamp, reading)
            assert moved.since(0) - world.clock.observe(reading).since(0) == said
            world.clock = moved
        elif choice.draw(st.booleans()):
            world.clock = world.clock.observe(reading)


@given(steps=schedules(rtc=ANY, stamp=ANY))
@settings(max_examples=100)
def test_a_clock_comes_back_from_its_text(steps: list[Step]) -> None:
    world = World()
    for step in steps:
        world.go(step)
        reading = world.reading(step.rtc)
        world.clock = world.clock.observe(reading)
        if step.stamp is not None:
            world._install(world.now + step.stamp, reading)
        text = canonical_json.dumps(world.clock.as_json())
        assert Clock.parse(canonical_json.loads(text, limit=16_384)) == world.clock


class CountsNothing(Clock):
    def observe(self, reading: Reading) -> Clock:
        return replace(super().observe(reading), elapsed=self.elapsed)


class BelievesTheRtc(Clock):
    def observe(self, reading: Reading) -> Clock:
        return super().observe(Reading(reading.rtc, "one-boot", max(reading.rtc, self.uptime)))


class BelievesTheStamp(Clock):
    def credit(self, stamp: int, reading: Reading) -> int:
        return super().credit(stamp, replace(reading, rtc=max(reading.rtc, stamp)))


class JumpsByTheCredit(Clock):
    """One number for elapsed time: what was done after the device was off becomes older with the rest."""

    def since(self, mark: int) -> int:
        return super().since(0) - mark


class MeasuresFromTheLastFloor(Clock):
    """A stamp that was held back is worth its age."""

    def credit(self, stamp: int, reading: Reading) -> int:
        if self.anchor is None or self.anchor.boot == reading.boot:
            return 0
        passed = min(reading.rtc - self.anchor.rtc, stamp - self.floor)
        return max(0, passed - (self.observe(reading).elapsed - self.anchor.elapsed))


RESTARTS = [Step(HOUR), Step(HOUR, off=DAY), Step(HOUR, off=DAY)]
RTC_FORWARD = [Step(HOUR), Step(HOUR, rtc=30 * DAY), Step(HOUR)]
STAMP_AHEAD = [Step(HOUR, stamp=0), Step(HOUR, off=DAY, stamp=DAY)]
PAYMENT_AFTER_A_WEEK_OFF = [Step(HOUR, stamp=0), Step(HOUR, off=7 * DAY), Step(HOUR, stamp=0)]
WITHHELD = [Step(HOUR, stamp=-30 * DAY), Step(HOUR, off=0, rtc=30 * DAY, stamp=0)]


@pytest.mark.parametrize(
    ("kind", "steps", "fault"),
    [
        (CountsNothing, RESTARTS, "not the time that the device was on"),
        (BelievesTheRtc, RTC_FORWARD, "older than it is"),
        (BelievesTheStamp, STAMP_AHEAD, "older than it is"),
        (JumpsByTheCredit, PAYMENT_AFTER_A_WEEK_OFF, "older than it is"),
        (MeasuresFromTheLastFloor, WITHHELD, "older than it is"),
    ],
)
def test_the_check_finds_clocks_that_believe_too_much_or_count_nothing(
    kind: type[Clock], steps: list[Step], fault: str
) -> None:
    played(steps)
    with pytest.raises(AssertionError, match=fault):
        played(steps, kind)

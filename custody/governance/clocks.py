"""The two clocks of the signer (docs/spec/clocks.md).

`Clock.latest` answers "is it too late?", `Clock.since` answers "has enough time passed?". The first errs towards late,
the second towards little, so that neither is used for the other's question.
"""

import re
from dataclasses import dataclass, replace

from custody.codec.canonical_json import Json
from custody.errors import HomeError

#: The last second of the year 9999.
MAX_SECONDS = 253_402_300_799
#: How far a bundle's stamp may lie beyond the RTC, in seconds: 48 hours.
MAX_FLOOR_LEAD = 172_800
MAX_CREDITS = 128

_BOOT = re.compile(r"[a-z0-9-]{1,36}")
_CLOCK_NAMES = {"anchor", "boot", "credits", "elapsed", "floor", "uptime"}
_ANCHOR_NAMES = {"boot", "elapsed", "rtc", "until"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the machine's clocks say now.

    Attributes:
        rtc: Unix seconds, as set by people and kept by a battery.
        boot: a name that this boot shares with no other.
        uptime: whole seconds since this boot.

    Raises:
        HomeError: CLOCK-READING for what no clock can say.
    """

    rtc: int
    boot: str
    uptime: int

    def __post_init__(self) -> None:
        if not (0 <= self.rtc <= MAX_SECONDS and 0 <= self.uptime <= MAX_SECONDS and _BOOT.fullmatch(self.boot)):
            raise HomeError("CLOCK-READING", "The device's clocks say what no clock can.", "Set the device's clock.")


@dataclass(frozen=True, slots=True)
class Anchor:
    """The clocks at the last move of the floor; ``until`` is the last mark in the same boot."""

    rtc: int
    elapsed: int
    boot: str
    until: int

    def seen(self, boot: str, elapsed: int) -> "Anchor":
        """The anchor after a sample."""
        return replace(self, until=elapsed) if boot == self.boot else self


@dataclass(frozen=True, slots=True)
class Credit:
    """Seconds that passed after ``mark`` and were not counted, as officers consented."""

    mark: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Times:
    """The two clocks at the moment of a decision.

    Attributes:
        latest: Unix seconds, for "is it too late?".
        elapsed: the mark of this moment, for "has enough time passed?". credits: time that was not counted.
    """

    latest: int
    elapsed: int
    credits: tuple[Credit, ...] = ()

    def since(self, mark: int) -> int:
        """Seconds that have surely passed since the moment with this mark; never negative."""
        return max(0, self.elapsed - mark) + sum(one.seconds for one in self.credits if one.mark >= mark)


@dataclass(frozen=True, slots=True)
class Clock:
    """What a home knows of time.

    Attributes:
        floor: Unix seconds that have surely passed.
        elapsed: seconds that this device counted, switched on, since its home was made: the mark of this moment. What
            is remembered of a moment is its mark; its age is asked of `since`.
        boot: the boot of the last sample.
        uptime: the highest uptime seen in that boot.
        anchor: absent until the floor has moved.
        credits: by mark, the oldest first.
    """

    floor: int
    elapsed: int
    boot: str
    uptime: int
    anchor: Anchor | None = None
    credits: tuple[Credit, ...] = ()

    @classmethod
    def start(cls, reading: Reading) -> "Clock":
        """The clock of a home that is made now; it takes nothing from the RTC."""
        return cls(0, 0, reading.boot, reading.uptime)

    def observe(self, reading: Reading) -> "Clock":
        """Counts the time since the last sample for which the device was surely switched on."""
        if reading.boot == self.boot:
            counted = max(0, reading.uptime - self.uptime)
            uptime = max(self.uptime, reading.uptime)
        else:
            # At least one second, so that no mark of this boot is also a mark of the one before.
            counted, uptime = max(1, reading.uptime), reading.uptime
        elapsed = min(self.elapsed + counted, MAX_SECONDS)
        anchor = self.anchor.seen(reading.boot, elapsed) if self.anchor else None
        return replace(self, elapsed=elapsed, boot=reading.boot, uptime=uptime, anchor=anchor)

    def latest(self, reading: Reading) -> int:
        """Unix seconds by which to judge whether it is too late."""
        return max(reading.rtc, self.floor)

    def since(self, mark: int) -> int:
        """Seconds that have surely passed since the moment with this mark, as of the last sample; never negative."""
        return Times(self.floor, self.elapsed, self.credits).since(mark)

    def times(self, reading: Reading) -> Times:
        """Both clocks, for a decision."""
        return Times(self.latest(reading), self.elapsed, self.credits)

    def credit(self, stamp: int, reading: Reading) -> int:
        """Seconds that `raise_floor` would credit, to be shown before: time that the device was surely off.

        They age what was done up to the end of the boot in which the floor last moved. Whether the device was off
        before or after what was done later, nobody can tell.
        """
        anchor, now = self.anchor, self.observe(reading)
        if anchor is None or anchor.boot == now.boot:
            return 0
        # From the later of the two: a stamp that was old when it came must not be worth its age.
        by_floor = stamp - max(anchor.rtc, self.floor)
        return max(0, min(reading.rtc - anchor.rtc, by_floor) - (now.elapsed - anchor.elapsed))

    def raise_floor(self, stamp: int, reading: Reading) -> "Clock":
        """The clock after officers have consented to a bundle of full quorum; nothing else may call this.

        Args:
            stamp: Unix seconds that the bundle's signers say have passed. One that is not later than the floor
                changes nothing.

        Raises:
            HomeError: CLOCK-AHEAD when the stamp lies further past the RTC than `MAX_FLOOR_LEAD`.
        """
        if stamp > min(reading.rtc + MAX_FLOOR_LEAD, MAX_SECONDS):
            raise HomeError(
                "CLOCK-AHEAD",
                "The bundle is dated more than 48 hours past this device's clock.",
                "Look at a clock on the wall. Set the device's clock, or refuse the bundle: one of them is wrong.",
            )
        now = self.observe(reading)
        if stamp <= self.floor:
            return now
        seconds = self.credit(stamp, reading)
        anchor = Anchor(reading.rtc, now.elapsed, now.boot, now.elapsed)
        added = (Credit(self.anchor.until, seconds),) if self.anchor and seconds else ()
        return replace(now, floor=stamp, anchor=anchor, credits=_bounded((*self.credits, *added)))

    def as_json(self) -> dict[str, Json]:
        """The state as JSON values."""
        anchor = self.anchor
        return {
            "anchor": {name: getattr(anchor, name) for name in _ANCHOR_NAMES} if anchor else None,
            "boot": self.boot,
            "credits": [[one.mark, one.seconds] for one in self.credits],
            "elapsed": self.elapsed,
            "floor": self.floor,
            "uptime": self.uptime,
        }

    @classmethod
    def parse(cls, value: Json) -> "Clock":
        """The clock that wrote these JSON values.

        Raises:
            HomeError: HOME-CORRUPT for what no clock writes.
        """
        fields = _fields(value, _CLOCK_NAMES)
        elapsed = _whole(fields["elapsed"], MAX_SECONDS)
        anchor = None if fields["anchor"] is None else _anchor(fields["anchor"], elapsed)
        credited = _credits(fields["credits"], anchor.elapsed if anchor else -1)
        floor, uptime = _whole(fields["floor"], MAX_SECONDS), _whole(fields["uptime"], MAX_SECONDS)
        if (floor == 0) != (anchor is None):
            raise _corrupt()
        return cls(floor, elapsed, _boot(fields["boot"]), uptime, anchor, credited)


def _bounded(credited: tuple[Credit, ...]) -> tuple[Credit, ...]:
    """At most `MAX_CREDITS`: beyond, the two oldest become one at the older mark, which credits less, never more."""
    if len(credited) <= MAX_CREDITS:
        return credited
    first, second, *others = credited
    return (Credit(first.mark, min(first.seconds + second.seconds, MAX_SECONDS)), *others)


def _anchor(value: Json, elapsed: int) -> Anchor:
    fields = _fields(value, _ANCHOR_NAMES)
    until = _whole(fields["until"], elapsed)
    return Anchor(_whole(fields["rtc"], MAX_SECONDS), _whole(fields["elapsed"], until), _boot(fields["boot"]), until)


def _credits(value: Json, highest: int) -> tuple[Credit, ...]:
    """Credits in the order of their marks, none of which lies beyond ``highest``."""
    if not isinstance(value, list) or len(value) > MAX_CREDITS:
        raise _corrupt()
    credited = tuple(_credit(pair, highest) for pair in value)
    if list(credited) != sorted(credited, key=lambda one: one.mark):
        raise _corrupt()
    return credited


def _credit(value: Json, highest: int) -> Credit:
    match value:
        case [mark, seconds]:
            return Credit(_whole(mark, highest), _whole(seconds, MAX_SECONDS, low=1))
    raise _corrupt()


def _fields(value: Json, names: set[str]) -> dict[str, Json]:
    if not isinstance(value, dict) or value.keys() != names:
        raise _corrupt()
    return value


def _whole(value: Json, high: int, *, low: int = 0) -> int:
    """A whole number; true and false are none."""
    if type(value) is not int or not low <= value <= high:
        raise _corrupt()
    return value


def _boot(value: Json) -> str:
    if not isinstance(value, str) or not _BOOT.fullmatch(value):
        raise _corrupt()
    return value


def _corrupt() -> HomeError:
    return HomeError("HOME-CORRUPT", "The clock of this home is damaged.", "Restore the home from its backup.")

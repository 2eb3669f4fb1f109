"""The clocks of this machine, and times as people write them."""

import time
from pathlib import Path

from custody.errors import HomeError, UsageError
from custody.governance.clocks import Reading
from custody.times import read_rfc3339

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def unix_time() -> int:
    """Seconds since 1970, UTC."""
    return int(time.time())


def read_clocks() -> Reading:
    """RTC, boot and uptime of this machine. The uptime counts time asleep, and nobody can set it.

    Raises:
        HomeError: CLOCK-READING.
    """
    try:
        boot = _BOOT_ID.read_text("ascii").strip()
        uptime = int(time.clock_gettime(time.CLOCK_BOOTTIME))
    except (OSError, ValueError) as error:
        raise HomeError("CLOCK-READING", "The kernel does not tell its boot and uptime.", "Mount /proc.") from error
    return Reading(unix_time(), boot, uptime)


def rehearsal_reading(at: int) -> Reading:
    """The clocks of a rehearsal that is told the time: one boot that began in 1970 and never ends.

    Raises:
        HomeError: CLOCK-READING before 1970.
    """
    return Reading(at, "rehearsal", at)


def parse_time(text: str) -> int:
    """Unix seconds of ``2026-11-23T09:30:00Z``.

    Raises:
        UsageError: TIME-SYNTAX.
    """
    try:
        return read_rfc3339(text)
    except ValueError:
        raise UsageError("TIME-SYNTAX", "A time reads like 2026-11-23T09:30:00Z.") from None

"""Times as people and files write them: RFC 3339 in UTC, whole seconds, one spelling."""

import re
from datetime import UTC, datetime

from custody.errors import InputError

LAST_SECOND = 253_402_300_799

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def rfc3339(seconds: int) -> str:
    """Unix seconds as ``2026-11-23T09:30:00Z``. Raises InputError TIME-RANGE before 1970 and after 9999."""
    if not 0 <= seconds <= LAST_SECOND:
        raise InputError("TIME-RANGE", "A time is not between the years 1970 and 9999.")
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def readable(seconds: int) -> str:
    """The same for people; a number that is no such time, as ``second 999999999999``."""
    return rfc3339(seconds) if 0 <= seconds <= LAST_SECOND else f"second {seconds}"


def seconds_of(text: str) -> int:
    """Unix seconds of ``2026-11-23T09:30:00Z``.

    Raises:
        InputError: TIME-FORM for any other spelling; TIME-RANGE before 1970.
    """
    try:
        seconds = read_rfc3339(text)
    except ValueError:
        raise InputError("TIME-FORM", "A time reads like 2026-11-23T09:30:00Z.") from None
    if seconds < 0:
        raise InputError("TIME-RANGE", "A time is not between the years 1970 and 9999.")
    return seconds


def read_rfc3339(text: str) -> int:
    """Unix seconds of a time in the one spelling, negative before 1970. Raises ValueError."""
    if not _FORM.fullmatch(text):
        raise ValueError
    return int(datetime.fromisoformat(text).timestamp())

"""The clock of this machine, and times as people write them."""

import re
import time
from datetime import UTC, datetime

from custody.errors import UsageError

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


def unix_time() -> int:
    """Seconds since 1970, UTC."""
    return int(time.time())


def parse_time(text: str) -> int:
    """Unix seconds of ``2026-11-23T09:30:00Z``.

    Raises:
        UsageError: TIME-SYNTAX.
    """
    try:
        if not _RFC3339.fullmatch(text):
            raise ValueError
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise UsageError("TIME-SYNTAX", "A time reads like 2026-11-23T09:30:00Z.") from None

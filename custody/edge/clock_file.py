"""The clock of a home on disk: ``clock.json``, which only the device can have written (docs/spec/clocks.md)."""

import hmac
from pathlib import Path

from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.edge.disk import failures, read_bounded, write_atomic
from custody.errors import HomeError, InputError
from custody.governance.clocks import Clock

MAX_CLOCK_FILE = 16_384

_NAME = "clock.json"
_PURPOSE = b"custody/clock/1"


def load(folder: Path, secret: bytes) -> Clock | None:
    """The clock of the home in this folder; None where there is no file.

    Raises:
        HomeError: HOME-EDITED when this device did not write it, HOME-CORRUPT for any other form, HOME-WRITE.
    """
    path = folder / _NAME
    with failures(f"file {_NAME}"):
        if not path.exists() and not path.is_symlink():
            return None
    clock, mac = _split(read_bounded(path, MAX_CLOCK_FILE))
    if not hmac.compare_digest(mac.encode(), _mac(clock, secret).encode()):
        raise HomeError(
            "HOME-EDITED",
            f"{_NAME} was not written by this device.",
            "Somebody changed this home. Keep it as evidence, and call the security officer.",
        )
    return Clock.parse(clock)


def store(folder: Path, clock: Clock, secret: bytes) -> None:
    """Puts the clock on disk, whole or not at all.

    Raises:
        HomeError: HOME-NO-SPACE, HOME-WRITE.
    """
    state = clock.as_json()
    write_atomic(folder / _NAME, canonical_json.dumps({"clock": state, "mac": _mac(state, secret)}))


def _split(content: bytes) -> tuple[Json, str]:
    try:
        value = canonical_json.loads(content, limit=MAX_CLOCK_FILE)
    except InputError:
        value = None
    match value:
        case {"clock": clock, "mac": str(mac), **others} if not others:
            return clock, mac
    raise HomeError("HOME-CORRUPT", f"{_NAME} of this home is damaged.", "Restore the home from its backup.")


def _mac(clock: Json, secret: bytes) -> str:
    return hmac.digest(secret, _PURPOSE + canonical_json.dumps(clock), "sha256").hex()

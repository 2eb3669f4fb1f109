"""Network interfaces of this machine, as sysfs tells them; no socket is made to ask."""

import re
from pathlib import Path

_IFF_UP = 1
_STRANGE = re.compile(r"[^0-9A-Za-z._-]")


def foreign(root: Path = Path("/")) -> list[str]:
    """Names of the interfaces other than loopback.

    Raises:
        OSError: /sys cannot be read.
    """
    folder = root / "sys/class/net"
    if not folder.is_dir():
        # A kernel without networking has a /sys and no such folder in it.
        list((root / "sys/class").iterdir())
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name != "lo")


def up(root: Path = Path("/")) -> list[str]:
    """Names of the interfaces other than loopback that are up.

    Raises:
        OSError, ValueError: /sys cannot be read.
    """
    return [name for name in foreign(root) if int((root / "sys/class/net" / name / "flags").read_text(), 16) & _IFF_UP]


def seen(root: Path = Path("/")) -> tuple[str, ...] | None:
    """Names of those that are up, in letters that a screen shows as they are; None where that cannot be told."""
    try:
        return tuple(_STRANGE.sub("?", name) for name in up(root))
    except (OSError, ValueError):
        return None


def warning(root: Path = Path("/")) -> str:
    """What stands above every screen of a signer that has a way to a network; nothing where it has none."""
    raised = seen(root)
    if raised is None:
        return "NETWORK: whether an interface is up cannot be told. A signer has none."
    return f"NETWORK: {' and '.join(raised)} up. A signer has no network: take the cable or card out." if raised else ""

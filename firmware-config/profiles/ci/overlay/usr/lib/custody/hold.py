"""CI only: stops the signer between the log entry `authorised` and `answered`, so that the plug can be pulled there.

It waits until an authorisation is on the disk with its checkpoint, freezes every process of the signer, and tells the
serial line what the log ends with. A signer that was faster is told as well, and then the test fails.
"""

import os
import time
from pathlib import Path

from custody.audit.entry import Entry
from custody.audit.line import Line

LOG = Path("/var/lib/custody/home/log")
GROUP = Path("/sys/fs/cgroup/system.slice/signer.service")


def last_kind() -> str:
    """The kind of the newest entry."""
    line = Line.parse((LOG / "entries").read_bytes().splitlines(keepends=True)[-1])
    return str(Entry.parse(line.leaf).kind) if line else "torn"


def wait_for_checkpoint(before: int) -> int:
    """The next checkpoint, by its inode: it is put in place when its entry is on the disk."""
    while (now := (LOG / "checkpoint").stat().st_ino) == before:
        time.sleep(0.001)
    return now


def freeze() -> None:
    """No process of the signer takes another step."""
    (GROUP / "cgroup.freeze").write_text("1")
    while "frozen 1" not in (GROUP / "cgroup.events").read_text():
        time.sleep(0.001)


def main() -> None:
    """Hold at the first authorisation."""
    last_kind()
    seen = (LOG / "checkpoint").stat().st_ino
    while True:
        seen = wait_for_checkpoint(seen)
        if last_kind() == "authorised":
            break
    freeze()
    os.sync()
    print(f"HELD after {last_kind()}", flush=True)


if __name__ == "__main__":
    main()

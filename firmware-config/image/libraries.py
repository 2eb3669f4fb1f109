"""Threat: a library in the initrd that nothing there needs. Tells the shared libraries that a program of a root
needs, by path within that root. Runs nothing of it.

Usage: libraries.py ROOT PROGRAM
"""

import subprocess
import sys
from pathlib import Path

_FOLDERS = ("usr/lib/x86_64-linux-gnu", "usr/lib", "usr/lib64")


def needed(program: Path) -> list[str]:
    """The names in the program's own header, and its loader."""
    header = subprocess.run(["readelf", "-d", "-l", program], capture_output=True, text=True, check=True).stdout
    names = [line.partition("[")[2].rstrip("]") for line in header.splitlines() if "(NEEDED)" in line]
    loaders = [line.rpartition(": ")[2].rstrip("]") for line in header.splitlines() if "program interpreter" in line]
    return [*names, *(Path(one).name for one in loaders)]


def closure(root: Path, program: Path) -> set[str]:
    """All libraries, those of libraries among them."""
    found: set[str] = set()
    waiting = needed(program)
    while waiting:
        name = waiting.pop()
        place = next(f"{folder}/{name}" for folder in _FOLDERS if (root / folder / name).exists())
        if place not in found:
            found.add(place)
            waiting += needed(root / place)
    return found


if __name__ == "__main__":
    print(*sorted(closure(Path(sys.argv[1]), Path(sys.argv[2]))))

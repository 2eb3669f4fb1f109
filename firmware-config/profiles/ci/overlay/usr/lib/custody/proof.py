"""CI only: tries what a process that took over the signer would try. Every line must say that it was refused."""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

_FAMILIES = {"INET": 2, "INET6": 10, "NETLINK": 16, "PACKET": 17, "BLUETOOTH": 31, "ALG": 38, "VSOCK": 40}
_LIBC = ctypes.CDLL(None, use_errno=True)


def call(function: str, *arguments: object) -> None:
    """A function of the C library. Raises OSError when it fails."""
    if getattr(_LIBC, function)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), function)


def attempts() -> dict[str, Callable[[], object]]:
    """What is tried, by name."""
    tries: dict[str, Callable[[], object]] = {
        f"socket-{name}": lambda family=family: call("socket", family, 2, 0) for name, family in _FAMILIES.items()
    }
    return tries | {
        "write-usr": lambda: os.open("/usr/custody", os.O_WRONLY | os.O_CREAT),
        "write-etc": lambda: os.open("/etc/custody/x", os.O_WRONLY | os.O_CREAT),
        "read-disk": lambda: os.open("/dev/vda", os.O_RDONLY),
        "read-mapper": lambda: os.open("/dev/mapper/root", os.O_RDONLY),
        "read-memory": lambda: os.open("/dev/mem", os.O_RDONLY),
        "read-init": lambda: os.open("/proc/1/environ", os.O_RDONLY),
        "run-mount": lambda: os.execv("/usr/bin/mount", ["mount"]),
        "run-udevadm": lambda: os.execv("/usr/bin/udevadm", ["udevadm"]),
        "become-root": lambda: os.setuid(0),
        "new-namespace": lambda: call("unshare", 0x10000000),
        "trace": lambda: call("ptrace", 16, 1, 0, 0),
        "set-clock": lambda: call("settimeofday", ctypes.create_string_buffer(16), None),
        "kernel-log": lambda: call("klogctl", 3, ctypes.create_string_buffer(64), 64),
        "reboot": lambda: call("reboot", 0xFEE1DEAD),
        "load-module": lambda: call("syscall", 313, 0, b"", 0),
        "bpf": lambda: call("syscall", 321, 0, 0, 0),
        "io-uring": lambda: call("syscall", 425, 1, ctypes.create_string_buffer(120)),
        "writable-code": lambda: mapped(),
    }


def mapped() -> None:
    """Memory that can be written and run."""
    _LIBC.mmap.restype = ctypes.c_void_p
    if _LIBC.mmap(None, 4096, 7, 0x22, -1, 0) in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "mmap")


def main() -> None:
    """Tell each attempt, and how many were refused."""
    refused = 0
    tries = attempts()
    for name, attempt in tries.items():
        try:
            attempt()
            print(f"PROOF open    {name}")
        except OSError as error:
            refused += 1
            print(f"PROOF refused {name} {errno.errorcode.get(error.errno, error.errno)}")
    print(f"PROOF-DISKS {' '.join(sorted(path.name for path in Path('/sys/class/block').iterdir()))}.")
    print(f"PROOF-DONE refused={refused} open={len(tries) - refused} of={len(tries)}")


def sysfs(where: str) -> None:
    """Which instance of sysfs is seen here: that of another network namespace would hide the machine's interfaces."""
    print(f"PROOF-SYSFS {where} {Path('/sys').stat().st_dev}.")


if __name__ == "__main__":
    sysfs(*sys.argv[1:])
    if sys.argv[1] == "inside":
        main()

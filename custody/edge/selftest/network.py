"""Ways to other machines: interfaces, drivers, sockets."""

import ctypes
import errno
import os
import re

from custody.edge.interfaces import foreign, up
from custody.edge.selftest.guarantee import Guarantee, Machine, NotHeld

# Folders of the kernel's source: drivers of networks and radios, of buses that reach into memory, of storage that
# people carry from machine to machine, and filesystems of other machines.
_WAYS_OUT = re.compile(
    r"kernel/(net/|drivers/(net|bluetooth|nfc|firewire|thunderbolt|infiniband|ieee802154)/"
    r"|drivers/usb/(storage|gadget|serial|class|atm|usbip)/|fs/(nfs|smb|cifs|ceph|9p|fuse)/)"
)
# Drivers of USB sticks: there only in the profile that reads them, by its initrd, so that no root knows their origin.
_STICKS = {"uas", "usb_storage"}
# Address families of linux/socket.h, all but AF_UNIX that a stock kernel has.
_FAMILIES = {"INET": 2, "INET6": 10, "NETLINK": 16, "PACKET": 17, "BLUETOOTH": 31, "ALG": 38, "VSOCK": 40}
_STREAM, _DATAGRAM = 1, 2


def _interfaces(machine: Machine) -> str:
    if raised := up(machine.root):
        raise NotHeld(f"{' and '.join(raised)} up")
    others = foreign(machine.root)
    return f"down: {' '.join(others)}" if others else "lo only"


def _drivers(machine: Machine) -> str:
    if not machine.exists("proc/modules"):
        return "a kernel without modules"
    loaded = {line.split()[0] for line in machine.read("proc/modules").splitlines()}
    sticks = loaded & _STICKS if machine.media else set()
    loaded -= sticks
    places = _places(machine)
    if unknown := sorted(name for name in loaded if name not in places):
        raise NotHeld(f"of unknown origin: {' '.join(unknown)[:200]}")
    if found := sorted(name for name in loaded if _WAYS_OUT.match(places[name])):
        raise NotHeld(f"loaded: {' '.join(found)[:200]}")
    return f"none among {len(loaded)} modules{' but those of USB sticks' if sticks else ''}"


def _places(machine: Machine) -> dict[str, str]:
    """Where in the kernel's source each module that it could load comes from."""
    release = machine.read("proc/sys/kernel/osrelease")
    paths = [line.partition(":")[0] for line in machine.read(f"lib/modules/{release}/modules.dep").splitlines()]
    return {path.rpartition("/")[2].partition(".")[0].replace("-", "_"): path for path in paths}


def _sockets(_: Machine) -> str:
    opened = [name for name, family in _FAMILIES.items() if _can_open(family)]
    if opened:
        raise NotHeld(f"can be made: {' '.join(opened)}")
    return f"refused: {' '.join(_FAMILIES)}"


def _can_open(family: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    for kind in (_STREAM, _DATAGRAM):
        descriptor = libc.socket(family, kind, 0)
        if descriptor >= 0:
            os.close(descriptor)
            return True
        if ctypes.get_errno() in (errno.EACCES, errno.EMFILE, errno.ENFILE):
            return True
    return False


GUARANTEES = (
    Guarantee("interfaces", "no network interface is up but loopback", _interfaces),
    Guarantee("drivers", "no driver of a network, a radio, FireWire, Thunderbolt or USB storage is loaded", _drivers),
    Guarantee("sockets", "this program can make no socket but local ones", _sockets),
)

"""Leaves in a tree of kernel modules those that are allowed and what they need; removes all others.

Threat: a driver through which the device speaks to something. The list allows, it does not forbid: a driver that nobody
thought of is absent. As a second look, a module below a forbidden folder fails the build even if something asks for it.

    prune.py TREE ALLOW.LIST... [--initrd FOLDER] [--names FILE] [--sticks LIST FOLDER]

TREE is /lib/modules/VERSION with the modules.dep and modules.softdep of depmod. What is marked "+" goes to FOLDER too.
The drivers of sticks in LIST, with what they need, go to a FOLDER of their own and do not stay in TREE.
"""

import argparse
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

#: Folders of the kernel's source whose drivers reach other machines, or storage that people carry about.
FORBIDDEN = re.compile(
    r"kernel/(net/|drivers/(net|bluetooth|nfc|firewire|thunderbolt|infiniband|staging|isdn|atm|ieee802154|uwb|mtd|target)/"
    r"|drivers/usb/(storage|gadget|serial|class|atm|misc|image|usbip)/|drivers/(block/nbd|block/drbd|block/rbd|vhost/)"
    r"|drivers/(media/rc|media/radio|media/dvb|media/tuners|media/pci|gnss|pcmcia|parport|input/serio/serport)"
    r"|fs/(nfs|nfsd|cifs|smb|smbfs_common|ceph|9p|afs|ocfs2|dlm|coda|fuse|overlayfs|vfat|fat|exfat|ntfs3?|isofs|udf)(/|\.)"
    r"|sound/|drivers/(kvm|virt|vfio|hv|xen)/)"
)
#: The one exception, for the profile in which sticks are read.
STICKS = re.compile(r"kernel/drivers/usb/storage/(usb-storage|uas)\.ko$")


class PruneError(Exception):
    """The list asks for what is not there, or for what must not be."""


def key(name: str) -> str:
    """A module's name as the kernel compares it."""
    return Path(name).name.partition(".ko")[0].replace("-", "_")


def read_allowed(text: str) -> dict[str, bool]:
    """Each allowed module, and whether the initrd needs it."""
    lines = (line.strip() for line in text.splitlines())
    return {key(line.lstrip("+")): line.startswith("+") for line in lines if line and line[0] not in "#!"}


def read_excused(text: str) -> set[str]:
    """Modules that a list excuses by "!" from the second look: only that of CI has any, for what it makes believe."""
    return {key(line.strip().lstrip("!")) for line in text.splitlines() if line.startswith("!")}


def read_dependencies(modules_dep: str, modules_softdep: str) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Path of each module, and the names that it needs or wants loaded with it."""
    paths, needs = {}, {}
    for line in modules_dep.splitlines():
        path, _, needed = line.partition(":")
        paths[key(path)] = path
        needs[key(path)] = {key(one) for one in needed.split()}
    for line in modules_softdep.splitlines():
        words = line.split()
        if len(words) > 2 and words[0] == "softdep" and key(words[1]) in needs:
            wanted = {key(word) for word in words[2:] if not word.endswith(":")}
            needs[key(words[1])] |= wanted & paths.keys()
    return paths, needs


def closure(names: Iterable[str], needs: Mapping[str, set[str]]) -> set[str]:
    """These modules and all that they need.

    Raises:
        PruneError: a name is no module of this kernel.
    """
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in needs:
            raise PruneError(f"{name} is no module of this kernel")
        if name not in found:
            found.add(name)
            waiting += needs[name]
    return found


def check(kept: Iterable[str], paths: Mapping[str, str]) -> None:
    """Raises PruneError for every kept module that no signer may have."""
    if wrong := sorted(paths[name] for name in kept if FORBIDDEN.match(paths[name])):
        raise PruneError(f"no signer may have these: {' '.join(wrong)}")


def check_sticks(kept: Iterable[str], paths: Mapping[str, str]) -> None:
    """The same for the profile in which sticks are read."""
    check((name for name in kept if not STICKS.match(paths[name])), paths)


def copy(tree: Path, names: Iterable[str], paths: Mapping[str, str], folder: Path) -> None:
    """These modules, at the same places in another tree."""
    for name in names:
        (folder / paths[name]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree / paths[name], folder / paths[name])


def arguments() -> argparse.Namespace:
    """What the command was given."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("lists", type=Path, nargs="+")
    parser.add_argument("--initrd", type=Path)
    parser.add_argument("--names", type=Path)
    parser.add_argument("--sticks", type=Path, nargs=2)
    return parser.parse_args()


def main() -> None:
    """The command described above."""
    given = arguments()
    allowed = {name: is_early for one in given.lists for name, is_early in read_allowed(one.read_text("ascii")).items()}
    tree = given.tree
    paths, needs = read_dependencies((tree / "modules.dep").read_text(), (tree / "modules.softdep").read_text())
    kept = closure(allowed, needs)
    check(kept - {name for one in given.lists for name in read_excused(one.read_text("ascii"))}, paths)
    early = closure((name for name, is_early in allowed.items() if is_early), needs)
    if given.sticks:
        listed, folder = given.sticks
        with_sticks = closure(read_allowed(listed.read_text("ascii")), needs) | early
        check_sticks(with_sticks, paths)
        copy(tree, with_sticks, paths, folder)
    for name, path in paths.items():
        if name not in kept:
            (tree / path).unlink()
    if given.initrd:
        copy(tree, early, paths, given.initrd)
    if given.names:
        given.names.write_text("".join(f"{path}\n" for path in sorted(paths[name] for name in kept)), "ascii")


if __name__ == "__main__":
    main()

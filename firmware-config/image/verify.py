"""Says whether the released files in a folder are what they say (firmware-config/verify).

Threat: a changed image that nobody notices. Exit 0: they are. 1: one is not, and is named. 2: it cannot be told here.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from released import ReleaseError, digest, named_root, read_hashes, read_sums, root_hash, unsigned

BOOT_IMAGES = ("signer.efi", "media.efi")
READ_ALOUD = (*BOOT_IMAGES, "root.img")
REQUIRED = ("HASHES", "SHA256SUMS", *READ_ALOUD)
STOP = "Do not start it. Keep the files, get them anew from another place, and tell the others who build it."


class CannotTellError(Exception):
    """Something that is needed to verify is not here."""


def sums(folder: Path) -> str:
    """Each file that is here is the one in SHA256SUMS."""
    listed = read_sums((folder / "SHA256SUMS").read_text("utf-8"))
    for name in set(REQUIRED) - {"SHA256SUMS"} - listed.keys():
        raise ReleaseError(f"SHA256SUMS does not name {name}")
    here = {name: expected for name, expected in listed.items() if (folder / name).is_file()}
    for name, expected in here.items():
        if digest(folder / name) != expected:
            raise ReleaseError(f"{name} is not the file that SHA256SUMS names")
    absent = sorted(listed.keys() - here.keys())
    return f"{len(here)} files are those of SHA256SUMS{f'; not here: {chr(32).join(absent)}' if absent else ''}"


def hashes(folder: Path) -> str:
    """Boot images and root are those of HASHES, in digits and in words."""
    told = read_hashes((folder / "HASHES").read_text("utf-8"))
    if set(told) != set(READ_ALOUD):
        raise ReleaseError(f"HASHES names {' '.join(sorted(told))}, and not {' '.join(sorted(READ_ALOUD))}")
    for name, expected in told.items():
        if digest(folder / name) != expected:
            raise ReleaseError(f"{name} is not the file that HASHES names")
    return "boot images and root are those of HASHES; digits and words say the same"


def roots(folder: Path) -> str:
    """Both boot images start this root and no other."""
    computed = root_hash((folder / "root.img").read_bytes())
    for name in BOOT_IMAGES:
        try:
            named = named_root((folder / name).read_bytes())
        except ReleaseError as error:
            raise ReleaseError(f"{name} {error}") from error
        if named != computed:
            raise ReleaseError(f"{name} starts a root of hash {named.hex()}, and root.img has {computed.hex()}")
    return f"both boot images start this root: {computed.hex()}"


def signatures(folder: Path, certificate: Path) -> str:
    """Both boot images are signed by the owner's certificate."""
    if not shutil.which("sbverify"):
        raise CannotTellError("sbverify is not on this machine; apt-get install sbsigntool brings it")
    for name in BOOT_IMAGES:
        run = subprocess.run(["sbverify", "--cert", certificate, folder / name], capture_output=True, check=False)
        if run.returncode:
            raise ReleaseError(f"{name} is not signed by {certificate.name}")
    return f"both boot images are signed by {certificate.name}"


def rebuilt(folder: Path, inputs: Path) -> str:
    """The same once more from this checkout; what a signature adds is passed over."""
    build = Path(__file__).resolve().parents[1] / "build.sh"
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        if subprocess.run([build, "release", inputs, name], stdout=sys.stderr, check=False).returncode:
            raise CannotTellError("the image could not be built here; what went wrong stands above")
        for image in BOOT_IMAGES:
            if unsigned((Path(name) / image).read_bytes()) != unsigned((folder / image).read_bytes()):
                raise ReleaseError(f"{image} is another one than this checkout builds")
        if digest(Path(name) / "root.img") != digest(folder / "root.img"):
            raise ReleaseError("root.img is another one than this checkout builds")
    return "this checkout builds the same bits"


def checks(given: argparse.Namespace) -> list[Callable[[], str]]:
    """What is asked for, in order."""
    found = [lambda: sums(given.folder), lambda: hashes(given.folder), lambda: roots(given.folder)]
    if given.certificate:
        found.append(lambda: signatures(given.folder, given.certificate))
    if given.rebuild:
        found.append(lambda: rebuilt(given.folder, given.rebuild))
    return found


def arguments() -> argparse.Namespace:
    """What the command was given. Exit 2 where the folder is none of a release."""
    parser = argparse.ArgumentParser(prog="verify", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="holds " + ", ".join(REQUIRED))
    parser.add_argument("--certificate", type=Path, help="PEM: the one that both boot images must be signed by")
    parser.add_argument(
        "--rebuild", type=Path, metavar="INPUTS", help="build again and compare; needs root; INPUTS is a folder"
    )
    given = parser.parse_args()
    if absent := [name for name in REQUIRED if not (given.folder / name).is_file()]:
        parser.error(f"not in {given.folder}: {' '.join(absent)}. A release is verified as a whole.")
    if given.certificate and not given.certificate.is_file():
        parser.error(f"there is no certificate {given.certificate}")
    return given


def main() -> int:
    """The command."""
    given = arguments()
    wanted = checks(given)
    try:
        for number, check in enumerate(wanted, 1):
            print(f"[{number}/{len(wanted)}] {check()}", flush=True)
    except ReleaseError as error:
        print(f"WRONG: {error}.\n{STOP}", file=sys.stderr)
        return 1
    except (CannotTellError, OSError, UnicodeDecodeError) as error:
        print(f"verify: {error}.", file=sys.stderr)
        return 2
    print(f"\n{(given.folder / 'HASHES').read_text('utf-8')}")
    print(
        "VERIFIED. One reads the words above aloud, the other compares them with what his own machine built or shows."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`firmware-config/verify`: whatever is changed in a release is named, and an honest one is not."""

import hashlib
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from recipes import load

BLOCK = 4096
SALT = hashlib.sha256(b"custody signer root").digest()
#: What veritysetup 2.6.1 made of `root_image()`.
KNOWN = "4caf088e974feed5dbc8804e1f3b8013ccaae006ee8a37fbc50e1eecc4878bd0"


@pytest.fixture(scope="module")
def released(project: Path) -> ModuleType:
    return load(project / "firmware-config/image/released.py")


def root_image(blocks: int = 3) -> bytes:
    """What looks like a squashfs of so many blocks, the last one not full, and the head of a tree of hashes."""
    data = bytearray(bytes(range(256)) * 16 * blocks)
    struct.pack_into("<4s36xQ", data, 0, b"hsqs", blocks * BLOCK - 100)
    head = struct.pack("<8sII16s32sIIQH6s", b"verity\0\0", 1, 1, bytes(16), b"sha256", BLOCK, BLOCK, blocks, 32, b"")
    return bytes(data) + (head + SALT).ljust(BLOCK, b"\0")


def boot_image(line: str) -> bytes:
    """A boot image with a command line and nothing to start."""
    body = line.encode() + b"\n"
    head = bytearray(0x200)
    struct.pack_into("<2s58xI", head, 0, b"MZ", 0x80)
    struct.pack_into("<4sHH12xHH", head, 0x80, b"PE\0\0", 0x8664, 1, 240, 0)
    # Optional header: PE32+, size of the headers, sixteen directories.
    struct.pack_into("<H58xI44xI", head, 0x98, 0x20B, 0x200, 16)
    struct.pack_into("<8sIIII", head, 0x98 + 240, b".cmdline", len(body), 0x30000, 0x200, 0x200)
    return bytes(head) + body.ljust(0x200, b"\0")


def seal(folder: Path, project: Path) -> None:
    """HASHES and SHA256SUMS of what lies there, by the programs of the build."""
    names = [folder / name for name in ("signer.efi", "media.efi", "root.img")]
    command = [sys.executable, project / "firmware-config/image/hashes.py", *names]
    told = subprocess.run(command, env={"PYTHONPATH": str(project)}, capture_output=True, text=True, check=True)
    (folder / "HASHES").write_text(told.stdout)
    listed = [*names, folder / "HASHES"]
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in listed]
    (folder / "SHA256SUMS").write_text("".join([*sums, f"{64 * '0'}  vmlinuz\n"]))


@pytest.fixture
def release(tmp_path: Path, project: Path, released: ModuleType) -> Path:
    folder = tmp_path / "release"
    folder.mkdir()
    root = root_image()
    line = f"signer.root={released.root_hash(root).hex()} quiet"
    (folder / "root.img").write_bytes(root)
    (folder / "signer.efi").write_bytes(boot_image(line))
    (folder / "media.efi").write_bytes(boot_image(f"{line} signer.media=1"))
    seal(folder, project)
    return folder


def verified(project: Path, folder: Path, *options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", project / "firmware-config/image/verify.py", folder, *options]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)


def test_an_honest_release_is_verified_and_its_words_are_shown(project: Path, release: Path) -> None:
    run = verified(project, release)
    assert run.returncode == 0, run.stderr
    assert "[1/3] 4 files are those of SHA256SUMS; not here: vmlinuz\n" in run.stdout
    assert (release / "HASHES").read_text() in run.stdout
    assert "VERIFIED" in run.stdout


@pytest.mark.parametrize("name", ["signer.efi", "media.efi", "root.img", "HASHES"])
@pytest.mark.parametrize("place", [0, 700, -1])
def test_a_byte_that_is_another_is_found_and_its_file_named(
    project: Path, release: Path, name: str, place: int
) -> None:
    content = bytearray((release / name).read_bytes())
    content[place] ^= 1
    (release / name).write_bytes(bytes(content))
    run = verified(project, release)
    assert (run.returncode, "VERIFIED" in run.stdout) == (1, False)
    assert run.stderr.startswith(f"WRONG: {name} is not the file that SHA256SUMS names.\nDo not start it.")


def spoil_words(folder: Path) -> None:
    lines = (folder / "HASHES").read_text().splitlines()
    lines[2] = lines[3]
    (folder / "HASHES").write_text("\n".join(lines))


def spoil_digits(folder: Path) -> None:
    told = (folder / "HASHES").read_text()
    (folder / "HASHES").write_text(told.replace(told.split()[1], "wxyz", 1))


def other_root(folder: Path) -> None:
    (folder / "media.efi").write_bytes(boot_image(f"signer.root={64 * '1'} signer.media=1"))


def two_roots(folder: Path) -> None:
    line = (folder / "signer.efi").read_bytes()[0x200:].rstrip(b"\n\0").decode()
    (folder / "signer.efi").write_bytes(boot_image(f"{line} signer.root={64 * '1'}"))


def no_boot_image(folder: Path) -> None:
    (folder / "signer.efi").write_bytes(b"MZ")


def more_squashfs(folder: Path) -> None:
    root = bytearray((folder / "root.img").read_bytes())
    struct.pack_into("<Q", root, 40, 2 * BLOCK)
    (folder / "root.img").write_bytes(bytes(root))


def changed_block(folder: Path) -> None:
    root = bytearray((folder / "root.img").read_bytes())
    root[2 * BLOCK + 9] ^= 1
    (folder / "root.img").write_bytes(bytes(root))


def cut_root(folder: Path) -> None:
    (folder / "root.img").write_bytes((folder / "root.img").read_bytes()[:-BLOCK])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (other_root, f"WRONG: media.efi starts a root of hash {64 * '1'}, and root.img has "),
        (two_roots, "WRONG: signer.efi does not name one root hash on its command line."),
        (no_boot_image, "WRONG: signer.efi is no boot image."),
        (more_squashfs, "WRONG: root.img has no tree of hashes where its squashfs ends."),
        (changed_block, "WRONG: signer.efi starts a root of hash "),
        (cut_root, "WRONG: root.img has no tree of hashes where its squashfs ends."),
    ],
)
def test_files_that_do_not_belong_together_are_found_though_every_sum_is_right(
    project: Path, release: Path, change: Callable[[Path], None], told: str
) -> None:
    change(release)
    seal(release, project)
    run = verified(project, release)
    assert run.returncode == 1
    assert run.stderr.startswith(told)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (spoil_words, "HASHES has other words than digits for signer.efi"),
        (spoil_digits, "HASHES does not name signer.efi in 64 digits"),
        (lambda folder: (folder / "HASHES").write_text(""), "HASHES does not name  in 64 digits"),
        (lambda folder: (folder / "HASHES").write_text("x"), "HASHES does not name x in 64 digits"),
    ],
)
def test_hashes_that_nobody_could_read_aloud_are_found(
    released: ModuleType, release: Path, change: Callable[[Path], object], told: str
) -> None:
    change(release)
    with pytest.raises(released.ReleaseError, match=told):
        released.read_hashes((release / "HASHES").read_text())


@pytest.mark.parametrize("text", ["", "\n", "abc  signer.efi\n", f"{64 * '0'} signer.efi\n", f"{64 * '0'}  ../x\n"])
def test_sums_that_cannot_be_read_are_wrong(project: Path, release: Path, text: str) -> None:
    (release / "SHA256SUMS").write_text(text)
    run = verified(project, release)
    assert (run.returncode, run.stderr[:33]) == (1, "WRONG: SHA256SUMS cannot be read.")


def test_sums_that_leave_a_file_out_are_wrong(project: Path, release: Path) -> None:
    kept = [line for line in (release / "SHA256SUMS").read_text().splitlines() if "root.img" not in line]
    (release / "SHA256SUMS").write_text("\n".join(kept))
    assert "SHA256SUMS does not name root.img" in verified(project, release).stderr


@pytest.mark.parametrize("name", ["HASHES", "SHA256SUMS", "signer.efi", "media.efi", "root.img"])
def test_a_file_that_is_not_there_is_named_and_nothing_is_verified(project: Path, release: Path, name: str) -> None:
    (release / name).unlink()
    run = verified(project, release)
    assert run.returncode == 2
    assert f"not in {release}: {name}." in run.stderr


def test_the_root_hash_is_the_one_that_veritysetup_makes(released: ModuleType, tmp_path: Path) -> None:
    """More blocks than one block of hashes holds, so that the tree has two levels."""
    veritysetup = shutil.which("veritysetup", path="/usr/sbin:/sbin:/usr/bin")
    if not veritysetup:
        pytest.skip("veritysetup is not on this machine")
    file, told = tmp_path / "root.img", tmp_path / "hash"
    file.write_bytes(root_image(200)[:-BLOCK])
    options = [f"--salt={SALT.hex()}", f"--hash-offset={200 * BLOCK}", f"--root-hash-file={told}"]
    subprocess.run([veritysetup, "format", *options, file, file], capture_output=True, check=True)
    assert released.root_hash(file.read_bytes()).hex() == told.read_text().strip()
    assert released.root_hash(root_image(200)).hex() == told.read_text().strip()


def test_a_root_without_its_tree_has_the_hash_that_veritysetup_once_made(released: ModuleType) -> None:
    assert released.root_hash(root_image()).hex() == KNOWN


def signed(release: Path, tmp_path: Path, name: str) -> Path:
    """Signs both boot images of a release; the certificate."""
    key, certificate = tmp_path / f"{name}.key", tmp_path / f"{name}.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", "2"]
    subprocess.run(["openssl", *made, "-keyout", key, "-out", certificate], capture_output=True, check=True)
    for image in ("signer.efi", "media.efi"):
        options = ["--key", key, "--cert", certificate, "--output", release / image]
        subprocess.run(["sbsign", *options, release / image], capture_output=True, check=True)
    return certificate


def test_a_signature_is_verified_and_passed_over_when_images_are_compared(
    project: Path, release: Path, released: ModuleType, tmp_path: Path
) -> None:
    if not shutil.which("sbsign") or not shutil.which("openssl"):
        pytest.skip("sbsign or openssl is not on this machine")
    before = (release / "signer.efi").read_bytes()
    ours, others = signed(release, tmp_path, "ours"), tmp_path / "others.pem"
    seal(release, project)
    run = verified(project, release, "--certificate", ours)
    assert (run.returncode, "[4/4] both boot images are signed by ours.pem" in run.stdout) == (0, True), run.stderr
    after = (release / "signer.efi").read_bytes()
    assert after != before
    assert released.unsigned(after) == released.unsigned(before)
    assert released.unsigned(after) != released.unsigned(boot_image("another"))
    spare = tmp_path / "spare"
    shutil.copytree(release, spare)
    signed(spare, tmp_path, "others")
    run = verified(project, release, "--certificate", others)
    assert (run.returncode, run.stderr[:47]) == (1, "WRONG: signer.efi is not signed by others.pem.\n")

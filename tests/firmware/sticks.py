"""A large list comes to the booted device on a stick: taken in by the start for sticks, in force after the next one."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import examples
import lists
import psbts
import signing
from machine import Machine
from signing import Device, Office, at_the_console, step

from custody.bitcoin.script import encode_address
from custody.chains import REGTEST
from custody.screening.flagged import MAX_LIST_BYTES
from custody.screening.large import Reference

SCENES = 3
#: The payment whose payee only the large list flags.
PAID = 3
PAYEE = encode_address(psbts.EVIL.script_pubkey(0, PAID), REGTEST)
STICK_BYTES = 8 << 20


def large_list() -> bytes:
    """A list that no bundle can hold."""
    octets = lists.built([*(f"0x{number:040x}" for number in range(15_000)), examples.FLAGGED, PAYEE])
    assert len(octets) > MAX_LIST_BYTES
    return octets


def stick(folder: Path, octets: bytes) -> tuple[str, ...]:
    """A USB stick with a message, as the coordinator writes it, and more room than that."""
    (folder / "large.list").write_bytes(octets)
    disk = folder / "stick.img"
    step("coordinator", "blocks", "write", folder / "large.list", "--out", disk, "--force")
    with disk.open("r+b") as file:
        file.truncate(STICK_BYTES)
    drive = f"file={disk},format=raw,if=none,id=stick"
    return ("-device", "qemu-xhci", "-drive", drive, "-device", "usb-storage,drive=stick")


def taken_in(machine: Machine, digest: str) -> list[str]:
    """What was not as it must be in the start for sticks."""
    machine.wait_for("Enter passphrase")
    machine.type_hidden(signing.DISK_WORD)
    machine.wait_for("passed=23 failed=0 of=23")
    wrong = []
    for command in ("sign x", "init", "install inbox:"):
        machine.wait_for("signer> ")
        machine.type(command)
        if "take-in" not in machine.wait_for(r"Here are only: .*|[A-Z]+-[A-Z]+: .*")[0]:
            wrong.append(f"{command} is not taken")
    machine.wait_for("signer> ")
    machine.type("take-in /dev/stick")
    machine.wait_for("type the last 4 digits")
    machine.type(digest[-4:])
    machine.wait_for("Logged as entry")
    machine.wait_for("signer> ")
    machine.type("export --since 0 --out blocks:/dev/stick")
    machine.wait_for("signer> ")
    machine.type("off")
    said = machine.end()
    wrong += [] if "of USB sticks" in said else ["the drivers of sticks are there, and no others"]
    wrong += [] if "Power down" in said else ["it turns itself off"]
    return wrong


def collected(device: Device, key: str) -> list[str]:
    """What was not as it must be in the log that left on the stick."""
    log = device.folder / "collected/log"
    step("audit", "collect", f"blocks:{device.folder / 'stick.img'}", "--log", log, "--key", key)
    held = signing.kinds(log.parent, key)
    begun = held[: len(signing.FOUNDED)] == [*signing.FOUNDED] and held[-1] == "taken-in"
    return [] if begun else [f"the whole log left, but: {held}"]


def rehearse(device: Device, office: Office, key: str) -> Iterator[tuple[str, list[str]]]:
    """Each scene: its name, and what was not as it must be."""
    octets = large_list()
    digest = hashlib.sha256(octets)
    plugged = stick(device.folder, octets)
    yield (
        "a list over 1 MiB is taken in from a stick, where nothing is signed",
        taken_in(device.start_for_sticks(*plugged), digest.hexdigest()),
    )
    yield "the log leaves on the same stick, and verifies", collected(device, key)

    naming = signing.HOUSE.signed(
        "list", Reference(len(octets), digest.digest()).serialize(), after=signing.rules()["list"], **signing.validity()
    )
    machine = signing.opened(device, {"large.bundle": naming.serialize(), **office.ask(PAID)}, *plugged)
    at_the_console(machine, "take-in /dev/stick", says="There is no file or device stick")
    before = at_the_console(machine, f"review {signing.HOME}/in/request-{PAID}", says="To sign exactly this")
    at_the_console(machine, f"install {signing.HOME}/in/large.bundle {signing.SECRETS}")
    at_the_console(machine, signing.sign(PAID), says="DESTINATION-FLAGGED")
    signing.finish(machine)
    wrong = ["only the large list flags the payee"] if "DESTINATION-FLAGGED" in before else []
    tail = signing.kinds(device.taken(), key)[len(signing.FOUNDED) :][-3:]
    yield (
        "under the ordinary start no stick is seen; the list is in force, and stops a payment",
        wrong + signing.lacking(tail, ["taken-in", "installed", "refused"]),
    )

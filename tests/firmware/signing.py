"""A whole signing through the booted device, and one between whose authorisation and answer the plug is pulled.

What goes in are camera frames on a disk, what comes out are frames on a line; codes and passphrases are typed at the
console. Everything else is the product of this checkout on the other side: the coordinator pairs, asks, checks and
finalises, and libbitcoinkernel mines.
"""

import functools
import json
import re
import shutil
import struct
import subprocess
import tarfile
import time
from collections.abc import Generator
from pathlib import Path

import ceremonies
import councils
import examples
import psbts
import regtest
from desk import Ended, program
from house import OPERATORS, reviewed
from machine import Machine, NeverSaidError, archive
from PIL import Image

from custody.audit.entry import Entry
from custody.audit.line import Line
from custody.bitcoin.psbt import parse as parse_psbt
from custody.bitcoin.script import encode_address
from custody.chains import REGTEST
from custody.wire.bundle import SignedBundle
from custody.wire.request import WithdrawalRequest

HOME = "/var/lib/custody"
DISK_WORD = "a passphrase for the disk"
SECRETS = f"--secrets {HOME}/in/secrets.json"
RULES = " ".join(f"--{kind} {HOME}/in/{kind}.bundle" for kind in ("roster", "policy", "list"))
SCENES = 4
#: What the log of a new house holds.
FOUNDED = ("init", "roster", "policy", "list", "account")
#: The third goes beyond the day's cap together with the first two, and not with the first alone; the last one does not.
AMOUNTS = (120_000, 130_000, 100_000, 20_000)
DAY_CAP = 300_000
POLICY = examples.POLICY + f'\n[chains.regtest.cap_per_day]\ncoin = "{DAY_CAP}"\n'.encode()
CAMERA = (640, 640)
_PROMPTS = r"types?:  ([0-9A-Z]{4}-[0-9A-Z]{4})|(-- page .*Enter --)|(Confirmation code)|(^signer> )"
OFFICERS = [{"name": name, "passphrase": words} for name, words in councils.PASSPHRASES.items()]
SECRET = json.dumps(ceremonies.SECRETS | {"officers": OFFICERS, "threshold": 2}).encode()
HOUSE = councils.HOUSE


@functools.cache
def rules() -> dict[str, SignedBundle]:
    """What the house begins with, by kind: valid from yesterday on."""
    valid = validity()
    return {
        "roster": HOUSE.roster_bundle(consent=2, delay_hours=24, **valid),
        "policy": HOUSE.signed("policy", POLICY, **valid),
        "list": HOUSE.signed("list", examples.FLAGGED_LIST, **valid),
    }


@functools.cache
def validity() -> dict[str, int]:
    """From yesterday on for sixty days: the device has the time of this machine."""
    today = int(time.time())
    return {"not_before": today - 86_400, "not_after": today + 60 * 86_400}


class Device:
    """The device and its data partition, from one start to the next.

    Args:
        built: the folder of the image. root, line: its root disk and command line.
        folder: where disks and what came out lie.
    """

    def __init__(self, built: Path, root: Path, line: str, folder: Path) -> None:
        self._built, self._root, self._line, self.folder = built, root, line, folder
        self.data, self._in, self._port = folder / "data.img", folder / "in.img", folder / "port"
        self.data.write_bytes(b"")
        with self.data.open("r+b") as disk:
            disk.truncate(96 << 20)
        table = 'label: gpt\nname="custody-data"\n'
        subprocess.run(["sfdisk", "--quiet", self.data], input=table.encode(), check=True)

    def start(self, files: dict[str, bytes], *devices: str) -> Machine:
        """A start with these files before the camera, and these devices plugged in."""
        archive(self._in, files)
        return Machine(
            self._built, self._line, self._root,
            "-drive", f"file={self.data},format=raw,if=none,id=data", "-device", "virtio-blk-pci,drive=data",
            "-drive", f"file={self._in},format=raw,if=none,id=in,readonly=on",
            "-device", "virtio-blk-pci,drive=in,serial=custody-in",
            "-device", "virtio-serial", "-chardev", f"file,id=port,path={self._port}",
            "-device", "virtserialport,chardev=port,name=answer", *devices,
        )  # fmt: skip

    def start_for_sticks(self, *devices: str) -> Machine:
        """A start of the boot image for sticks, with these devices plugged in."""
        line = (self._built / "media-cmdline").read_text().strip()
        data = ("-drive", f"file={self.data},format=raw,if=virtio")
        return Machine(self._built, line, self._root, *data, *devices, initrd="media-initrd.img")

    def taken(self) -> Path:
        """What came out at the end of the last start."""
        shutil.rmtree(self.folder / "taken", ignore_errors=True)
        with tarfile.open(self._port, "r") as answer:
            answer.extractall(self.folder / "taken", filter="data")
        return self.folder / "taken"


def frames(pictures: Path, name: str) -> dict[str, bytes]:
    """Pictures as a camera sees them, in a folder of this name: grey, in the middle of a dim room."""
    seen = {}
    for picture in sorted(pictures.glob("*.png")):
        view = Image.new("L", CAMERA, 90)
        code = Image.open(picture).convert("L")
        code.thumbnail((CAMERA[0] - 40, CAMERA[1] - 40))
        view.paste(code, (20, 20))
        seen[f"{name}/{picture.stem}.grey"] = struct.pack("<II", *CAMERA) + view.tobytes()
    return seen


def at_the_console(machine: Machine, command: str, *, plug: str = "", says: str = "") -> str:
    """A command at the console, its pages turned, its code typed; what was said until it was done.

    Args:
        machine: where. command: words for the signer.
        plug: pull the plug when the machine says this after the code was typed.
        says: what the command must say; without it, it must end well.
    """
    machine.wait_for("signer> ")
    machine.type(command)
    code, said, came = "", "", len(machine.said)
    while True:
        found = machine.wait_for(f"{_PROMPTS}|({plug or '(?!)'})")
        said += found.string[came : found.end()]
        came = found.end()
        if found[1]:
            code = found[1]
        elif found[2]:
            machine.type("")
        elif found[3]:
            machine.type(code)
        elif found[5]:
            machine.kill()
            return said
        else:
            machine.type("")
            ended = re.search(r"^(REFUSED|[A-Z]+(-[A-Z0-9]+)+): ", said, re.MULTILINE)
            if plug or (says not in said if says else ended):
                machine.kill()
                raise NeverSaidError(f"{command} did not end as it must:\n{said[-3000:]}")
            return said


def look(machine: Machine) -> list[str]:
    """What was not as it must be when the signer looks through a camera that shows no code."""
    machine.wait_for("signer> ")
    machine.type("review camera:")
    found = machine.wait_for(r"0 of \? parts, [1-9][0-9]* frames|[A-Z]+-[A-Z]+: .*")
    machine.interrupt()
    machine.wait_for("signer> ")
    machine.type("")
    return [] if "parts" in found[0] else [f"the camera gives frames, but: {found[0]}"]


def sign(number: int) -> str:
    """The command that signs a request which came in as frames."""
    return f"sign {HOME}/in/request-{number} {SECRETS} --out {HOME}/out/answer --force"


def held(device: Device) -> tuple[str, ...]:
    """A disk at whose name the image of CI holds the signer between `authorised` and `answered`."""
    disk = device.folder / "hold.img"
    disk.write_bytes(bytes(1 << 20))
    drive = f"file={disk},format=raw,if=none,id=hold,readonly=on"
    return ("-drive", drive, "-device", "virtio-blk-pci,drive=hold,serial=custody-hold")


def step(*arguments: object) -> Ended:
    """A command on the online side, which must end well."""
    ended = program(*arguments, "--json")
    assert ended.exit == 0, ended.stderr
    return ended


def fields(said: str) -> dict[str, object]:
    """The JSON object in what a command said."""
    found = re.findall(r"^\{.*\}$", said, re.MULTILINE)
    return dict(json.loads(found[-1])) if found else {}


def found_house(device: Device) -> tuple[dict[str, object], Path]:
    """First start: the disk is prepared, a home made, an account added and exported."""
    files = {f"{kind}.bundle": signed.serialize() for kind, signed in rules().items()}
    machine = device.start({**files, "secrets.json": SECRET})
    machine.wait_for("type prepare: ")
    machine.type("prepare")
    machine.wait_for("Enter passphrase")
    machine.type_hidden(DISK_WORD)
    machine.wait_for("Verify passphrase")
    machine.type_hidden(DISK_WORD)
    machine.wait_for("Enter passphrase")
    machine.type_hidden(DISK_WORD)
    machine.wait_for("The data partition is open")
    made = fields(at_the_console(machine, f"init --rehearsal {SECRETS} {RULES} --json"))
    at_the_console(machine, f"account add treasury --type p2wpkh --chain regtest {SECRETS} --json")
    at_the_console(machine, f"account export --out {HOME}/out/pair")
    finish(machine)
    return made, device.taken() / "out/pair"


def opened(device: Device, files: dict[str, bytes], *devices: str) -> Machine:
    """A later start: the disk opens, and the self-test passes."""
    machine = device.start({**files, "secrets.json": SECRET}, *devices)
    machine.wait_for("Enter passphrase")
    machine.type_hidden(DISK_WORD)
    machine.wait_for("The data partition is open")
    return machine


def finish(machine: Machine) -> None:
    """Somebody types off."""
    machine.wait_for("signer> ")
    machine.type("off")
    assert "Power down" in machine.end(), "it did not turn itself off"


class Office:
    """The online side: a chain of its own, a coordinator, and requests of it."""

    def __init__(self, folder: Path, pairing: Path) -> None:
        self.folder = folder
        self._home = ("--home", folder / "coordinator")
        told = step(*self._home, "coordinator", "pair", pairing).fields
        assert [one["descriptor"] for one in told["accounts"]] == [psbts.TREASURY.descriptor]
        self.chain = regtest.Regtest(folder)

    def ask(self, number: int) -> dict[str, bytes]:
        """A withdrawal of a coin of its own to a payee of its own, as camera frames."""
        amount, payee = AMOUNTS[number], psbts.EVIL.script_pubkey(0, number)
        coin = self.chain.fund([(psbts.TREASURY.script_pubkey(0, number), amount + 50_000)])
        psbt = regtest.build_withdrawal(psbts.TREASURY.descriptor, [coin], [(payee, amount)])
        self._path(number, "psbt").write_bytes(psbt)
        paid = [output.script_pubkey for output in parse_psbt(psbt).transaction.outputs].index(payee)
        self._path(number, "json").write_text(
            json.dumps(examples.record((paid, encode_address(payee, REGTEST), amount)))
        )
        files = ("--psbt", self._path(number, "psbt"), "--travel-rule", self._path(number, "json"))
        maker, path = HOUSE.fingerprint(OPERATORS[0]), self._path(number, "request")
        step(*self._home, "coordinator", "request", "--account", "treasury", *files, "--maker", maker, "-o", path)
        asked = WithdrawalRequest.parse(path.read_bytes())
        path.write_bytes(HOUSE.approved(asked, reviewed(asked, psbts.TREASURY), ()).serialize())
        pictures = self.folder / f"frames-{number}"
        step(*self._home, "coordinator", "show", self._path(number, "request"), "--out", pictures)
        return frames(pictures, f"request-{number}")

    def mine(self, number: int, answer: Path) -> bool:
        """Whether the answer is good, and a block with the transaction becomes the tip."""
        asked, response = ("--request", self._path(number, "request")), self._path(number, "response")
        step(*self._home, "coordinator", "receive", answer, *asked, "-o", response)
        done = step(
            *self._home, "coordinator", "finalize", *asked, "--response", response, "-o", self._path(number, "tx")
        )
        return self.chain.mine([bytes.fromhex(str(done.fields["raw"]))])

    def _path(self, number: int, suffix: str) -> Path:
        return self.folder / f"w{number}.{suffix}"


def kinds(taken: Path, log_key: str) -> list[str]:
    """The kinds of all entries of a log that verifies outside."""
    step("audit", "verify", "--log", taken / "log", "--key", log_key)
    lines = [Line.parse(line) for line in (taken / "log/entries").read_bytes().splitlines(keepends=True)]
    return [str(Entry.parse(line.leaf).kind) for line in lines if line]


def rehearse(device: Device) -> Generator[tuple[str, list[str]], None, tuple[Office, str]]:
    """Each scene: its name, and what was not as it must be; in the end, the office and the log's key."""
    made, pairing = found_house(device)
    key = str(made["log_key"])
    yield "a home is made on the encrypted partition", lacking(kinds(device.taken(), key), [*FOUNDED])

    office = Office(device.folder, pairing)
    machine = opened(device, office.ask(0))
    yield "a camera gives frames in the signer's sandbox", look(machine)
    at_the_console(machine, sign(0))
    finish(machine)
    taken = device.taken()
    wrong = lacking(kinds(taken, key), [*FOUNDED, "authorised", "answered"])
    yield (
        "a request signed through camera frames is mined",
        wrong + ([] if office.mine(0, taken / "out/answer") else ["libbitcoinkernel takes the block"]),
    )

    second, third = office.ask(1), office.ask(2)
    machine = opened(device, second, *held(device))
    at_the_console(machine, sign(1), plug="HELD after authorised")
    machine = opened(device, third)
    at_the_console(machine, sign(2), says="CAP-DAY-EXCEEDED")
    at_the_console(machine, sign(1))
    finish(machine)
    taken = device.taken()
    after = ["authorised", "interrupted", "refused", "authorised", "answered"]
    yield (
        "the plug is pulled between authorised and answered: nothing is lost, nothing signed without its entry",
        lacking(kinds(taken, key), [*FOUNDED, "authorised", "answered", *after])
        + ([] if office.mine(1, taken / "out/answer") else ["libbitcoinkernel takes the second block"]),
    )
    return office, key


def lacking(seen: list[str], wanted: list[str]) -> list[str]:
    """What is wrong with a log."""
    return [] if seen == wanted else [f"the log holds {' '.join(wanted)}, and not {' '.join(seen)}"]

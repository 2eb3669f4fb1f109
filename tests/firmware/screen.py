"""A virtual machine with firmware, a keyboard on USB and a screen, as a device has them: no serial console is read.

The firmware is OVMF with Secure Boot, its variables behind system management mode. What stands on the screen is read as
a person does, from the picture.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from machine import GUEST, SECONDS, NeverSaidError
from PIL import Image, ImageOps

FIRMWARE = Path("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd")
VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
SECURE = (
    *("-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"),
    *("-global", "ICH9-LPC.disable_s3=1", "-nodefaults", "-nic", "none", "-display", "none", "-vga", "std"),
    *("-device", "qemu-xhci", "-device", "usb-kbd"),
)
_KEYS = {" ": "spc", "\n": "ret", "-": "minus", ".": "dot"}


class Screen:
    """QEMU with firmware and these disks.

    Args:
        folder: for its files; ``variables.fd`` in it are the firmware's, from one start to the next.
        disks: what is plugged in.
    """

    def __init__(self, folder: Path, *disks: Path) -> None:
        self._folder = folder
        variables = folder / "variables.fd"
        if not variables.exists():
            shutil.copy(VARIABLES, variables)
        flash = ("-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE}")
        flash += ("-drive", f"if=pflash,format=raw,unit=1,file={variables}")
        drives = [word for disk in disks for word in ("-drive", f"file={disk},format=raw,if=virtio")]
        control = folder / "control"
        self._log = folder / "firmware.log"
        self._log.unlink(missing_ok=True)
        guest = [word for word in GUEST if word not in ("-machine", "q35")]
        self._process = subprocess.Popen(
            ["qemu-system-x86_64", *guest, *SECURE, *flash, *drives,
             "-serial", f"file:{self._log}", "-qmp", f"unix:{control},server,nowait"],
        )  # fmt: skip
        self._control = self._connected(control)

    def _connected(self, path: Path) -> "socket.SocketIO":
        line = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            try:
                line.connect(str(path))
                break
            except OSError:
                time.sleep(0.1)
        stream = line.makefile("rwb", buffering=0)
        stream.readline()
        self._control = stream
        self._ask("qmp_capabilities")
        return stream

    def _ask(self, command: str, **arguments: object) -> None:
        self._control.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while "return" not in (answer := json.loads(self._control.readline())):
            assert "error" not in answer, answer

    @property
    def firmware_said(self) -> str:
        """What the firmware wrote to its own console."""
        return self._log.read_bytes().decode("utf-8", "replace") if self._log.exists() else ""

    def picture(self) -> Path:
        """The screen as it is."""
        path = self._folder / "screen.png"
        self._ask("screendump", filename=str(path), format="png")
        return path

    def text(self) -> str:
        """What a person reads on it."""
        view = ImageOps.invert(Image.open(self.picture()).convert("L"))
        large = self._folder / "large.png"
        view.resize((view.width * 2, view.height * 2)).save(large)
        command = ["tesseract", large, "-", "--psm", "6"]
        one = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=one).stdout

    def wait_for(self, pattern: str, seconds: float = SECONDS) -> str:
        """What the screen shows when it shows this. Raises NeverSaidError; the machine is off then."""
        end, text = time.monotonic() + seconds, ""
        while time.monotonic() < end and self._process.poll() is None:
            text = self.text()
            if re.search(pattern, text):
                return text
            time.sleep(6)
        self.kill()
        raise NeverSaidError(f"{pattern!r} on the screen, but:\n{text}\nfirmware: {self.firmware_said[-500:]}")

    def wait_for_firmware(self, pattern: str, seconds: float = SECONDS) -> bool:
        """Whether the firmware writes this before time is up or the machine is off."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.firmware_said) and time.monotonic() < end and self._process.poll() is None:
            time.sleep(0.5)
        return bool(re.search(pattern, self.firmware_said))

    def type(self, line: str) -> None:
        """A line at the keyboard."""
        for letter in f"{line}\n":
            self._ask("send-key", keys=[{"type": "qcode", "data": _KEYS.get(letter, letter)}])
            time.sleep(0.15)

    def off(self, seconds: float = SECONDS) -> bool:
        """Whether it turns itself off, or restarts."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    def kill(self) -> None:
        """The plug is pulled."""
        self._process.kill()
        self._process.wait()

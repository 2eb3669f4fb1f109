"""A virtual machine at whose serial console somebody types; without KVM."""

import re
import subprocess
import tarfile
import threading
import time
from io import BytesIO
from pathlib import Path

GUEST = ("-accel", "tcg", "-cpu", "max", "-machine", "q35", "-m", "1024", "-smp", "2", "-no-reboot")
BARE = ("-nodefaults", "-display", "none", "-serial", "stdio", "-nic", "none")
SECONDS = 600
HIDING_SECONDS = 2


class NeverSaidError(Exception):
    """The machine did not say what it should."""


class Machine:
    """QEMU with an image, a root disk and what else is plugged in.

    Args:
        built: the folder of the image.
        line: the kernel's command line.
        root: the root disk.
        devices: further options of QEMU.
        initrd: the file of the initrd.
    """

    def __init__(self, built: Path, line: str, root: Path, *devices: str, initrd: str = "initrd.img") -> None:
        kernel = ("-kernel", f"{built}/vmlinuz", "-initrd", f"{built}/{initrd}", "-append", line)
        disk = ("-drive", f"file={root},format=raw,if=virtio,readonly=on")
        self._process = subprocess.Popen(
            ["qemu-system-x86_64", *GUEST, *BARE, *kernel, *disk, *devices],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._said = bytearray()
        self._read = 0
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout
        while said := self._process.stdout.read1(4096):  # type: ignore[attr-defined]
            self._said += said

    @property
    def said(self) -> str:
        """All that it said, without the colours and carriage returns of a terminal."""
        return plain(bytes(self._said))

    def wait_for(self, pattern: str, seconds: float = SECONDS) -> "re.Match[str]":
        """The first match in what was said since the last one. Raises NeverSaidError; the machine is off then."""
        end = time.monotonic() + seconds
        while True:
            gone = self._process.poll() is not None
            said = self.said
            if found := re.compile(pattern, re.MULTILINE).search(said, self._read):
                self._read = found.end()
                return found
            if gone or time.monotonic() > end:
                self.kill()
                raise NeverSaidError(f"{pattern!r}, but:\n{said[self._read :][-3000:]}")
            time.sleep(0.2)

    def type(self, line: str) -> None:
        """A line at the console."""
        assert self._process.stdin
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def type_hidden(self, line: str) -> None:
        """A line at a prompt that forgets what was typed before it hid what is typed."""
        time.sleep(HIDING_SECONDS)
        self.type(line)

    def interrupt(self) -> None:
        """Ctrl-C at the console."""
        assert self._process.stdin
        self._process.stdin.write(b"\x03")
        self._process.stdin.flush()

    def end(self) -> str:
        """Wait until it has turned itself off; all that it said."""
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return f"{self.said}\nTIME IS UP"
        self._listener.join(10)
        return self.said

    def kill(self) -> None:
        """The plug is pulled."""
        self._process.kill()
        self._process.wait()


def plain(said: bytes) -> str:
    """Text of a terminal without its control sequences."""
    text = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[c78]|\r", b"", said)
    return text.decode("utf-8", "replace")


def archive(disk: Path, files: dict[str, bytes]) -> None:
    """A disk that holds a tar archive."""
    with tarfile.open(disk, "w") as written:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            written.addfile(member, BytesIO(content))
    disk.write_bytes(disk.read_bytes().ljust(1 << 20, b"\0"))

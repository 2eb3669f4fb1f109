"""The jail: what the child decodes, what it cannot do, and what becomes of images that attack it."""

import json
import os
import struct
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from custody.edge import decoder as decoder_module
from custody.edge import jail
from custody.edge.decoder import MAX_RESTARTS, JailedDecoder
from custody.edge.decoder_child import MAX_IMAGE, MAX_PIXELS, MAX_TEXTS, _grey, load_engines
from custody.errors import CustodyError, HomeError
from custody.qr import render, symbol

TEXT = "UR:BYTES/HDCXAA"


def picture(text: str = TEXT, form: str = "PNG", mode: str = "L") -> bytes:
    """A code as a file of some format."""
    written = BytesIO()
    Image.open(BytesIO(render.png(symbol.encode([text])[0]))).convert(mode).save(written, form)
    return written.getvalue()


def png_header(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that claims a size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def texts_of(decoder: JailedDecoder, image: bytes) -> list[list[str]]:
    return list(decoder.decode(image))


def refusal(decoder: JailedDecoder, image: bytes) -> str:
    with pytest.raises(CustodyError) as refused:
        texts_of(decoder, image)
    return refused.value.code


def script(body: str) -> list[str]:
    """The command of a child that does something else than it should."""
    return [sys.executable, "-I", "-c", textwrap.dedent(body)]


SPEAK = """
    import sys, json
    def say(answer):
        line = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        sys.stdout.buffer.write(len(line).to_bytes(4, "big") + line); sys.stdout.buffer.flush()
    say("ready")
"""


@pytest.fixture(scope="module")
def jailed() -> Iterator[JailedDecoder]:
    with JailedDecoder() as decoder:
        yield decoder


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP"])
def test_each_format_is_decoded(jailed: JailedDecoder, form: str) -> None:
    assert texts_of(jailed, picture(form=form)) == [[TEXT]]


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "I;16"])
def test_each_kind_of_pixels_is_decoded(jailed: JailedDecoder, mode: str) -> None:
    assert texts_of(jailed, picture(mode=mode)) == [[TEXT]]


def test_a_code_on_transparent_ground_is_decoded(jailed: JailedDecoder) -> None:
    opaque = Image.open(BytesIO(picture()))
    clear = Image.new("RGBA", opaque.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=opaque.convert("L").point(lambda level: 255 - level))
    written = BytesIO()
    clear.save(written, "PNG")
    assert texts_of(jailed, written.getvalue()) == [[TEXT]]


def test_each_frame_of_a_gif_is_decoded(jailed: JailedDecoder) -> None:
    texts = [f"UR:BYTES/{number}-9" for number in range(9)]
    assert texts_of(jailed, render.gif(symbol.encode(texts), 5)) == [[text] for text in texts]


def test_a_picture_without_a_code_gives_no_text(jailed: JailedDecoder) -> None:
    written = BytesIO()
    Image.new("L", (300, 300), 200).save(written, "PNG")
    assert texts_of(jailed, written.getvalue()) == [[]]


def test_other_codes_than_qr_are_not_looked_at(jailed: JailedDecoder) -> None:
    import zxingcpp

    bars = zxingcpp.create_barcode("UR:BYTES/HDCXAA", zxingcpp.BarcodeFormat.Code128)
    pixels = memoryview(bars.to_image(scale=3))
    written = BytesIO()
    Image.frombytes("L", pixels.shape[::-1], pixels.tobytes()).save(written, "PNG")
    assert texts_of(jailed, written.getvalue()) == [[]]


def test_each_engine_reads_a_code_alone() -> None:
    """zxing, then zbar, then zbar on a blurred copy: no one of them stands in for a broken one."""
    grey = Image.open(BytesIO(picture())).convert("L")
    assert [engine(grey) for engine in load_engines()] == [[TEXT]] * 3


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (b"", "IMAGE-UNREADABLE"),
        (b"GIF89a", "IMAGE-UNREADABLE"),
        (picture()[:-40], "IMAGE-UNREADABLE"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "IMAGE-UNREADABLE"),
        (picture(form="TIFF"), "IMAGE-UNREADABLE"),
        (picture(form="PDF"), "IMAGE-UNREADABLE"),
        (png_header(100_000, 100_000), "IMAGE-TOO-LARGE"),
        (png_header(MAX_PIXELS + 1, 1), "IMAGE-TOO-LARGE"),
        (bytes(MAX_IMAGE + 1), "IMAGE-TOO-LARGE"),
    ],
)
def test_a_bad_image_is_refused_and_the_next_is_read(jailed: JailedDecoder, image: bytes, code: str) -> None:
    assert refusal(jailed, image) == code
    assert texts_of(jailed, picture()) == [[TEXT]]


def test_a_gif_that_grows_within_is_refused(jailed: JailedDecoder) -> None:
    small = bytearray(picture(form="GIF"))
    descriptor = small.index(b"\x2c")
    small[descriptor + 5 : descriptor + 9] = struct.pack("<HH", 65_535, 65_535)
    assert refusal(jailed, bytes(small)) == "IMAGE-TOO-LARGE"


# What the adversary's code would try, once it runs in the child. Each is shown to work outside the jail first.
ACTS = {
    "open a file": "open('/etc/passwd').read()",
    "write a file": "open('/dev/null', 'w').write('x')",
    "list a folder": "__import__('os').listdir('/')",
    "open a socket": "__import__('socket').socket()",
    "run a program": "__import__('subprocess').run(['/bin/true'], check=True)",
    "fork": "__import__('os').fork() or __import__('os')._exit(0)",
    "start a thread": "__import__('threading').Thread(target=int).start()",
    "signal the parent": "__import__('os').kill(__import__('os').getppid(), 0)",
    "signal a thread of the parent": "libc.syscall(TGKILL, os.getppid(), os.getppid(), 0) == 0 or fail()",
    "make memory that can be run": "__import__('mmap').mmap(-1, 4096, prot=7)",
    "take two gigabytes": "len(bytes(1 << 31))",
    "duplicate a descriptor": "__import__('os').dup(0)",
    "debug the parent": "libc.ptrace(16, __import__('os').getppid(), 0, 0) == 0 or fail()",
}
_PREPARE = """
import ctypes, os, socket, subprocess, threading, mmap, sys, json
sys.path += json.loads(sys.argv[1])
libc = ctypes.CDLL(None)
TGKILL = 234 if os.uname().machine == "x86_64" else 131
def fail():
    raise PermissionError
from custody.edge.jail import enter_jail
{enter}
try:
    {act}
except BaseException as error:
    print("refused", type(error).__name__)
else:
    print("done")
"""


def attempt(act: str, enter: str, project: Path) -> str:
    body = _PREPARE.format(act=act, enter=enter)
    paths = json.dumps([str(project), *filter(None, sys.path)])
    done = subprocess.run([sys.executable, "-I", "-c", body, paths], capture_output=True, text=True, check=False)
    return done.stdout.strip() or f"died {done.returncode}"


@pytest.mark.parametrize("act", ACTS)
def test_in_the_jail_the_adversary_cannot(act: str, project: Path) -> None:
    assert attempt(ACTS[act], "enter_jail(1 << 30)", project).startswith(("refused", "died"))


@pytest.mark.parametrize("act", sorted(ACTS.keys() - {"take two gigabytes", "debug the parent"}))
def test_outside_the_jail_the_same_act_works(act: str, project: Path) -> None:
    assert attempt(ACTS[act], "", project) == "done"


def test_the_real_child_is_in_the_jail_before_it_reads(jailed: JailedDecoder) -> None:
    texts_of(jailed, picture())
    child = jailed._child
    assert child is not None
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{child.pid}/status").read_text().splitlines())
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")


def test_the_child_has_three_pipes_and_no_environment(jailed: JailedDecoder) -> None:
    texts_of(jailed, picture())
    assert jailed._child is not None
    proc = Path(f"/proc/{jailed._child.pid}")
    if os.geteuid() == 0:
        assert sorted(entry.name for entry in (proc / "fd").iterdir()) == ["0", "1", "2"]
        assert (proc / "environ").read_bytes() == b""
    else:
        # Not even its own user may look into a process that is not dumpable.
        with pytest.raises(PermissionError):
            (proc / "environ").read_bytes()


def test_without_a_jail_nothing_is_decoded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pyseccomp.py").write_text("raise RuntimeError('no libseccomp here')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(jail, "_PATHS", jail._PATHS.replace("sys.path += [", "sys.path[:0] = ["))
    with JailedDecoder() as decoder, pytest.raises(HomeError) as refused:
        texts_of(decoder, picture())
    assert refused.value.code == "JAIL-UNAVAILABLE"
    assert "no libseccomp here" in refused.value.message


def test_a_child_that_does_not_start_is_no_jail() -> None:
    with JailedDecoder(command=script("raise SystemExit(1)")) as decoder:
        assert refusal(decoder, picture()) == "JAIL-UNAVAILABLE"


def test_a_child_that_hangs_is_killed_and_the_scan_goes_on() -> None:
    hang = script(SPEAK + "\n    import time\n    time.sleep(1_000)")
    with JailedDecoder(frame_seconds=0.2, command=hang) as decoder:
        first = decoder._start()
        assert refusal(decoder, picture()) == "IMAGE-KILLED-DECODER"
        assert first.poll() is not None
        decoder._command = jail.isolated_command("custody.edge.decoder_child")
        decoder._frame_seconds = decoder_module.FRAME_SECONDS
        assert texts_of(decoder, picture()) == [[TEXT]]


def test_a_child_that_reads_nothing_is_killed_too() -> None:
    deaf = script(SPEAK + "\n    import time\n    time.sleep(1_000)")
    with JailedDecoder(frame_seconds=0.2, command=deaf) as decoder:
        assert refusal(decoder, bytes(MAX_IMAGE)) == "IMAGE-KILLED-DECODER"


def test_an_image_that_bursts_the_memory_is_refused_and_the_scan_goes_on() -> None:
    """A few kilobytes that unfold to 64 MB and need several times that, in a jail made smaller to save time."""
    command = jail.isolated_command("custody.edge.decoder_child")
    command[3] = command[3].replace("import main; main()", "import main; import custody.edge.decoder_child as child")
    command[3] += "; child.MAX_MEMORY = 200_000_000; main()"
    written = BytesIO()
    Image.new("LA", (4_096, 4_096)).save(written, "PNG")
    with JailedDecoder(command=command) as decoder:
        assert refusal(decoder, written.getvalue()) in ("IMAGE-UNREADABLE", "IMAGE-KILLED-DECODER")
        assert texts_of(decoder, picture()) == [[TEXT]]


@pytest.mark.parametrize("alpha", [0, 255])
def test_what_is_seen_through_is_paper(alpha: int) -> None:
    written = BytesIO()
    Image.new("RGBA", (4, 4), (0, 0, 0, alpha)).save(written, "PNG")
    with Image.open(written) as seen:
        assert _grey(seen).getextrema() == (255 - alpha, 255 - alpha)


def test_images_that_kill_the_child_again_and_again_end_the_scan() -> None:
    with JailedDecoder(command=script(SPEAK)) as decoder:
        codes = [refusal(decoder, picture()) for _ in range(MAX_RESTARTS + 2)]
    assert codes == ["IMAGE-KILLED-DECODER"] * (MAX_RESTARTS + 1) + ["DECODER-EXHAUSTED"]


@pytest.mark.parametrize(
    "answer",
    [
        "say(b'{')",
        "say({'texts': []})",
        "say([1])",
        "say([['x']])",
        "say('anything else')",
        "say(None)",
        "say(['x'] * 17)",
        "say(['x' * 5001])",
        "say(b'[' * 100_000)",
        "sys.stdout.buffer.write(bytes([255] * 4)); sys.stdout.buffer.flush()",
        "sys.stdout.buffer.write(bytes([0, 0, 0, 9, 91])); sys.stdout.buffer.flush()",
        "[say([]) for _ in range(22)]",
    ],
)
def test_a_child_that_speaks_anything_but_texts_is_not_believed(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_module, "MAX_FRAMES", 20)
    with JailedDecoder(command=script(SPEAK + f"\n    sys.stdin.buffer.read(9)\n    {answer}")) as decoder:
        assert refusal(decoder, picture()) == "IMAGE-KILLED-DECODER"


def test_no_answer_to_one_image_meets_the_next(jailed: JailedDecoder) -> None:
    texts = [f"UR:BYTES/{number}-9" for number in range(9)]
    frames = jailed.decode(render.gif(symbol.encode(texts), 5))
    assert next(frames) == [texts[0]]
    frames.close()
    assert texts_of(jailed, picture()) == [[TEXT]]


def test_many_codes_in_one_picture_are_bounded(jailed: JailedDecoder) -> None:
    one = Image.open(BytesIO(picture()))
    sheet = Image.new("L", (one.width * 5, one.height * 5), 255)
    for number in range(25):
        sheet.paste(one, (number % 5 * one.width, number // 5 * one.height))
    written = BytesIO()
    sheet.save(written, "PNG")
    (found,) = texts_of(jailed, written.getvalue())
    assert set(found) == {TEXT}
    assert len(found) == MAX_TEXTS


def test_leaving_the_decoder_ends_the_child() -> None:
    with JailedDecoder() as decoder:
        texts_of(decoder, picture())
        child = decoder._child
    assert child is not None
    assert child.poll() is not None

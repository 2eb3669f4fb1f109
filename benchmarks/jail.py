"""Time of one 720p frame through the decoder's jail: zxing-cpp beside zbar, clean and degraded, in one run.

BMP stands for a raw frame of a camera; JPEG adds Pillow's decoding. The last row is a frame without a code, on which
all engines are asked.

    python benchmarks/jail.py
"""

import json
import random
import sys
import time

from cameras import HEIGHT, WIDTH, clean, degraded, saved
from PIL import Image

from custody.edge.decoder import JailedDecoder
from custody.qr import symbol, ur
from custody.qr.profile import Profile, fragment_of_version, frames

FRAMES = 60
BOOT = (
    "import json, sys; sys.path += json.loads(sys.argv[1]); from custody.edge import decoder_child as child; "
    "load = child.load_engines; child.load_engines = lambda: load()[{engines}]; child.main()"
)
ENGINES = {"zxing-cpp": "0:1", "zbar": "1:2", "all in turn": "0:3"}


def run(name: str, kind: str, pictures: list[bytes], engines: str) -> None:
    """Print the times of these pictures and how many held a text."""
    command = [sys.executable, "-I", "-c", BOOT.format(engines=engines), json.dumps(sys.path)]
    with JailedDecoder(command=command) as decoder:
        start = time.perf_counter()
        list(decoder.decode(pictures[0]))
        started = time.perf_counter() - start
        seconds, found = [], 0
        for picture in pictures:
            start = time.perf_counter()
            found += any(list(decoder.decode(picture)))
            seconds.append(time.perf_counter() - start)
    seconds.sort()
    p50, p95 = seconds[len(seconds) // 2], seconds[len(seconds) * 95 // 100]
    print(f"{name:12}  {kind:14}  {1e3 * p50:6.1f}  {1e3 * p95:6.1f}  {found:5}/{len(pictures)}  {1e3 * started:8.0f}")


def main() -> None:
    """Print a row for each engine and kind of frame."""
    chance = random.Random(20)
    kind = "x-custody-request"
    profile = Profile(fragment_of_version(20, kind), 12)
    matrices = symbol.encode(frames(ur.Message(kind, chance.randbytes(FRAMES * profile.fragment // 2)), profile))[
        :FRAMES
    ]
    kinds = {
        "clean BMP": [saved(clean(matrix), "BMP") for matrix in matrices],
        "degraded BMP": [saved(degraded(matrix, chance), "BMP") for matrix in matrices],
        "degraded JPEG": [saved(degraded(matrix, chance), "JPEG") for matrix in matrices],
    }
    print("engine        frame           ms p50     p95      read  ms first")
    for engine in ("zxing-cpp", "zbar"):
        for name, pictures in kinds.items():
            run(engine, name, pictures, ENGINES[engine])
    blank = [saved(Image.effect_noise((WIDTH, HEIGHT), 30), "BMP") for _ in range(10)]
    for engine, engines in ENGINES.items():
        run(engine, "no code BMP", blank, engines)


if __name__ == "__main__":
    main()

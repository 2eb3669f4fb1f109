"""The fountain decoder: parts received for each part needed, and time; beside the peer @ngraveio/bc-ur in one run.

30 % of the frames shown are lost, the rest taken in; parts count as received until the message is complete. "late"
joins after the simple parts. The peer gets the same frames as text; its time holds parsing, ours does not.
The peer is run where node and tests/conformance/node_modules are there.

    python benchmarks/fountain.py
"""

import json
import random
import shutil
import statistics
import subprocess
import time
from pathlib import Path

from custody.qr import ur
from custody.qr.elimination import Decoder
from custody.qr.fountain import Encoder, Part

PEER = Path(__file__).resolve().parent.parent / "tests" / "conformance" / "ur_peer.cjs"
TRIALS = {50: 200, 100: 200, 200: 100, 400: 60, 800: 25}
PEER_TRIALS = {50: 20, 100: 10, 200: 5}
LOSS = 0.3
FRAGMENT = 400


def shown(encoder: Encoder, first: int, chance: random.Random) -> list[Part]:
    """The parts that arrive, enough for any decoder."""
    count = encoder.header.seq_len
    return [encoder.part(seq_num) for seq_num in range(first, first + 4 * count) if chance.random() >= LOSS]


def take(encoder: Encoder, parts: list[Part]) -> tuple[int, float, float]:
    """Parts received, seconds in all and for the worst part."""
    decoder, seconds = Decoder(encoder.header), []
    for part in parts:
        start = time.perf_counter()
        decoder.accept(part)
        seconds.append(time.perf_counter() - start)
        if decoder.message is not None:
            return len(seconds), sum(seconds), max(seconds)
    raise RuntimeError("the parts were not enough")


def peer_take(count: int, chance: random.Random) -> list[tuple[float, float]]:
    """Received / needed and seconds of each trial of the peer."""
    results = []
    command = ["node", str(PEER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        for _ in range(PEER_TRIALS[count]):
            encoder = Encoder(chance.randbytes(count * FRAGMENT), FRAGMENT)
            frames = [ur.encode_part("bytes", part) for part in shown(encoder, 1, chance)]
            start = time.perf_counter()
            child.stdin.write(json.dumps({"order": "decode", "frames": frames}) + "\n")
            child.stdin.flush()
            answer = json.loads(child.stdout.readline())
            taken = answer["taken"] if "payload" in answer else float("inf")
            results.append((taken / count, time.perf_counter() - start))
        child.stdin.close()
    return results


def p95(numbers: list[float]) -> float:
    """The number that 95 of 100 do not exceed."""
    return sorted(numbers)[max(0, -(-len(numbers) * 95 // 100) - 1)]


def main() -> None:
    """Print a row for each number of fragments and way of joining."""
    chance = random.Random(2020)
    print("fragments  from       received/needed mean  p95    ms in all (median)  ms worst part")
    for count, trials in TRIALS.items():
        for name, first in (("start", 1), ("late", count + 1)):
            overheads, totals, worsts = [], [], []
            for _ in range(trials):
                encoder = Encoder(chance.randbytes(count * FRAGMENT), FRAGMENT)
                received, total, worst = take(encoder, shown(encoder, first, chance))
                overheads.append(received / count)
                totals.append(total)
                worsts.append(worst)
            mean, total = statistics.mean(overheads), 1e3 * statistics.median(totals)
            print(f"{count:9}  {name:9}  {mean:20.3f}  {p95(overheads):.3f}  {total:18.1f}  {1e3 * max(worsts):13.1f}")
        if count in PEER_TRIALS and shutil.which("node") and (PEER.parent / "node_modules").is_dir():
            results = peer_take(count, chance)
            overheads = [overhead for overhead, _ in results]
            mean, total = statistics.mean(overheads), 1e3 * statistics.median(seconds for _, seconds in results)
            print(f"{count:9}  {'peer':9}  {mean:20.3f}  {p95(overheads):.3f}  {total:18.1f}")


if __name__ == "__main__":
    main()

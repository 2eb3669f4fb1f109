"""How long a 26 KB request takes from screen to signer: 12 frames a second, 30 % lost, the rest degraded.

The share of degraded 720p frames that the jail reads is measured; then transfers are drawn with both losses. The
request is that of a withdrawal with 100 inputs, previous transactions and one travel-rule record.

    python benchmarks/transfer.py
"""

import random
import statistics

from cameras import degraded, saved

from custody.edge.decoder import JailedDecoder
from custody.qr import symbol, ur
from custody.qr.elimination import Decoder
from custody.qr.fountain import Encoder
from custody.qr.profile import Profile, fragment_of_version, frames

KIND = "x-custody-request"
SIZE = 26_000
FPS, LOSS = 12, 0.3
SAMPLE, TRIALS = 60, 400


def read_rate(version: int, chance: random.Random) -> float:
    """The share of degraded frames of a version that come out of the jail as the text that went in."""
    profile = Profile(fragment_of_version(version, KIND), FPS)
    texts = frames(ur.Message(KIND, chance.randbytes(SIZE)), profile, parts=SAMPLE)[:SAMPLE]
    with JailedDecoder() as decoder:
        looks = [
            list(decoder.decode(saved(degraded(matrix, chance), "JPEG"))) == [[text]]
            for text, matrix in zip(texts, symbol.encode(texts), strict=True)
        ]
    return sum(looks) / len(looks)


def seconds(version: int, rate: float, chance: random.Random) -> float:
    """One transfer."""
    encoder = Encoder(chance.randbytes(SIZE), fragment_of_version(version, KIND))
    decoder, seq_num = Decoder(encoder.header), 0
    while decoder.message is None:
        seq_num += 1
        if chance.random() >= LOSS and chance.random() < rate:
            decoder.accept(encoder.part(seq_num))
    return seq_num / FPS


def main() -> None:
    """Print a row for each version."""
    chance = random.Random(26)
    print("version  fragments  frames read  seconds p50   p95   goal")
    for version, goal in ((20, 8.5), (25, 6.0)):
        rate = read_rate(version, chance)
        times = sorted(seconds(version, rate, chance) for _ in range(TRIALS))
        count = -(-SIZE // fragment_of_version(version, KIND))
        p50, p95 = statistics.median(times), times[TRIALS * 95 // 100]
        print(f"{version:7}  {count:9}  {rate:10.0%}  {p50:11.1f}  {p95:5.1f}  {goal:5.1f}")


if __name__ == "__main__":
    main()

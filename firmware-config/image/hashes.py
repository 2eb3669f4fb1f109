"""Writes hashes for people: each in hexadecimal, and as the 24 words of BIP39 that stand for it, to read aloud.

Threat: a changed image whose hash nobody compares, because 64 digits are no sentence.
Usage: hashes.py FILE..., to stdout. Runs in the product's own environment, for its word list.
"""

import hashlib
import sys
from pathlib import Path

from custody.vault.mnemonic import from_entropy

WORDS_A_LINE = 6


def told(file: Path) -> str:
    """Name, hexadecimal digits in groups of four, and words."""
    digest = hashlib.sha256(file.read_bytes()).digest()
    digits = digest.hex()
    groups = [digits[start : start + 4] for start in range(0, 64, 4)]
    words = from_entropy(digest).split()
    lines = [" ".join(words[start : start + WORDS_A_LINE]) for start in range(0, 24, WORDS_A_LINE)]
    return "\n".join([file.name, f"  {' '.join(groups)}", *(f"  {line}" for line in lines)])


if __name__ == "__main__":
    print(*(told(Path(name)) for name in sys.argv[1:]), sep="\n\n")

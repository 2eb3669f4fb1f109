"""Locktime, relative locks and replaceability in words."""

from collections.abc import Sequence

import pytest
from psbts import PAYEE, Payment, build, coins, serialize

from custody.bitcoin.locks import lock_notes
from custody.bitcoin.psbt import parse

RBF = "It signals that it may be replaced before it is mined (BIP125)."
FINAL = 0xFFFFFFFF


def notes(*sequences: int, locktime: int = 0, version: int = 2) -> Sequence[str]:
    maps = build(coins(len(sequences)), [Payment(PAYEE, 1000)], version=version, locktime=locktime, sequences=sequences)
    return lock_notes(parse(serialize(maps)).transaction)


def test_nothing_to_say() -> None:
    assert notes(FINAL) == ()
    assert notes(FINAL - 1) == ()


def test_a_block_height() -> None:
    assert notes(FINAL - 1, FINAL, locktime=840_000) == ("It can be mined from block 840001 on (locktime).",)


def test_a_moment() -> None:
    # 2033-05-18T03:33:20Z is the two-thousand-millionth second.
    assert notes(FINAL - 1, locktime=2_000_000_000) == ("It can be mined after 2033-05-18T03:33:20Z (locktime).",)


@pytest.mark.parametrize(
    ("locktime", "word"), [(499_999_999, "block 500000000"), (500_000_000, "1985-11-05"), (2**32 - 1, "2106-02-07")]
)
def test_the_threshold_between_height_and_moment(locktime: int, word: str) -> None:
    assert word in notes(FINAL - 1, locktime=locktime)[0]


def test_a_locktime_without_effect() -> None:
    assert notes(FINAL, FINAL, locktime=900_000) == ("Locktime 900000 has no effect: every input is final.",)


def test_replaceability() -> None:
    assert notes(FINAL - 2) == (RBF,)
    assert notes(FINAL, FINAL - 2) == (RBF,)


def test_a_relative_lock_in_blocks_and_in_time() -> None:
    blocks = "It must wait until a coin that it spends is 144 blocks old (relative lock)."
    assert notes(144, 10) == (blocks, RBF)
    assert notes(1 << 22 | 2) == ("It must wait until a coin that it spends is 1024 seconds old (relative lock).", RBF)
    assert notes(144, 1 << 22 | 2)[:2] == (
        blocks,
        "It must wait until a coin that it spends is 1024 seconds old (relative lock).",
    )


def test_a_relative_lock_without_effect() -> None:
    assert notes(144, version=1) == ("Relative locks have no effect: the transaction is of version 1.", RBF)
    assert notes(0) == (RBF,)
    assert notes(1 << 31 | 144) == (RBF,)

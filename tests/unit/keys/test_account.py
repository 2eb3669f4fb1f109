"""What accounts of every family have in common: names, indexes, and the seed that is theirs."""

from dataclasses import dataclass

import pytest
from psbts import EVIL_SEED, SEED

from custody.errors import HomeError, InputError, UsageError
from custody.keys import derivation
from custody.keys.account import check_name, decode_index, describe_key, private_key
from custody.keys.derivation import HARDENED, TPUB, XPUB


@dataclass(frozen=True)
class Registered:
    name: str
    fingerprint: bytes
    path: tuple[int, int, int]
    xpub: str


ROOT = derivation.root(SEED)
PATH = (44 + HARDENED, 60 + HARDENED, HARDENED)
KEY = derivation.private_child(ROOT, *PATH)
ACCOUNT = Registered("treasury", derivation.fingerprint(ROOT), PATH, derivation.encode_xpub(KEY))


def test_a_key_is_described_with_its_origin() -> None:
    assert describe_key(SEED, XPUB, 44, 60, 0) == f"[73c5da0a/44h/60h/0h]{ACCOUNT.xpub}"
    assert "/84h/1h/7h]tpub" in describe_key(SEED, TPUB, 84, 1, 7)


@pytest.mark.parametrize("index", [-1, HARDENED, 2**40])
def test_an_index_out_of_range_is_refused(index: int) -> None:
    with pytest.raises(UsageError, match="ACCOUNT-INDEX"):
        describe_key(SEED, XPUB, 44, 60, index)


def test_an_index_in_a_descriptor_is_below_the_hardened_ones() -> None:
    assert decode_index("2147483647") == HARDENED - 1
    with pytest.raises(InputError, match="ACCOUNT-DESCRIPTOR"):
        decode_index("2147483648")


def test_names() -> None:
    check_name("cold-1")
    for name in ("", "-a", "A", "a" * 33, "a\n", "\u00e4"):
        with pytest.raises(InputError, match="ACCOUNT-NAME"):
            check_name(name)


def test_the_accounts_own_seed_gives_its_key() -> None:
    assert derivation.secret(private_key(ACCOUNT, XPUB, SEED)) == derivation.secret(KEY)


def test_another_seed_is_refused_whatever_it_shares() -> None:
    for disguised in (
        ACCOUNT,
        Registered("treasury", derivation.fingerprint(derivation.root(EVIL_SEED)), PATH, ACCOUNT.xpub),
    ):
        with pytest.raises(HomeError, match="SEED-FOREIGN"):
            private_key(disguised, XPUB, EVIL_SEED)
    evil = derivation.private_child(derivation.root(EVIL_SEED), *PATH)
    with pytest.raises(HomeError, match="SEED-FOREIGN"):
        private_key(Registered("treasury", ACCOUNT.fingerprint, PATH, derivation.encode_xpub(evil)), XPUB, EVIL_SEED)

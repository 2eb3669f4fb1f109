"""A nonce pays once: what was authorised with it before is remembered by the log."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import ceremonies
import evm
import examples
import pytest

from custody.chains import SEPOLIA
from custody.edge import home
from custody.errors import HomeError
from custody.evm.account import EvmAccount
from custody.evm.address import checksum_address
from custody.evm.transaction import Eip1559
from custody.wire.request import WithdrawalRequest

PAYEE = checksum_address(evm.PAYEE)
PAYMENT = replace(evm.COIN_PAYMENT, chain_number=evm.PRACTICE.chain.number)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rehearsal home with one account on anvil."""
    ceremonies.make_home(
        tmp_path / "home", policy=examples.EVM_POLICY, flagged=examples.EVM_FLAGGED_LIST, account=False
    )
    with ceremonies.open_home(tmp_path / "home") as opened:
        opened.add_account(evm.PRACTICE)
    return tmp_path / "home"


@pytest.fixture
def identifiers() -> Iterator[bytes]:
    return iter(bytes([number]) * 16 for number in range(100))


def request(folder: Path, identifier: bytes, payment: Eip1559 = PAYMENT, customer: str = "Tanaka") -> WithdrawalRequest:
    with ceremonies.open_home(folder) as opened:
        honest = ceremonies.request(ceremonies.export(opened))
    return replace(
        honest,
        id=identifier,
        account=evm.PRACTICE.name,
        checksum=evm.PRACTICE.address(0),
        chain_id=evm.PRACTICE.chain.chain_id,
        kind="evm-transaction",
        transaction=payment.serialize(),
        travel_rule=examples.block(examples.record((0, PAYEE, payment.value), customer=customer)),
    )


def codes(outcome: ceremonies.Outcome) -> list[str]:
    assert outcome.judgement is not None
    return [reason.code for reason in outcome.judgement.decision.reasons]


def test_a_second_payment_with_a_nonce_is_refused(folder: Path, identifiers: Iterator[bytes]) -> None:
    assert ceremonies.sign(folder, request(folder, next(identifiers)).serialize()).status == "signed"
    second = request(folder, next(identifiers), replace(PAYMENT, value=PAYMENT.value + 1))
    refused = ceremonies.sign(folder, second.serialize())
    assert (refused.status, codes(refused)) == ("refused", ["REPLACEMENT-DIFFERS", "NONCE-REUSED"])
    less = request(folder, next(identifiers), replace(PAYMENT, value=PAYMENT.value - 1))
    assert codes(ceremonies.sign(folder, less.serialize())) == ["NONCE-REUSED"]


def test_the_next_nonce_pays(folder: Path, identifiers: Iterator[bytes]) -> None:
    for nonce in (7, 8):
        payment = replace(PAYMENT, nonce=nonce, value=PAYMENT.value - nonce)
        asked = request(folder, next(identifiers), payment, f"Customer {nonce}")
        assert ceremonies.sign(folder, asked.serialize()).status == "signed"


def test_with_the_next_nonce_the_same_payment_is_a_second_one(folder: Path, identifiers: Iterator[bytes]) -> None:
    assert ceremonies.sign(folder, request(folder, next(identifiers)).serialize()).status == "signed"
    again = request(folder, next(identifiers), replace(PAYMENT, nonce=PAYMENT.nonce + 1))
    assert codes(ceremonies.sign(folder, again.serialize())) == ["DUPLICATE-PAYMENT"]


def test_the_same_payment_in_a_new_request_gives_the_same_signature(folder: Path, identifiers: Iterator[bytes]) -> None:
    first, second = (
        ceremonies.sign(folder, request(folder, next(identifiers)).serialize()).response.answer for _ in range(2)
    )
    assert first.request != second.request
    assert first.signatures == second.signatures


def test_a_nonce_whose_signing_was_interrupted_stays_used(folder: Path, identifiers: Iterator[bytes]) -> None:
    def broken(_opened: home.SignerHome) -> ceremonies.Unlock:
        class Key:
            def consent(self, _order: object) -> tuple[()]:
                return ()

            def sign(self, _evidence: object) -> tuple[()]:
                raise HomeError("KEY-PROCESS", "gone")

        return lambda _consent: ceremonies.nullcontext(Key())  # type: ignore[arg-type,return-value]

    with pytest.raises(HomeError, match="KEY-PROCESS"):
        ceremonies.sign(folder, request(folder, next(identifiers)).serialize(), unlock=broken)
    other = request(folder, next(identifiers), replace(PAYMENT, value=PAYMENT.value - 1))
    assert codes(ceremonies.sign(folder, other.serialize())) == ["NONCE-REUSED"]


def test_a_refused_payment_uses_no_nonce(folder: Path, identifiers: Iterator[bytes]) -> None:
    unrecorded = replace(request(folder, next(identifiers)), travel_rule=b"")
    assert ceremonies.sign(folder, unrecorded.serialize()).status == "refused"
    other = request(folder, next(identifiers), replace(PAYMENT, value=PAYMENT.value + 1))
    assert ceremonies.sign(folder, other.serialize()).status == "signed"


def test_the_same_nonce_on_another_network_is_another_nonce(folder: Path, identifiers: Iterator[bytes]) -> None:
    sepolia = EvmAccount.parse("sepolia", SEPOLIA, evm.PRACTICE.descriptor)
    with ceremonies.open_home(folder) as opened:
        opened.add_account(sepolia)
    assert ceremonies.sign(folder, request(folder, next(identifiers)).serialize()).status == "signed"
    elsewhere = replace(
        request(folder, next(identifiers), replace(PAYMENT, chain_number=SEPOLIA.number)),
        account="sepolia",
        chain_id=SEPOLIA.chain_id,
    )
    assert "NONCE-REUSED" not in codes(ceremonies.sign(folder, elsewhere.serialize()))

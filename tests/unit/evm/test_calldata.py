"""Calldata of a token payment: read, written again, compared; nothing beside it passes."""

import pytest
from ethereum_peers import eth_abi
from evm import PAYEE

from custody.errors import TransactionError
from custody.evm.calldata import TRANSFER, Transfer, describe_call, parse_transfer, selector

HONEST = Transfer(PAYEE, 2_500_000_000).serialize()


def refusal(calldata: bytes) -> str:
    with pytest.raises(TransactionError) as caught:
        parse_transfer(calldata)
    return caught.value.code


def test_a_transfer_is_written_as_the_peer_writes_it() -> None:
    assert TRANSFER.hex() == "a9059cbb"
    assert TRANSFER + eth_abi.encode(["address", "uint256"], [PAYEE, 2_500_000_000]) == HONEST
    assert parse_transfer(HONEST) == Transfer(PAYEE, 2_500_000_000)
    assert parse_transfer(Transfer(PAYEE, 2**256 - 1).serialize()).amount == 2**256 - 1


@pytest.mark.parametrize(
    ("calldata", "code"),
    [
        (b"", "EVM-SELECTOR"),
        (HONEST[:3], "EVM-SELECTOR"),
        (bytes(4) + HONEST[4:], "EVM-SELECTOR"),
        (HONEST[:4], "EVM-CALLDATA-SIZE"),
        (HONEST[:-1], "EVM-CALLDATA-SIZE"),
        (HONEST[:36], "EVM-CALLDATA-SIZE"),
        (HONEST + b"\0", "EVM-CALLDATA-SIZE"),
        (HONEST + bytes(32), "EVM-CALLDATA-SIZE"),
        (HONEST + HONEST, "EVM-CALLDATA-SIZE"),
        (HONEST[:4] + b"\1" + HONEST[5:], "EVM-CALLDATA-PADDING"),
        (HONEST[:15] + b"\1" + HONEST[16:], "EVM-CALLDATA-PADDING"),
    ],
)
def test_anything_else_is_refused(calldata: bytes, code: str) -> None:
    assert refusal(calldata) == code


def test_the_peer_lets_pass_what_is_refused_here() -> None:
    """Why calldata is written again and compared: a common decoder does not mind what follows."""
    assert eth_abi.decode(["address", "uint256"], HONEST[4:] + b"\xff")[1] == 2_500_000_000
    assert refusal(HONEST + b"\xff") == "EVM-CALLDATA-SIZE"


# As wallets and explorers know them.
@pytest.mark.parametrize(
    ("function", "first_bytes"),
    [
        ("approve(address,uint256)", "095ea7b3"),
        ("transferFrom(address,address,uint256)", "23b872dd"),
        ("setApprovalForAll(address,bool)", "a22cb465"),
        ("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", "d505accf"),
        ("multiSend(bytes)", "8d80ff0a"),
        (
            "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)",
            "6a761202",
        ),
    ],
)
def test_a_refusal_names_the_function(function: str, first_bytes: str) -> None:
    assert selector(function).hex() == first_bytes
    calldata = bytes.fromhex(first_bytes) + bytes(64)
    assert describe_call(calldata) == function
    with pytest.raises(TransactionError, match=function.split("(")[0]):
        parse_transfer(calldata)


def test_a_call_without_a_name_is_told_by_its_selector() -> None:
    assert describe_call(b"\xde\xad\xbe\xef" + b"x") == "an unknown function 0xdeadbeef"
    assert describe_call(b"\xde\xad") == "no function"

"""Makes withdrawal requests from an unsigned transaction and its travel-rule record."""

import base64
import binascii
import re
from collections.abc import Callable

from custody.errors import InputError, UsageError
from custody.evm.tokens import TokenRegistry
from custody.evm.transaction import from_json
from custody.families import Account, default_payer, is_payer
from custody.judgement import payment
from custody.travel_rule.record import canonical_block, parse_block
from custody.wire.export import DeviceExport
from custody.wire.request import BLIND_BYTES, ID_BYTES, MAX_LIFETIME, MAX_PURPOSE, Kind, WithdrawalRequest

_MAGIC = b"psbt\xff"
_DURATION = re.compile(r"([1-9][0-9]{0,5})(m|h)")


def make_request(
    kind: Kind,
    transaction: bytes,
    record: bytes | None,
    device: DeviceExport,
    account: Account,
    *,
    payer: str | None = None,
    maker: str = "",
    purpose: str,
    lifetime: int,
    now: int,
    random: Callable[[int], bytes],
) -> WithdrawalRequest:
    """A request for ``device``, for ``lifetime`` seconds; ``payer`` names one of an EVM account's addresses,
    ``maker`` the operator who answers for it, by fingerprint. ``record`` is None where only own accounts are paid.

    Raises:
        InputError: a code of the record's reader.
        UsageError: PURPOSE-LENGTH, PAYER-UNKNOWN.
    """
    if len(purpose) > MAX_PURPOSE:
        raise UsageError("PURPOSE-LENGTH", f"A purpose has at most {MAX_PURPOSE} characters.")
    payer = payer or default_payer(account)
    if not is_payer(account, payer):
        raise UsageError("PAYER-UNKNOWN", f"{payer} is not an address of the account {account.name}.")
    return WithdrawalRequest(
        id=random(ID_BYTES),
        created=now,
        expires=now + lifetime,
        device=device.origin,
        account=account.name,
        checksum=payer,
        maker=maker,
        chain_id=account.chain.chain_id,
        kind=kind,
        transaction=transaction,
        travel_rule=canonical_block(record) if record is not None else b"",
        blind=random(BLIND_BYTES),
        checkpoint=device.checkpoint,
        purpose=purpose,
        policy_sequence=device.policy_sequence,
        list_sequence=device.list_sequence,
    )


def check_acceptable(request: WithdrawalRequest, account: Account) -> None:
    """Reads on this side what the signer will read, so that officers are not called for what cannot pass.

    Raises:
        TransactionError: what the signer would say of the transaction.
        SchemaError: what it would say of the travel-rule record.
    """
    if request.kind == "psbt":
        payment(request, account).review(TokenRegistry(()))
    parse_block(request.travel_rule)


def psbt_bytes(content: bytes) -> bytes:
    """A PSBT from a file: binary, or base64 text as wallets export it, in one line or several.

    Raises:
        InputError: PSBT-TEXT.
    """
    if content.startswith(_MAGIC):
        return content
    try:
        decoded = base64.b64decode(b"".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded.startswith(_MAGIC):
        raise InputError("PSBT-TEXT", "This file is neither a binary PSBT nor one in base64.")
    return decoded


def evm_bytes(content: bytes) -> bytes:
    """An unsigned EIP-1559 transaction from a file: ``0x02…`` in hex, or JSON with exactly its fields.

    Raises:
        InputError: EVM-TEXT, or a code of the JSON reader.
    """
    text = content.strip()
    if text.startswith(b"{"):
        return from_json(text).serialize()
    try:
        transaction = bytes.fromhex(text.decode("ascii").removeprefix("0x"))
    except ValueError:
        transaction = b""
    if not transaction:
        raise InputError("EVM-TEXT", "This file holds neither a transaction in hex nor one in JSON.")
    return transaction


def parse_lifetime(text: str) -> int:
    """Seconds of ``90m`` or ``24h``.

    Raises:
        UsageError: LIFETIME.
    """
    match = _DURATION.fullmatch(text)
    seconds = int(match[1]) * (60 if match[2] == "m" else 3600) if match else 0
    if not 0 < seconds <= MAX_LIFETIME:
        raise UsageError("LIFETIME", f"A lifetime reads like 90m or 24h, at most {MAX_LIFETIME // 3600}h.")
    return seconds

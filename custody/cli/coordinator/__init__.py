"""`custody coordinator`: the online machine."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import click

from custody.cli import for_people, home_folder
from custody.cli.coordinator.blocks import blocks
from custody.codec.canonical_json import Json
from custody.coordinator import answers, approvals
from custody.coordinator.approvals import Statement
from custody.coordinator.bundles import RulesFile
from custody.coordinator.pairing import Pairings
from custody.coordinator.requests import check_acceptable, evm_bytes, make_request, parse_lifetime, psbt_bytes
from custody.coordinator.signing import hand
from custody.edge.clock import unix_time
from custody.edge.entropy import kernel_random
from custody.edge.frames import check_dest, read_source, write_dest
from custody.edge.inputs import read_input
from custody.edge.outputs import check_output, write_output
from custody.edge.terminal import agree_to_sign, say, show_pages
from custody.edge.terminal import show as show_lines
from custody.errors import CustodyError, EvidenceError, InputError, UsageError
from custody.evm.tokens import TokenRegistry
from custody.families import Account, is_payer, raw_text
from custody.officers import given
from custody.qr.ur import Message
from custody.screen import printable
from custody.times import rfc3339
from custody.wire import bundle, export
from custody.wire import request as request_wire
from custody.wire import response as response_wire
from custody.wire.export import DeviceExport
from custody.wire.request import Approval, Kind, WithdrawalRequest
from custody.wire.response import SigningResponse

_TYPES = {
    ".request": request_wire.UR_TYPE,
    ".response": response_wire.UR_TYPE,
    ".bundle": bundle.UR_TYPE,
    ".account": export.UR_TYPE,
}

_path = click.Path(path_type=Path)
_request = click.option("--request", "request_file", type=_path, required=True, help="The request that was sent.")
_force = click.option("--force", is_flag=True, help="Replace what is at the destination.")


@click.group(commands=[blocks])
def coordinator() -> None:
    """The online machine: builds requests, checks answers, finalises."""


@coordinator.command("pair")
@click.argument("source")
def pair(source: str) -> dict[str, Json]:
    """Learns a signer: accounts, log key, checkpoint."""
    device = export.DeviceExport.parse(read_source(source, expected_types={export.UR_TYPE}).payload)
    Pairings(home_folder("coordinator")).learn(device)
    say(f"Paired with {device.origin}. Compare this log key with the one on the signer's screen:\n  {device.log_key}")
    for one in device.accounts:
        say(f"  account {one.name}: {one.descriptor}")
    return {
        "log_origin": device.origin,
        "log_key": device.log_key,
        "accounts": [
            {"name": one.name, "chain": one.chain_id, "descriptor": one.descriptor} for one in device.accounts
        ],
    }


@coordinator.command("request")
@click.option("--account", required=True, metavar="NAME", help="The account that pays.")
@click.option("--psbt", type=_path, help="Unsigned Bitcoin transaction: PSBT, binary or base64.")
@click.option("--evm", type=_path, help="Unsigned EVM transaction (EIP-1559): 0x02... in hex, or JSON.")
@click.option("--typed-data", type=_path, help="Message to sign (EIP-712, JSON). Signers of this version refuse it.")
@click.option(
    "--from", "payer", metavar="ADDRESS", help="EVM: which address of the account pays; the first by default."
)
@click.option(
    "--travel-rule",
    type=_path,
    help="Travel-rule record, or a list of records (JSON). Payments to own accounts alone need none.",
)
@click.option("--maker", metavar="FPR", default="", help="The operator who answers for it; signs it next.")
@click.option("--expires-in", default="24h", show_default=True, metavar="TIME", help="Like 90m or 24h.")
@click.option("--purpose", default="", help="Shown to the officers.")
@click.option("-o", "out", type=_path, required=True, metavar="F.request", help="Where the request goes.")
@_force
def request(
    account: str,
    payer: str | None,
    travel_rule: Path | None,
    maker: str,
    expires_in: str,
    purpose: str,
    out: Path,
    force: bool,
    **transaction: Path | None,
) -> dict[str, Json]:
    """Makes a withdrawal request."""
    check_output(out, force=force)
    device, paying = Pairings(home_folder("coordinator")).device_of(account)
    made = make_request(
        *_transaction(**transaction),
        read_input(travel_rule, request_wire.MAX_TRAVEL_RULE) if travel_rule else None,
        device,
        paying,
        payer=payer,
        maker=given.fingerprint(maker) if maker else "",
        purpose=purpose,
        lifetime=parse_lifetime(expires_in),
        now=unix_time(),
        random=kernel_random,
    )
    _warn_if_hopeless(made, paying)
    encoded = made.serialize()
    if len(encoded) > request_wire.MAX_BYTES:
        raise InputError(
            "WIRE-LIMIT", f"The request is larger than {request_wire.MAX_BYTES:,} bytes.", "Spend fewer coins."
        )
    # What the signer could not read is not written.
    WithdrawalRequest.parse(encoded)
    write_output(out, encoded)
    say(f"Request {made.digest.hex()}: {len(encoded):,} bytes at {out}")
    if made.maker:
        say(f"Its maker must sign next: custody coordinator approve {out} --key {made.maker}")
    else:
        say(f"Show it to the signer: custody coordinator show {out} --out screen")
    return {
        "request": made.digest.hex(),
        "bytes": len(encoded),
        "expires": rfc3339(made.expires),
        "device": made.device,
    }


def _transaction(psbt: Path | None, evm: Path | None, typed_data: Path | None) -> tuple[Kind, bytes]:
    """Kind and bytes of the one transaction that was named."""
    named = [(kind, path) for kind, path in zip(get_args(Kind), (psbt, evm, typed_data), strict=True) if path]
    if len(named) != 1:
        raise UsageError("REQUEST-TRANSACTION", "Name exactly one of --psbt, --evm and --typed-data.")
    kind, path = named[0]
    content = read_input(path, request_wire.MAX_TRANSACTION * 2)
    readers: dict[str, Callable[[bytes], bytes]] = {"psbt": psbt_bytes, "evm-transaction": evm_bytes}
    return kind, readers.get(kind, bytes)(content)


def _warn_if_hopeless(made: WithdrawalRequest, paying: Account) -> None:
    try:
        check_acceptable(made, paying)
    except CustodyError as error:
        say(f"Warning: the signer will refuse this request: {error.code}: {error.message}")


_by = click.option("--by", metavar="FPR", help="Fingerprint of the certificate of the person who signs.")
_reject = click.option("--reject", is_flag=True, help="Say no, for good.")
_tokens = click.option(
    "--tokens", "tokens_file", type=_path, metavar="F", help="The signer's token registry; needed to pay tokens."
)


@coordinator.command("approval-text")
@click.argument("request_file", type=_path, metavar="F.request")
@click.option("--by", metavar="FPR", required=True, help="Fingerprint of the certificate of the person who signs.")
@_reject
@_tokens
@click.option("-o", "out", type=_path, metavar="F", help="Also write it to this file, for gpg --detach-sign.")
@_force
def approval_text(
    request_file: Path, by: str, reject: bool, tokens_file: Path | None, out: Path | None, force: bool
) -> dict[str, Json]:
    """Prints the exact text that a person signs.

    The maker of the request makes it; everybody else approves, or rejects. The text ends without a line end.
    """
    if out:
        check_output(out, force=force)
    asked, _, _, paying = _asked(request_file)
    said = _statement(asked, paying, given.fingerprint(by), reject=reject, tokens_file=tokens_file)
    if out:
        write_output(out, said.text)
    text = said.text.decode("ascii")
    click.echo(text, nl=False)
    return {"text": text, "sha256": hashlib.sha256(said.text).hexdigest(), "verdict": said.verdict}


@coordinator.command("approve")
@click.argument("request_file", type=_path, metavar="F.request")
@click.option("--key", metavar="FPR", help="Sign with this key of your own gpg; smart cards and pinentry work.")
@click.option("--signature", "signature_file", type=_path, metavar="F.sig", help="Or add what gpg --detach-sign made.")
@_by
@_reject
@_tokens
def approve(
    request_file: Path,
    key: str | None,
    signature_file: Path | None,
    by: str | None,
    reject: bool,
    tokens_file: Path | None,
) -> dict[str, Json]:
    """Signs a request, and puts the signature into its file.

    The maker of the request makes it; everybody else approves, or rejects. Read the text before the key signs it.
    """
    asked, _, _, paying = _asked(request_file)
    brought = read_input(signature_file, given.MAX_GIVEN) if signature_file else None
    signing = hand(key, brought, by, by_needed=True)
    said = _statement(asked, paying, signing.by or "", reject=reject, tokens_file=tokens_file)
    show_pages(said.text.decode("ascii").split("\n"), paged=for_people())
    agree_to_sign(asked=key is not None and for_people())
    made = signing.sign(said.text, unix_time())
    # Others may have signed the same file while this person was asked for a PIN.
    encoded = approvals.with_approval(_unchanged(request_file, asked), Approval(said.by, said.verdict, made.signature))
    write_output(request_file, encoded)
    say()
    if made.unchecked:
        say(printable(f"The signature was not verified here: {made.unchecked}"))
    signed = WithdrawalRequest.parse(encoded)
    show_lines(approvals.signed_so_far(signed))
    return {
        "request": signed.digest.hex(),
        "by": said.by,
        "verdict": said.verdict,
        "checked": made.unchecked is None,
        "signed": [{"by": one.by, "verdict": one.verdict} for one in signed.approvals],
    }


def _unchanged(request_file: Path, asked: WithdrawalRequest) -> WithdrawalRequest:
    """The request as it now stands in its file. Raises EvidenceError APPROVAL-CHANGED."""
    now = WithdrawalRequest.parse(read_input(request_file, request_wire.MAX_BYTES))
    if now.digest != asked.digest:
        raise EvidenceError("APPROVAL-CHANGED", "The file holds another request than was signed.", "Nothing was added.")
    return now


def _statement(
    asked: WithdrawalRequest, paying: Account, by: str, *, reject: bool, tokens_file: Path | None
) -> Statement:
    registry = read_input(tokens_file, bundle.MAX_BYTES) if tokens_file else None
    tokens = TokenRegistry.parse(RulesFile.read(registry, "tokens").body) if registry is not None else TokenRegistry()
    return approvals.statement(asked, paying, by, reject=reject, tokens=tokens)


@coordinator.command("show")
@click.argument("message", type=_path)
@click.option("--out", required=True, metavar="DEST", help="screen, F.gif, F.txt, file:F or a folder.")
@_force
def show(message: Path, out: str, force: bool) -> dict[str, Json]:
    """Shows a request, response, bundle or account file as QR codes."""
    if message.suffix not in _TYPES:
        raise UsageError("SHOW-TYPE", f"A file to show ends in {', '.join(_TYPES)}.")
    check_dest(out, force=force)
    shown = Message(_TYPES[message.suffix], read_input(message, request_wire.MAX_BYTES))
    return {"type": shown.type, "frames": write_dest(shown, out, force=force)}


@coordinator.command("receive")
@click.argument("source")
@_request
@click.option("-o", "out", type=_path, required=True, metavar="F.response", help="Where the answer goes.")
@_force
def receive(source: str, request_file: Path, out: Path, force: bool) -> dict[str, Json]:
    """Takes in an answer that holds.

    Proof, checkpoint, request and signatures are checked before it is stored.
    """
    check_output(out, force=force)
    encoded = read_source(source, expected_types={response_wire.UR_TYPE}).payload
    asked, pairings, device, paying = _asked(request_file)
    answered = SigningResponse.parse(encoded)
    checkpoint = answers.check_response(asked, answered, device, paying)
    pairings.advance(device.origin, answered.checkpoint)
    write_output(out, encoded)
    say(f"{answered.answer.status}: proved by the signer's log of {checkpoint.size} entries; stored at {out}")
    return {
        "status": str(answered.answer.status),
        "request": asked.digest.hex(),
        "log_size": checkpoint.size,
        "signatures": len(answered.answer.signatures),
    }


@coordinator.command("finalize")
@_request
@click.option("--response", "response_file", type=_path, required=True, help="The answer, as received.")
@click.option("-o", "out", type=_path, metavar="TX", help="Where the raw transaction goes, in hex.")
@_force
def finalize(request_file: Path, response_file: Path, out: Path | None, force: bool) -> dict[str, Json]:
    """Makes the raw transaction, ready for the network."""
    if out:
        check_output(out, force=force)
    asked, _, device, paying = _asked(request_file)
    answered = SigningResponse.parse(read_input(response_file, response_wire.MAX_BYTES))
    answers.check_response(asked, answered, device, paying)
    txid, raw = answers.finalize(asked, answered, paying)
    text = raw_text(paying.chain, raw)
    if out:
        write_output(out, text.encode() + b"\n")
    say(f"Transaction {txid}, {len(raw):,} bytes{f', at {out}' if out else ''}")
    return {"chain": asked.chain_id, "txid": txid, "raw": text}


def _asked(request_file: Path) -> tuple[WithdrawalRequest, Pairings, DeviceExport, Account]:
    """The request, and the paired signer and account that it is for."""
    asked = WithdrawalRequest.parse(read_input(request_file, request_wire.MAX_BYTES))
    pairings = Pairings(home_folder("coordinator"))
    device, paying = pairings.device_of(asked.account, asked.device)
    if not is_payer(paying, asked.checksum):
        raise EvidenceError("ANSWER-REQUEST", "This request names another account than the paired one.")
    return asked, pairings, device, paying

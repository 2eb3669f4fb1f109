"""What a signature must mean, told by libraries that are not ours: bdk and Bitcoin's consensus code, eth-account.

The honest world is known here: which coins exist and what they hold, which keys are the account's. A signed
transaction must do what was shown, what the records say, and what the policy allows; no more, and to nobody else.
"""

import base64
import functools
import json
from decimal import Decimal, localcontext
from typing import Any

import bdkpython as bdk
import ceremonies
import examples
import psbts
from ethereum_peers import eth_abi, eth_account, eth_utils, hexbytes, typed_transactions
from hostile import world
from regtest import verify as consensus_accepts

from custody import screen
from custody.ceremony import Outcome
from custody.families import unsigned
from custody.judgement import Judgement
from custody.signatures import Signature

Shown = list[dict[str, Any]]


class Found(AssertionError):
    """The product did what it must never do."""


def expect(holds: object, otherwise: str) -> None:
    """Raises Found unless it holds."""
    if not holds:
        raise Found(otherwise)


def check_ceremony(outcome: Outcome, judgement: Judgement | None, home: world.World | None = None) -> None:
    """That what was signed is what was shown, recorded and allowed; on the home without a roster, or another."""
    at = home or world.world()
    if outcome.status != "signed":
        expect(not outcome.response.answer.signatures, "a refusal carries signatures")
        return
    if judgement is None:
        raise Found("signed, and nothing was shown")
    request = judgement.request
    expect(request.device == at.opened.header.origin, "signed for another device")
    expect(request.created <= world.NOW + 600 and request.expires > world.NOW, "signed out of time")
    unproved = at.opened.installed.roster is None and (request.maker or request.approvals)
    expect(not unproved, "signed with approvals that nobody can check")
    shown: Shown = screen.outputs(judgement)  # type: ignore[assignment]
    _check_records(shown, request.travel_rule)
    _check_screen(judgement, shown)
    check = {"psbt": _check_bitcoin, "evm-transaction": _check_evm}.get(request.kind)
    if check is None:
        raise Found(f"a request of the kind {request.kind} was signed")
    check(judgement, shown, outcome.response.answer.signatures)


def _check_records(shown: Shown, block: bytes) -> None:
    """Every payment is covered by exactly one record, which names its index, address and amount; nothing else is."""
    paid = sorted((row["index"], row["address"], row["amount"]) for row in shown if row["role"] != "change")
    records = json.loads(block)["records"] if block else []
    covered = sorted(
        (row["index"], _spelled(row["address"]), row["amount"]) for one in records for row in one["outputs"]
    )
    expect(paid == covered, f"paid {paid}, recorded {covered}")
    for record in records:
        vasp = record["ivms101"]["originatingVASP"]
        name = vasp.get("originatingVASP", vasp)["legalPerson"]["name"]["nameIdentifier"][0]["legalPersonName"]
        expect(name == examples.HOUSE, "a record of another house")


def _spelled(address: str) -> str:
    """An address as it is usually written: bech32 may also stand in capitals (BIP173), hex without its checksum."""
    if address.lower().startswith("0x"):
        return str(eth_utils.to_checksum_address(address))
    return str(bdk.Address(address, bdk.Network.REGTEST))


def _check_screen(judgement: Judgement, shown: Shown) -> None:
    """People see each paid address and amount in full, and the fee."""
    told = "".join("".join(screen.lines(judgement)).split())
    decimals = 8 if judgement.request.kind == "psbt" else 18
    for row in shown:
        if row["role"] != "change":
            expect(row["address"] in told, f"{row['address']} is paid and not on the screen")
            expect(_written(row["amount"], decimals) in told, f"{row['amount']} is paid and not on the screen")
    if judgement.review is None:
        raise Found("signed, and nothing was reviewed")
    expect(f"Fee{_written(judgement.review.fee, decimals)}" in told, "the fee is not on the screen")


def _written(amount: int | str, decimals: int) -> str:
    """Base units as people read them; every token and coin of this home on EVM networks has 18 decimals."""
    with localcontext(prec=100):
        return f"{Decimal(amount).scaleb(-decimals):,.{decimals}f}"


@functools.cache
def coins() -> dict[str, tuple[bytes, int]]:
    """(script, satoshi) of the coins that exist, by outpoint."""
    return {f"{coin.parent.txid_text}:1": (coin.script, coin.amount) for coin in psbts.coins(400)}


@functools.cache
def change_scripts() -> frozenset[bytes]:
    """The account's change scripts within reach, derived by bdk."""
    secret = bdk.DescriptorSecretKey(bdk.NetworkKind.TEST, bdk.Mnemonic.from_string(ceremonies.WORDS), None)
    inner = bdk.Descriptor.new_bip84(secret, bdk.KeychainKind.INTERNAL, bdk.NetworkKind.TEST)
    return frozenset(
        bytes(inner.derive_address(index, bdk.Network.REGTEST).script_pubkey().to_bytes()) for index in range(1_010)
    )


def _check_bitcoin(judgement: Judgement, shown: Shown, signatures: tuple[Signature, ...]) -> None:
    request, account = judgement.request, psbts.TREASURY
    _, raw = unsigned("psbt", request.transaction, account, request.checksum).finalize(signatures)
    signed = bdk.Transaction(raw)
    asked = bdk.Psbt(base64.b64encode(request.transaction).decode()).extract_tx_unchecked_fee_rate()
    expect(str(signed.compute_txid()) == str(asked.compute_txid()), "another transaction than the one in the request")
    outputs = [(bytes(one.script_pubkey.to_bytes()), one.value.to_sat()) for one in signed.output()]
    addresses = [str(bdk.Address.from_script(bdk.Script(script), bdk.Network.REGTEST)) for script, _ in outputs]
    rows = [(address, str(amount)) for address, (_, amount) in zip(addresses, outputs, strict=True)]
    expect(rows == [(row["address"], row["amount"]) for row in shown], "paid otherwise than shown")
    for row, (script, _) in zip(shown, outputs, strict=True):
        expect(row["role"] != "change" or script in change_scripts(), "change to a stranger")
    spent = [coins().get(f"{one.previous_output.txid}:{one.previous_output.vout}") for one in signed.input()]
    if None in spent:
        raise Found("spends a coin that does not exist")
    held = [one for one in spent if one]
    fee = sum(amount for _, amount in held) - sum(amount for _, amount in outputs)
    expect(judgement.review and fee == judgement.review.fee, f"costs {fee}, shown otherwise")
    expect(0 <= fee <= world.FEE_CAP["regtest"], f"a fee of {fee}")
    paid = sum(int(row["amount"]) for row in shown if row["role"] != "change")
    expect(paid <= world.COIN_CAP["regtest"], "above the cap")
    expect(examples.FLAGGED not in addresses, "pays a flagged address")
    expect(consensus_accepts(raw, held), "the network would not take it")


def _check_evm(judgement: Judgement, shown: Shown, signatures: tuple[Signature, ...]) -> None:
    request, review = judgement.request, judgement.review
    _, raw = unsigned("evm-transaction", request.transaction, world.PRACTICE, request.checksum).finalize(signatures)
    expect(eth_account.Account.recover_transaction(raw) == request.checksum, "signed by another key")
    expect(request.checksum in [world.PRACTICE.address(index) for index in range(20)], "from another account")
    paid = typed_transactions.TypedTransaction.from_bytes(hexbytes.HexBytes(raw)).as_dict()
    expect((paid["chainId"], len(paid["accessList"])) == (31_337, 0), "for another network, or with an access list")
    recipient, amount, asset = paid["to"], paid["value"], "slip44"
    if paid["data"]:
        expect(
            (paid["to"], paid["value"], paid["data"][:4]) == (world.TOKEN, 0, bytes.fromhex("a9059cbb")), "no payment"
        )
        recipient, amount = eth_abi.decode(["address", "uint256"], bytes(paid["data"][4:]))
        asset = "erc20:" + eth_utils.to_checksum_address(world.TOKEN)
    row = (eth_utils.to_checksum_address(recipient), str(amount))
    expect([row] == [(one["address"], one["amount"]) for one in shown], "paid otherwise than shown")
    expect(asset in shown[0]["asset"], "paid in something else than shown")
    fee = paid["gas"] * paid["maxFeePerGas"]
    expect(review and fee == review.fee and fee <= world.FEE_CAP["anvil"], f"a fee of {fee}")
    expect(amount <= (world.TOKEN_CAP if paid["data"] else world.COIN_CAP["anvil"]), "above the cap")
    expect(row[0] != examples.RONIN_THIEF, "pays a flagged address")

"""Beside the peers: bdk builds, signs and finalises; Bitcoin Core's own consensus code judges and mines.

Each acceptance by the kernel stands beside a refusal of a copy that differs by one satoshi: a judge that says yes to
everything would fail here.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import bdkpython as bdk
import pbk
import pytest
from psbts import EVIL, EVIL_SEED, PAYEE, SEED, TREASURY, put, serialize, split
from regtest import Regtest, build_withdrawal, txid, verify

from custody.bitcoin.psbt import parse as parse_psbt
from custody.bitcoin.review import review
from custody.bitcoin.script import decode_address, encode_address
from custody.bitcoin.signing import finalize, sign
from custody.bitcoin.transaction import parse
from custody.review import Review, Role
from custody.signatures import Signature

WORDS = "abandon " * 11 + "about"
NETWORK = bdk.Network.REGTEST


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regtest]:
    yield Regtest(tmp_path_factory.mktemp("regtest"))


def funded(chain: Regtest, count: int, branch: int = 0) -> bytes:
    """A mined transaction with ``count`` coins of the treasury."""
    return chain.fund([(TREASURY.script_pubkey(branch, index), 100_000 + index) for index in range(count)])


def spent(psbt: bytes) -> list[tuple[bytes, int]]:
    """(script, satoshi) of what each input spends, by its previous transaction."""
    parsed = parse_psbt(psbt)
    outputs = []
    for tx_in, brought in zip(parsed.transaction.inputs, parsed.inputs, strict=True):
        assert brought.non_witness_utxo is not None
        output = brought.non_witness_utxo.outputs[tx_in.vout]
        outputs.append((output.script_pubkey, output.amount))
    return outputs


def with_signatures(psbt: bytes, signatures: Sequence[Signature]) -> bdk.Psbt:
    """The PSBT with our signatures as partial signatures, as a coordinator would hand it on."""
    maps = split(psbt)
    for signature in signatures:
        put(maps[1 + signature.index], b"\x02" + signature.key, signature.signature)
    return bdk.Psbt(base64.b64encode(serialize(maps)).decode())


def finalized_by_bdk(psbt: bytes, signatures: Sequence[Signature]) -> bytes:
    result = with_signatures(psbt, signatures).finalize()
    assert result.could_finalize
    return bytes(result.psbt.extract_tx().serialize())


def signed_by_bdk(psbt: bytes, previous: Sequence[bytes], addresses: int) -> list[tuple[bytes, bytes]]:
    """(public key, signature) of each input, by a bdk wallet that holds the test words."""
    secret = bdk.DescriptorSecretKey(bdk.NetworkKind.TEST, bdk.Mnemonic.from_string(WORDS), None)
    wallet = bdk.Wallet(
        bdk.Descriptor.new_bip84(secret, bdk.KeychainKind.EXTERNAL, bdk.NetworkKind.TEST),
        bdk.Descriptor.new_bip84(secret, bdk.KeychainKind.INTERNAL, bdk.NetworkKind.TEST),
        NETWORK,
        bdk.Persister.new_in_memory(),
    )
    wallet.reveal_addresses_to(bdk.KeychainKind.EXTERNAL, addresses)
    wallet.apply_unconfirmed_txs([bdk.UnconfirmedTx(tx=bdk.Transaction(raw), last_seen=1) for raw in previous])
    options = bdk.SignOptions(
        trust_witness_utxo=False,
        assume_height=None,
        allow_all_sighashes=False,
        try_finalize=False,
        sign_with_tap_internal_key=False,
        allow_grinding=True,
    )
    signed = bdk.Psbt(base64.b64encode(psbt).decode())
    wallet.sign(signed, options)
    found = []
    for records in split(base64.b64decode(signed.serialize()))[1 : 1 + len(parse_psbt(psbt).inputs)]:
        found += [(key[1:], value) for key, value in records if key[0] == 0x02]
    return found


def one_satoshi_more(raw: bytes, facts: Review) -> bytes:
    """A copy of ``raw`` that pays its first output one satoshi more."""
    amount = facts.outputs[0].amount
    assert raw.count(amount.to_bytes(8, "little")) == 1
    return raw.replace(amount.to_bytes(8, "little"), (amount + 1).to_bytes(8, "little"))


@pytest.mark.parametrize("count", [1, 2, 20])
def test_a_withdrawal_built_by_bdk_is_signed_here_and_mined_by_consensus(chain: Regtest, count: int) -> None:
    previous = funded(chain, count)
    psbt = build_withdrawal(TREASURY.descriptor, [previous], [(PAYEE, 70_000)])
    facts = review(psbt, TREASURY)
    assert {output.role for output in facts.outputs} == {Role.PAYMENT, Role.CHANGE}
    assert facts.fee == bdk.Psbt(base64.b64encode(psbt).decode()).fee()

    signatures = sign(psbt, TREASURY, SEED)
    named, raw = finalize(psbt, TREASURY, signatures)
    assert raw == finalized_by_bdk(psbt, signatures)
    assert named == facts.transaction_id == txid(raw)[::-1].hex()

    tampered = one_satoshi_more(raw, facts)
    assert verify(raw, spent(psbt))
    assert not verify(tampered, spent(psbt))
    assert not verify(raw, [(script, amount + 1) for script, amount in spent(psbt)])

    height, tip = chain.height, chain.tip
    assert not chain.mine([tampered])
    assert (chain.height, chain.tip) == (height, tip)
    assert chain.mine([raw])
    assert chain.height == height + 1
    assert not chain.mine([raw])  # a replay
    assert chain.height == height + 1


def test_a_signature_by_another_seed_does_not_verify(chain: Regtest) -> None:
    psbt = build_withdrawal(TREASURY.descriptor, [funded(chain, 1)], [(PAYEE, 70_000)])
    foreign = build_withdrawal(EVIL.descriptor, [chain.fund([(EVIL.script_pubkey(0, 0), 100_000)])], [(PAYEE, 70_000)])
    _, raw = finalize(psbt, TREASURY, sign(psbt, TREASURY, SEED))
    _, other = finalize(foreign, EVIL, sign(foreign, EVIL, EVIL_SEED))
    assert verify(other, spent(foreign))
    mixed = raw.replace(parse(raw).inputs[0].witness[0], parse(other).inputs[0].witness[0])
    mixed = mixed.replace(TREASURY.public_key(0, 0), EVIL.public_key(0, 0))
    assert not verify(mixed, spent(psbt))


def test_signatures_are_those_of_bdk_byte_for_byte(chain: Regtest) -> None:
    previous = funded(chain, 30)
    psbt = build_withdrawal(TREASURY.descriptor, [previous], [(PAYEE, 70_000)])
    ours = [(one.key, one.signature) for one in sign(psbt, TREASURY, SEED)]
    theirs = signed_by_bdk(psbt, [previous], 40)
    assert len(theirs) == 30
    assert ours == theirs


def test_change_coins_are_spent_too(chain: Regtest) -> None:
    previous = funded(chain, 3, branch=1)
    psbt = build_withdrawal(TREASURY.descriptor, [previous], [(PAYEE, 70_000)])
    _, raw = finalize(psbt, TREASURY, sign(psbt, TREASURY, SEED))
    assert verify(raw, spent(psbt))
    assert chain.mine([raw])


def test_addresses_and_checksum_are_those_of_bdk() -> None:
    descriptor = bdk.Descriptor(TREASURY.descriptor, bdk.NetworkKind.TEST)
    assert str(descriptor).replace("'", "h").split("#")[0] == TREASURY.descriptor[:-9]
    wallet = bdk.Wallet.create_from_two_path_descriptor(descriptor, NETWORK, bdk.Persister.new_in_memory())
    for branch, keychain in ((0, bdk.KeychainKind.EXTERNAL), (1, bdk.KeychainKind.INTERNAL)):
        for index in (0, 1, 2, 19, 20, 999, 1000, 65_536, 2**31 - 1):
            assert TREASURY.address(branch, index) == str(wallet.peek_address(keychain, index).address)


@pytest.mark.parametrize(
    "script",
    [
        "76a914" + "11" * 20 + "88ac",
        "a914" + "22" * 20 + "87",
        "0014" + "33" * 20,
        "0020" + "44" * 32,
        "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    ],
)
def test_addresses_of_every_kind_are_those_of_bdk(script: str) -> None:
    theirs = str(bdk.Address.from_script(bdk.Script(bytes.fromhex(script)), NETWORK))
    assert encode_address(bytes.fromhex(script), TREASURY.chain) == theirs
    assert decode_address(theirs, TREASURY.chain).hex() == script


def test_transactions_of_a_whole_chain_are_read_and_written_back(shared: Path) -> None:
    blocks = json.loads((shared / "vectors/psbt/regtest_blocks.json").read_text())
    met = 0
    for block in blocks:
        for transaction in pbk.Block(bytes.fromhex(block)).transactions:
            ours = parse(bytes(transaction))
            assert ours.serialize() == bytes(transaction)
            assert ours.txid == bytes(transaction.txid)
            met += 1
    assert met > 2_000


@pytest.fixture(scope="module")
def shared_chain(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Regtest:
    replayed = Regtest(tmp_path_factory.mktemp("shared-chain"))
    blocks = json.loads((shared / "vectors/psbt/regtest_blocks.json").read_text())
    assert all(replayed.submit(bytes.fromhex(block)) for block in blocks)
    return replayed


@pytest.mark.parametrize("name", ["p2wpkh-001", "p2wpkh-010", "p2wpkh-100", "p2wpkh-500", "p2wpkh-100-oneparent"])
def test_the_shared_psbts_are_mined_on_the_shared_chain(shared: Path, shared_chain: Regtest, name: str) -> None:
    psbt = (shared / f"vectors/psbt/{name}.psbt").read_bytes()
    facts = review(psbt, TREASURY)
    signatures = sign(psbt, TREASURY, SEED)
    _, raw = finalize(psbt, TREASURY, signatures)
    assert raw == finalized_by_bdk(psbt, signatures)
    assert verify(raw, spent(psbt))
    assert not shared_chain.mine([one_satoshi_more(raw, facts)])
    assert shared_chain.mine([raw])
    assert not shared_chain.mine([raw])

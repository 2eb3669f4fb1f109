"""Targets: encodings, messages, transactions, what is installed, and the home's own files."""

import base64
import contextlib
import io
import json
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import ceremonies
import evm
import examples
import lists
import psbts
import rosters
import typed_messages
import vasps
import wire_examples
from fuzz.registry import same, target, text
from hostile import world

from custody import installed
from custody.bitcoin import account as bitcoin_account
from custody.bitcoin import review as bitcoin_review
from custody.bitcoin import transaction as bitcoin_transaction
from custody.chains import CHAINS, ETHEREUM, REGTEST
from custody.codec import canonical_json, cbor, rlp
from custody.codec.schema import read as read_schema
from custody.coordinator import requests as coordinator_requests
from custody.coordinator.list_sources import Feed, SourceFile
from custody.coordinator.ofac import read_sdn
from custody.coordinator.pairing import Pairings
from custody.coordinator.policy_cases import PolicyCase
from custody.edge import clock_file
from custody.edge.clock_file import MAX_CLOCK_FILE
from custody.edge.founding import Founders, check_officer
from custody.errors import InputError, TransactionErrors
from custody.evm import account as evm_account
from custody.evm import review as evm_review
from custody.evm import transaction as evm_transaction
from custody.evm import typed_data
from custody.evm.address import checksum_address, parse_address
from custody.evm.calldata import parse_transfer
from custody.evm.tokens import TokenRegistry
from custody.governance.actions import Action, Freeze, Install, Thaw, Veto
from custody.governance.clocks import Clock, Reading, Times
from custody.governance.moments import Delay
from custody.governance.state import Held, State, Waiting
from custody.keys.descriptor import descriptor_checksum
from custody.officers.roster import Roster
from custody.policy.document import Policy
from custody.screening.address import canonical_address, decode_address, decode_on_chain
from custody.screening.built import BuiltList
from custody.screening.entry import Entry
from custody.screening.flagged import FlaggedList
from custody.screening.large import Reference
from custody.screening.networks import decode_entry
from custody.travel_rule.completeness import Terms, incomplete_record
from custody.travel_rule.data import package_data
from custody.travel_rule.jws import JWS, Jws
from custody.travel_rule.profile import Profile
from custody.travel_rule.profiles import PROFILES
from custody.travel_rule.reading import read_any
from custody.travel_rule.record import CODES, canonical_block, parse_block
from custody.travel_rule.tap import Authorization, check_authorization
from custody.travel_rule.vasp_keys import VaspKeys
from custody.vault import confirmation, mnemonic, sealed
from custody.vault.entropy import check_typed
from custody.vault.orders import CouncilOrder, Evidence, SigningOrder
from custody.vault.secrets import DeviceSecrets, OfficerSecret, RulesSecret, SeedSecret
from custody.wire.blocks import Header
from custody.wire.bundle import Bundle, SignedBundle
from custody.wire.export import DeviceExport
from custody.wire.request import WithdrawalRequest
from custody.wire.response import SigningResponse

CODE = "10AB-XYZ9"
EXAMPLES = Path(__file__).parents[2] / "docs/examples/policy-tests"
ACTIONS: tuple[Action, ...] = (Install(wire_examples.SIGNED_BUNDLE), Veto("policy"), Freeze(), Thaw())
STATE = State(
    held={"policy": Held(b"p" * 32, 3), "list": Held(b"f" * 32, 0)},
    waiting={"policy": Waiting(Held(b"q" * 32, 4), Delay(40_000, 86_400))},
    seen={"policy": Held(b"q" * 32, 4), "list": Held(b"f" * 32, 0)},
    frozen=True,
    thaw=Delay(41_000, 86_400),
)
CLOCK = Clock.start(Reading(1_767_225_600, "b", 60)).raise_floor(1_767_225_600, Reading(1_767_225_600, "b", 90))
_CROCKFORD = {"I": "1", "L": "1", "O": "0"}


def council_order(action: Action) -> CouncilOrder:
    """A decision of officers; what surrounds it is that of an honest request."""
    order = world.signed(0).order
    return CouncilOrder(action, order.files, order.times, order.before, order.typed)


def _payload(value: object) -> bytes:
    return canonical_json.dumps(value)  # type: ignore[arg-type]


# --- encodings


@target("cbor", lambda: world.request().serialize(), b"\xa0", b"\x80")
def _cbor(encoded: bytes) -> None:
    same(cbor.encode(cbor.decode(encoded)), encoded)


@target("json", lambda: ceremonies.record(), b'{"a":[1,null,true,"\\u00fc"]}')
def _json(encoded: bytes) -> None:
    same(canonical_json.dumps(canonical_json.loads(encoded, limit=300_000)), encoded)


@target("json", lambda: typed_messages.encode(typed_messages.typed_data(typed_messages.TOKEN_CALL)))
def _json_relaxed(encoded: bytes) -> None:
    value = canonical_json.loads_relaxed(encoded, limit=300_000)
    same(canonical_json.loads(canonical_json.dumps(value), limit=2_000_000), value)


@target("rlp", lambda: world.COIN_PAYMENT.serialize()[1:], lambda: world.TOKEN_PAYMENT.serialize()[1:])
def _rlp(encoded: bytes) -> None:
    same(rlp.encode(rlp.decode(encoded)), encoded)


# --- messages


@target(
    "cbor",
    *(lambda place=place: world.honest_requests()[place].serialize() for place in range(5)),
    lambda: replace(world.request(), maker="A" * 40, approvals=(wire_examples.APPROVAL,)).serialize(),
)
def _request(encoded: bytes) -> None:
    read = WithdrawalRequest.parse(encoded)
    same(read.serialize(), encoded)
    same(len(read.digest), len(read.approvals_digest))


@target("cbor", *(lambda place=place: world.signed(place).outcome.response.serialize() for place in (0, 3)))
def _response(encoded: bytes) -> None:
    same(SigningResponse.parse(encoded).serialize(), encoded)


@target("cbor", lambda: world.world().told.serialize())
def _export(encoded: bytes) -> None:
    same(DeviceExport.parse(encoded).serialize(), encoded)


@target("lines", wire_examples.BUNDLE.content, rosters.bundle("roster", b"x", sequence=2, previous=bytes(32)).content)
def _bundle(encoded: bytes) -> None:
    same(Bundle.parse(encoded).content, encoded)


@target("cbor", wire_examples.SIGNED_BUNDLE.serialize())
def _signed_bundle(encoded: bytes) -> None:
    read = SignedBundle.parse(encoded)
    same(read.serialize(), encoded)
    same(read.bundle.content, read.content)


@target("cbor", *(lambda place=place: world.signed(place).order.serialize() for place in (0, 4)))
def _order(encoded: bytes) -> None:
    same(SigningOrder.parse(encoded).serialize(), encoded)


@target("cbor", *(lambda place=place: world.signed(place).evidence.serialize() for place in (0, 4)))
def _evidence(encoded: bytes) -> None:
    same(Evidence.parse(encoded).serialize(), encoded)


@target("cbor", *(lambda action=action: council_order(action).serialize() for action in ACTIONS))
def _council_order(encoded: bytes) -> None:
    same(CouncilOrder.parse(encoded).serialize(), encoded)


# --- transactions


@target("binary", *(lambda coin=coin: coin.parent.serialize() for coin in world.COINS[:2]))
def _bitcoin_transaction(encoded: bytes) -> None:
    same(bitcoin_transaction.parse(encoded).serialize(), encoded)


@target("psbt", lambda: psbts.serialize(psbts.honest()), lambda: psbts.serialize(psbts.honest(1)))
def _psbt(encoded: bytes) -> None:
    facts = bitcoin_review.review(encoded, psbts.TREASURY)
    same(sum(one.amount for one in facts.spends), sum(one.amount for one in facts.outputs) + facts.fee)


@target("binary", lambda: base64.b64encode(psbts.serialize(psbts.honest())), lambda: psbts.serialize(psbts.honest()))
def _psbt_text(encoded: bytes) -> None:
    same(coordinator_requests.psbt_bytes(encoded)[:5], b"psbt\xff")


@target("eip1559", world.COIN_PAYMENT.serialize, world.TOKEN_PAYMENT.serialize)
def _evm_transaction(encoded: bytes) -> None:
    same(evm_transaction.parse(encoded).serialize(), encoded)
    evm_review.review(encoded, world.PRACTICE, world.PRACTICE.address(0), world.world().opened.installed.tokens)


def evm_json() -> bytes:
    """The coin payment as a node describes it."""
    paid = world.COIN_PAYMENT
    numbers = {
        "chainId": paid.chain_number,
        "nonce": paid.nonce,
        "maxPriorityFeePerGas": paid.max_priority_fee_per_gas,
        "maxFeePerGas": paid.max_fee_per_gas,
        "gas": paid.gas,
        "value": paid.value,
    }
    words = {"type": "0x2", "to": checksum_address(paid.to), "data": "0x", "accessList": []}
    return _payload({name: hex(number) for name, number in numbers.items()} | words)


@target("json", evm_json)
def _evm_json(encoded: bytes) -> None:
    read = evm_transaction.from_json(encoded)
    same(evm_transaction.parse(read.serialize()), read)


@target("binary", evm_json, lambda: b"0x" + world.TOKEN_PAYMENT.serialize().hex().encode())
def _evm_text(encoded: bytes) -> None:
    coordinator_requests.evm_bytes(encoded)


@target(
    "json",
    lambda: typed_messages.encode(typed_messages.typed_data(typed_messages.TOKEN_CALL, 31337)),
    lambda: typed_messages.encode(typed_messages.typed_data(typed_messages.TOKEN_CALL, None)),
)
def _typed_data(encoded: bytes) -> None:
    with contextlib.suppress(TransactionErrors):
        typed_data.review_typed_data(encoded, world.PRACTICE, world.PRACTICE.address(0), evm.TOKENS)
        raise AssertionError("typed data was not refused")
    same(len(typed_data.parse(encoded).digest), 32)


@target("binary", lambda: world.TOKEN_PAYMENT.calldata)
def _calldata(encoded: bytes) -> None:
    same(parse_transfer(encoded).serialize(), encoded)


# --- what is installed


@target("json", ceremonies.record, lambda: ceremonies.record((0, ceremonies.PAYEE, 1), (1, ceremonies.PAYEE, 2)))
def _travel_rule(encoded: bytes) -> None:
    for place, record in enumerate(parse_block(encoded)):
        for profile in PROFILES.values():
            list(incomplete_record(record, f"records[{place}]", Terms(profile, date(2026, 11, 23), 0)))


@target("json", lambda: _payload(examples.record((0, ceremonies.PAYEE, 1))))
def _travel_rule_file(encoded: bytes) -> None:
    canonical_json.loads(canonical_block(encoded), limit=10_000_000)


@target(
    "json",
    lambda: _payload(examples.ivms101(examples.PAYEE)),
    lambda: _payload(examples.record((0, examples.PAYEE, 1))),
    lambda: _payload([examples.record((0, examples.PAYEE, 1))]),
    lambda: examples.block(examples.record((0, examples.PAYEE, 1))),
)
def _travel_rule_any(encoded: bytes) -> None:
    list(read_any(encoded).findings(Terms(PROFILES["jp"], date(2026, 11, 23), 0)))


@target("json", *(package_data(f"profiles/{name}.json") for name in PROFILES))
def _profile(encoded: bytes) -> None:
    read = Profile.parse(encoded)
    same(bool(read.below), bool(read.threshold))


@target("toml", examples.POLICY, examples.EVM_POLICY)
def _policy(encoded: bytes) -> None:
    Policy.parse(encoded)


@target("toml", *(file.read_bytes() for file in sorted(EXAMPLES.glob("*.toml"))))
def _policy_case(encoded: bytes) -> None:
    PolicyCase.parse(encoded)


@target("toml", rosters.roster_toml(), rosters.roster_toml(consent=1, policy=1))
def _roster(encoded: bytes) -> None:
    read = Roster.parse(encoded)
    signing = [one.fingerprint for one in read.people if one.fingerprint]
    same(len(set(signing)), len(signing))
    same([read.person(one).fingerprint for one in signing], signing)  # type: ignore[union-attr]


@target("toml", vasps.TOML, vasps.file_toml())
def _vasps(encoded: bytes) -> None:
    read = VaspKeys.parse(encoded)
    keys = [key for vasp in read.vasps for key in vasp.keys]
    same(len({key.kid for key in keys}), len(keys))
    same(len({key.public_key for key in keys}), len(keys))
    for key in keys:
        same(len(key.thumbprint), 32)


def _authorized(kid: str) -> bytes:
    return json.dumps(vasps.authorization(kid=kid)).encode()


@target("json", lambda: _authorized(vasps.ED25519), lambda: _authorized(vasps.SECP256K1))
def _authorization(encoded: bytes) -> None:
    """Of all signed messages the fuzzer makes, only the honest ones hold."""
    signed: Jws = read_schema(JWS, canonical_json.loads_relaxed(encoded, limit=65_536), CODES)
    found = check_authorization(signed, vasps.KEYS, vasps.OTHER, vasps.paid(), vasps.NOW)
    if isinstance(found, Authorization):
        honest = [json.loads(_authorized(kid)) for kid in (vasps.ED25519, vasps.SECP256K1)]
        same(signed.payload in [one["payload"] for one in honest], True)
        return
    raise InputError(found[0].code, found[0].observed)


@target("toml", evm.REGISTRY)
def _tokens(encoded: bytes) -> None:
    read = TokenRegistry.parse(encoded)
    same(len({(one.chain, one.contract) for one in read.tokens}), len(read.tokens))


@target("lines", examples.EVM_FLAGGED_LIST, examples.FLAGGED_LIST)
def _flagged(encoded: bytes) -> None:
    for _, entry in FlaggedList.parse(encoded).entries:
        decode_address(entry)


@target(
    "binary",
    lambda: lists.built([examples.FLAGGED, examples.RONIN_THIEF, "=text"]),
    lambda: lists.built([Entry(examples.PAYEE, 0, 17, "2022-04-14", "SDN 1, XBT")]),
)
def _built_list(encoded: bytes) -> None:
    flagged = FlaggedList(BuiltList.open(encoded))
    for address in (examples.PAYEE, examples.FLAGGED, examples.RONIN_THIEF):
        with contextlib.suppress(InputError):
            flagged.find(address)
    flagged.verify()
    for number, address in flagged.entries:
        found = flagged.find(address, lambda text: decode_entry(text).program)
        same(found and found.line, number)


@target("json", Reference(267, bytes(range(32))).serialize())
def _list_reference(encoded: bytes) -> None:
    same(Reference.parse(encoded).serialize(), encoded)


@target("binary", Header.of("list", b"the message").serialize(), Header.of("log", b"another").serialize())
def _blocks_header(encoded: bytes) -> None:
    same(Header.parse(encoded, {"bundle", "list", "log"}).serialize(), encoded)


@target("binary", lambda: lists.sdn_xml([("XBT", examples.FLAGGED), ("ETH", examples.RONIN_THIEF)]))
def _ofac_xml(encoded: bytes) -> None:
    assert read_sdn(io.BytesIO(encoded)).addresses


@target("lines", b'address,source,entry,date\n0x098B716B8Aaf21512996dC57EB0615e2383E2f96,FBI,"a, b",2022-04-14\n')
def _list_table(encoded: bytes) -> None:
    feed = Feed([SourceFile("csv", "table", io.BytesIO(encoded))])
    rows = list(feed.entries())
    same({row.source for row in rows}, set(range(len(feed.sources()))))


@target("binary", *(one.encode() for one in lists.ONE_OF_EACH))
def _any_address(encoded: bytes) -> None:
    decoded = decode_entry(text(encoded))
    same(decode_entry(decoded.canonical).program, decoded.program)
    same(decode_entry(decoded.canonical).canonical, decoded.canonical)


@target("json", lambda: world.files().accounts)
def _accounts(encoded: bytes) -> None:
    same(installed.serialize_accounts(installed.parse_accounts(encoded)), encoded)


@target("binary", lambda: psbts.TREASURY.descriptor.encode())
def _bitcoin_descriptor(encoded: bytes) -> None:
    read = bitcoin_account.Account.parse("treasury", REGTEST, text(encoded))
    same(read.descriptor, text(encoded))
    same(descriptor_checksum(read.descriptor.partition("#")[0]), read.checksum)


@target("binary", lambda: evm.TREASURY.descriptor.encode())
def _evm_descriptor(encoded: bytes) -> None:
    read = evm_account.EvmAccount.parse("treasury", ETHEREUM, text(encoded))
    same(read.descriptor, text(encoded))


@target(
    "binary", lambda: ceremonies.PAYEE.encode(), lambda: ceremonies.PAYEE.upper().encode(), examples.EVM_PAYEE.encode()
)
def _address(encoded: bytes) -> None:
    written = text(encoded)
    for chain in CHAINS:
        with contextlib.suppress(InputError):
            same(decode_on_chain(written, chain), decode_address(written))
    same(decode_address(canonical_address(written)), decode_address(written))


@target("binary", examples.EVM_PAYEE.encode())
def _evm_address(encoded: bytes) -> None:
    same(checksum_address(parse_address(text(encoded))), text(encoded))


# --- the home


@target("cbor", lambda: (world.world().opened.folder / "device.sealed").read_bytes())
def _sealed_device(encoded: bytes) -> None:
    key = (world.world().opened.folder / "device.key").read_bytes()
    same(DeviceSecrets.parse(sealed.open_sealed(encoded, key)), world.world().secrets)
    same(encoded, (world.world().opened.folder / "device.sealed").read_bytes())


@target("cbor", lambda: world.world().opened.sealed.seed)
def _sealed_seed(encoded: bytes) -> None:
    sealed.read_header(encoded)
    sealed.open_sealed(encoded, world.officer_secret().seed_key)
    same(encoded, world.world().opened.sealed.seed)


@target("cbor", lambda: world.world().opened.sealed.rules)
def _sealed_rules(encoded: bytes) -> None:
    key = world.officer_secret().rules_key
    rules = RulesSecret.parse(sealed.open_sealed(encoded, key))
    same(rules.seal(sealed.read_header(encoded), key), encoded)
    same(encoded, world.world().opened.sealed.rules)


@target("cbor", lambda: world.world().opened.sealed.officers[ceremonies.OFFICER])
def _sealed_officer(encoded: bytes) -> None:
    sealed.read_header(encoded)
    same(OfficerSecret.parse(sealed.open_sealed(encoded, world.officer_key())), world.officer_secret())
    same(encoded, world.world().opened.sealed.officers[ceremonies.OFFICER])


@target("cbor", lambda: world.world().secrets.serialize())
def _device_secrets(encoded: bytes) -> None:
    same(DeviceSecrets.parse(encoded).serialize(), encoded)


@target("cbor", SeedSecret(bytes(16)).serialize(), SeedSecret(bytes(range(32))).serialize())
def _seed_secret(encoded: bytes) -> None:
    same(SeedSecret.parse(encoded).serialize(), encoded)


@target("cbor", lambda: sealed.open_sealed(world.world().opened.sealed.rules, world.officer_secret().rules_key))
def _rules_secret(encoded: bytes) -> None:
    same(RulesSecret.parse(encoded).serialize(), encoded)


@target("cbor", lambda: world.officer_secret().serialize())
def _officer_secret(encoded: bytes) -> None:
    same(OfficerSecret.parse(encoded).serialize(), encoded)


@target("json", STATE.serialize(), lambda: world.world().opened.state.serialize(), State().serialize())
def _state(encoded: bytes) -> None:
    read = State.parse(encoded)
    same(read.serialize(), encoded)
    later = read.matured(Times(0, 2**53 - 1))
    same((later.seen, {**later.held, **later.waiting}.keys()), (read.seen, {**read.held, **read.waiting}.keys()))


@target("json", lambda: _payload(CLOCK.as_json()), lambda: _payload(Clock.start(Reading(0, "b", 0)).as_json()))
def _clock(encoded: bytes) -> None:
    read = Clock.parse(canonical_json.loads(encoded, limit=MAX_CLOCK_FILE))
    same(_payload(read.as_json()), encoded)
    same(read.since(read.elapsed + 1) >= 0, True)


@target("json", lambda: clock_content(CLOCK))
def _clock_file(encoded: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "clock.json").write_bytes(encoded)
        same(clock_file.load(Path(folder), bytes(32)), CLOCK)
    same(encoded, clock_content(CLOCK))


def clock_content(clock: Clock) -> bytes:
    """The file of a clock, as a device with a secret of zeros writes it."""
    with tempfile.TemporaryDirectory() as folder:
        clock_file.store(Path(folder), clock, bytes(32))
        return (Path(folder) / "clock.json").read_bytes()


@target("json", _payload(ceremonies.SECRETS))
def _secrets_file(encoded: bytes) -> None:
    founders = Founders.parse(encoded)
    for name, passphrase in founders.officers.items():
        check_officer(name)
        sealed.passphrase_checked(passphrase, rehearsal=True)
    same(1 <= founders.threshold <= len(set(founders.officers.values())), True)
    mnemonic.entropy_of(founders.words or "")


@target("json", lambda: coordinator_home(world.world().told))
def _coordinator_home(encoded: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "home.json").write_bytes(encoded)
        for device in Pairings(Path(folder)).devices:
            device.serialize()


def coordinator_home(device: DeviceExport) -> bytes:
    """The coordinator's file after pairing with one signer."""
    with tempfile.TemporaryDirectory() as folder:
        Pairings(Path(folder)).learn(device)
        return (Path(folder) / "home.json").read_bytes()


@target(
    "binary",
    ("123456" * 9).encode(),
    b"the quick brown fox jumps over the lazy dog, 0123456789 times; sphinx of black quartz",
)
def _typed_entropy(encoded: bytes) -> None:
    check_typed(text(encoded))


@target("binary", CODE.encode(), b"1oab xyz9")
def _confirmation_code(encoded: bytes) -> None:
    typed = encoded.decode("utf-8", "surrogateescape")
    letters = (letter for letter in typed.strip().upper() if letter not in "- ")
    plain = "".join(_CROCKFORD.get(letter, letter) for letter in letters)
    same(confirmation.codes_equal(typed, CODE), plain == CODE.replace("-", ""))
    if plain != CODE.replace("-", ""):
        raise InputError("CODE-WRONG", "Another code.")

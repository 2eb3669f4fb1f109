"""The online machine believes no answer and no pairing that it has not checked; each lie is told by name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import ceremonies
import psbts
import pytest
from desk import AT, Desk, Ended, inside

from custody.audit.checkpoint import Checkpoint, LogKey
from custody.audit.entry import Entry
from custody.audit.merkle import Tree
from custody.bitcoin.account import Account, descriptor_from_seed
from custody.chains import BITCOIN, SIGNET
from custody.coordinator.answers import finalize
from custody.errors import EvidenceError
from custody.wire.export import DeviceExport, ExportedAccount
from custody.wire.request import WithdrawalRequest
from custody.wire.response import Answer, SigningResponse, Status


@pytest.fixture
def answered(paired: Desk) -> tuple[Desk, SigningResponse]:
    """A paired desk with an honest answer."""
    assert paired.sign().exit == 0
    return paired, SigningResponse.parse(paired.path("answer.response").read_bytes())


def received(desk: Desk, response: SigningResponse) -> Ended:
    path = desk.path("lie.response")
    path.write_bytes(response.serialize())
    return desk.receive(path)


def test_an_honest_answer_is_stored_as_it_came(answered: tuple[Desk, SigningResponse]) -> None:
    desk, honest = answered
    ended = received(desk, honest)
    assert (ended.exit, ended.fields["status"], ended.fields["signatures"], ended.fields["log_size"]) == (
        0,
        "signed",
        2,
        6,
    )
    assert desk.path("w.response").read_bytes() == honest.serialize()


def lie(honest: SigningResponse, key: LogKey, root4: bytes) -> dict[str, tuple[SigningResponse, str]]:
    """Answers with one lie each, and what each is called."""
    answer, entry = honest.answer, Entry.parse(honest.entry)
    first, second = answer.signatures
    stranger = LogKey(key.origin, bytes(32))
    root6 = key.verifier.open(honest.checkpoint).root

    def signed(*signatures: Any) -> Answer:
        return replace(answer, signatures=signatures)

    def noted(signer: LogKey, size: int, root: bytes) -> str:
        return signer.sign(Checkpoint(signer.origin, size, root))

    other_request = replace(answer, request=bytes(32))
    return {
        "another request": (replace(honest, answer=other_request), "ANSWER-REQUEST"),
        "refused instead": (replace(honest, answer=Answer(answer.request, Status.REFUSED, ())), "ANSWER-ENTRY"),
        "a signature fewer": (replace(honest, answer=signed(first)), "ANSWER-ENTRY"),
        "signatures exchanged": (replace(honest, answer=signed(second, first)), "ANSWER-ENTRY"),
        "a bent signature": (replace(honest, answer=signed(first, replace(second, signature=b"0"))), "ANSWER-ENTRY"),
        "an entry of another request": (
            replace(honest, entry=replace(entry, request=bytes(32)).leaf),
            "ANSWER-REQUEST",
        ),
        "an entry of another kind": (replace(honest, entry=replace(entry, kind="refused").leaf), "ANSWER-ENTRY"),
        "an entry of another answer": (replace(honest, entry=replace(entry, answer=bytes(32)).leaf), "ANSWER-ENTRY"),
        "an entry of another time": (replace(honest, entry=replace(entry, time=0).leaf), "PROOF-INCLUSION"),
        "an entry of another place": (replace(honest, entry=replace(entry, index=4).leaf), "PROOF-INCLUSION"),
        "an entry beyond the log": (replace(honest, entry=replace(entry, index=6).leaf), "PROOF-INCLUSION"),
        "an entry with a space": (replace(honest, entry=honest.entry + b" "), "ENTRY-SYNTAX"),
        "no entry": (replace(honest, entry=b""), "ENTRY-SYNTAX"),
        "no inclusion proof": (replace(honest, inclusion=()), "PROOF-INCLUSION"),
        "a bent inclusion proof": (replace(honest, inclusion=(bytes(32), *honest.inclusion[1:])), "PROOF-INCLUSION"),
        "a longer inclusion proof": (replace(honest, inclusion=(*honest.inclusion, bytes(32))), "PROOF-INCLUSION"),
        "no consistency proof": (replace(honest, consistency=()), "PROOF-CONSISTENCY"),
        "a bent consistency proof": (replace(honest, consistency=(bytes(32),)), "PROOF-CONSISTENCY"),
        "no checkpoint": (replace(honest, checkpoint=""), "CHECKPOINT-SYNTAX"),
        "a stranger's checkpoint": (replace(honest, checkpoint=noted(stranger, 6, root6)), "CHECKPOINT-SIGNATURE"),
        "a checkpoint of another root": (replace(honest, checkpoint=noted(key, 6, bytes(32))), "PROOF-INCLUSION"),
        "a checkpoint of a smaller log": (replace(honest, checkpoint=noted(key, 4, root4)), "PROOF-INCLUSION"),
        "a checkpoint of a larger log": (replace(honest, checkpoint=noted(key, 7, root6)), "PROOF-INCLUSION"),
    }


def test_every_lie_in_an_answer_is_called_by_its_name(answered: tuple[Desk, SigningResponse]) -> None:
    desk, honest = answered
    with ceremonies.open_home(desk.signer) as opened:
        lies = lie(honest, ceremonies.log_key(desk.signer), opened.log.root_at(4))
    before = (desk.coordinator / "home.json").read_bytes()
    for name, (response, code) in lies.items():
        ended = received(desk, response)
        assert (name, ended.exit, ended.code) == (name, 7, code)
    assert not desk.path("w.response").exists()
    assert (desk.coordinator / "home.json").read_bytes() == before
    assert received(desk, honest).exit == 0


def test_a_correct_signature_by_another_key_is_refused(answered: tuple[Desk, SigningResponse]) -> None:
    """Only the log's key could forge this: an entry for an answer whose signatures are not the account's."""
    desk, honest = answered
    key = ceremonies.log_key(desk.signer)
    first, second = honest.answer.signatures
    answer = replace(honest.answer, signatures=(first, replace(second, key=first.key)))
    entry = replace(Entry.parse(honest.entry), answer=answer.digest)
    tree = Tree()
    with ceremonies.open_home(desk.signer) as opened:
        for leaf in [*(one.leaf_hash for one in list(opened.log.entries)[:5]), entry.leaf_hash]:
            tree.append(leaf)
    note = key.sign(Checkpoint(key.origin, 6, tree.root()))
    ended = received(desk, SigningResponse(answer, entry.leaf, tree.inclusion(5), tree.consistency(4), note))
    assert (ended.exit, ended.code) == (7, "SIGNATURE-KEY")


def asks(desk: Desk, **changes: Any) -> None:
    """Another request in the place of the honest one."""
    desk.request.write_bytes(ceremonies.request(**changes).serialize())


def test_two_logs_of_one_size_are_a_fork(answered: tuple[Desk, SigningResponse], tmp_path: Path) -> None:
    """The same signer, copied, signs another request at the same place in its log."""
    desk, honest = answered
    assert received(desk, honest).exit == 0
    (tmp_path / "twin").mkdir()
    twin = Desk(tmp_path / "twin")
    asks(twin, id=bytes(16))
    assert twin.sign().exit == 0
    desk.request = twin.request
    ended = desk.receive(twin.path("answer.response"), "second.response")
    assert (ended.exit, ended.code) == (7, "LOG-FORK")


def test_an_answer_of_a_signer_that_is_not_paired(desk: Desk) -> None:
    assert desk.sign().exit == 0
    ended = desk.receive(desk.path("answer.response"))
    assert (ended.exit, ended.code) == (2, "DEVICE-UNKNOWN")


def test_an_answer_to_another_request(answered: tuple[Desk, SigningResponse]) -> None:
    desk, _ = answered
    asks(desk, id=bytes(16))
    ended = desk.receive(desk.path("answer.response"))
    assert (ended.exit, ended.code) == (7, "ANSWER-REQUEST")


def finalised(desk: Desk) -> Ended:
    """The raw transaction, from the answer as it was stored."""
    files = ("--request", desk.request, "--response", desk.path("w.response"), "-o", desk.path("tx.hex"))
    return inside("--home", desk.coordinator, "coordinator", "finalize", *files, "--json")


def test_a_refused_answer_is_received_and_not_finalised(paired: Desk) -> None:
    asks(paired, travel_rule=b"")
    assert paired.sign(confirm="not asked for").exit == 3
    taken = paired.receive(paired.path("answer.response"))
    assert (taken.exit, taken.fields["status"]) == (0, "refused")
    ended = finalised(paired)
    assert (ended.exit, ended.code) == (3, "ANSWER-REFUSED")
    assert not paired.path("tx.hex").exists()


def test_a_stored_answer_that_was_changed_is_not_finalised(answered: tuple[Desk, SigningResponse]) -> None:
    desk, honest = answered
    assert received(desk, honest).exit == 0
    lied = replace(honest, answer=replace(honest.answer, signatures=honest.answer.signatures[::-1]))
    desk.path("w.response").write_bytes(lied.serialize())
    ended = finalised(desk)
    assert (ended.exit, ended.code) == (7, "ANSWER-ENTRY")
    assert not desk.path("tx.hex").exists()


def test_a_rehearsals_answer_is_not_for_the_main_network(answered: tuple[Desk, SigningResponse]) -> None:
    _, honest = answered
    main = Account.parse("treasury", BITCOIN, descriptor_from_seed(psbts.SEED, BITCOIN, 0))
    with pytest.raises(EvidenceError, match="ANSWER-REHEARSAL"):
        finalize(ceremonies.request(), honest, main)


def test_a_request_without_a_record_is_made_and_it_is_for_the_signer_to_say_whether_it_needs_one(paired: Desk) -> None:
    """Payments to own accounts alone need none; which accounts are own, this side does not know."""
    out = paired.path("refill.request")
    given = ("--account", psbts.TREASURY.name, "--psbt", paired.psbt, "-o", out)
    assert inside("--home", paired.coordinator, "coordinator", "request", *given, "--json").exit == 0
    assert WithdrawalRequest.parse(out.read_bytes()).travel_rule == b""


# What follows: pairing.


def shown(desk: Desk) -> DeviceExport:
    """The signer's export as it is."""
    path = desk.path("shown.account")
    export = ("signer", "account", "export", "--out", path, "--force", "--json")
    assert inside("--home", desk.signer, *export).exit == 0
    return DeviceExport.parse(path.read_bytes())


def paired_with(desk: Desk, export: DeviceExport) -> Ended:
    """What the coordinator makes of an export."""
    path = desk.path("given.account")
    path.write_bytes(export.serialize())
    return inside("--home", desk.coordinator, "coordinator", "pair", path, "--json")


def test_pairing_again_with_the_same_signer_changes_nothing(paired: Desk) -> None:
    before = (paired.coordinator / "home.json").read_bytes()
    assert paired_with(paired, shown(paired)).exit == 0
    assert (paired.coordinator / "home.json").read_bytes() == before


def test_a_known_signer_with_another_key_is_refused(paired: Desk) -> None:
    honest = shown(paired)
    other = LogKey(honest.origin, bytes(32))
    checkpoint = other.sign(Checkpoint(honest.origin, 9, bytes(32)))
    ended = paired_with(paired, replace(honest, log_key=str(other.verifier), checkpoint=checkpoint))
    assert (ended.exit, ended.code) == (7, "PAIRING-KEY")


def test_a_known_signer_with_an_older_log_is_refused(paired: Desk) -> None:
    earlier = shown(paired)
    assert paired.sign().exit == 0
    assert paired.pair().exit == 0
    ended = paired_with(paired, earlier)
    assert (ended.exit, ended.code) == (7, "LOG-ROLLBACK")


def test_a_known_signer_with_another_log_of_the_same_size_is_refused(paired: Desk) -> None:
    honest, key = shown(paired), ceremonies.log_key(paired.signer)
    fork = key.sign(Checkpoint(key.origin, 4, bytes(32)))
    ended = paired_with(paired, replace(honest, checkpoint=fork))
    assert (ended.exit, ended.code) == (7, "LOG-FORK")


def test_a_known_account_with_another_descriptor_is_refused(paired: Desk) -> None:
    honest = shown(paired)
    changed = (replace(honest.accounts[0], descriptor=psbts.EVIL.descriptor),)
    ended = paired_with(paired, replace(honest, accounts=changed))
    assert (ended.exit, ended.code) == (7, "PAIRING-ACCOUNT")


def test_an_account_that_a_later_export_leaves_out_is_kept(paired: Desk) -> None:
    other = ExportedAccount("other", SIGNET.chain_id, descriptor_from_seed(psbts.SEED, SIGNET, 0))
    assert paired_with(paired, replace(shown(paired), accounts=(other,))).exit == 0
    assert paired.ask("new.request").exit == 0


@pytest.mark.parametrize(
    ("changes", "exit_code", "code"),
    [
        ({"origin": "rehearsal.other"}, 7, "PAIRING-KEY"),
        ({"log_key": "nonsense"}, 4, "LOG-KEY"),
        ({"checkpoint": "nonsense"}, 7, "CHECKPOINT-SYNTAX"),
        ({"accounts": (ExportedAccount("treasury", SIGNET.chain_id, "nonsense"),)}, 4, "ACCOUNT-DESCRIPTOR"),
        ({"accounts": (ExportedAccount("Not a name", SIGNET.chain_id, "x"),)}, 4, "ACCOUNT-NAME"),
        ({"accounts": (ExportedAccount("t", BITCOIN.chain_id, psbts.TREASURY.descriptor),)}, 4, "ACCOUNT-CHAIN"),
        ({"accounts": (ExportedAccount("t", SIGNET.chain_id, psbts.TREASURY.descriptor),) * 2}, 7, "PAIRING-ACCOUNT"),
    ],
)
def test_an_export_that_does_not_hold_together_makes_no_home(
    desk: Desk, changes: dict[str, Any], exit_code: int, code: str
) -> None:
    ended = paired_with(desk, replace(shown(desk), **changes))
    assert (ended.exit, ended.code) == (exit_code, code)
    assert not (desk.coordinator / "home.json").exists()


def test_one_name_on_two_signers_must_be_told_apart(paired: Desk) -> None:
    paired.signer = paired.path("second")
    ceremonies.make_home(paired.signer, seed=b"second")
    assert paired.pair().exit == 0
    ended = paired.ask("new.request")
    assert (ended.exit, ended.code) == (2, "ACCOUNT-AMBIGUOUS")


def test_a_newer_checkpoint_is_remembered_and_an_older_one_is_not(paired: Desk) -> None:
    assert paired.sign("old.response").exit == 0
    later = paired.path("later.request")
    later.write_bytes(ceremonies.request(id=bytes(16), travel_rule=b"").serialize())
    sign = ("signer", "sign", later, "--out", paired.path("no.response"), *AT, "--json")
    assert inside("--home", paired.signer, *sign).exit == 3
    assert inside("--home", paired.signer, "signer", "answer", 5, "--out", paired.path("new.response")).exit == 0
    assert paired.receive(paired.path("new.response"), "a.response").fields["log_size"] == 7
    newest = (paired.coordinator / "home.json").read_bytes()
    assert paired.receive(paired.path("old.response"), "b.response").fields["log_size"] == 6
    assert (paired.coordinator / "home.json").read_bytes() == newest

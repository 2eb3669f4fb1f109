"""A signer on which a network interface is up: by policy it signs nothing, and it remembers what it saw."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import ceremonies
import examples
import pytest
from ceremonies import NOW, OFFICER, PASSPHRASE, Officer, open_home

from custody import ceremony
from custody.audit.log import Log
from custody.ceremony import Outcome
from custody.edge.home import SignerHome
from custody.errors import HomeError
from custody.vault.key_holder import KeyHolder

REFUSES = b'network = "refuse"\n' + examples.POLICY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ceremonies.make_home(tmp_path / "home", policy=REFUSES)
    return tmp_path / "home"


def signed(folder: Path, seen: tuple[str, ...] | None, by_the_key: tuple[str, ...] | None) -> Outcome:
    """The ceremony of a home whose two processes see these interfaces."""
    with open_home(folder) as found:
        opened: SignerHome = replace(found, interfaces=seen)
        request = ceremonies.request(ceremonies.export(opened))

        def unlock(_consent: Any) -> Any:
            return nullcontext(KeyHolder(opened.sealed, {OFFICER: PASSPHRASE}, opened.verifier, interfaces=by_the_key))

        return ceremony.sign(request.serialize(), opened, Officer(), unlock)


def test_without_an_interface_it_signs(folder: Path) -> None:
    assert signed(folder, (), ()).status == "signed"


@pytest.mark.parametrize(("seen", "code"), [(("eth0",), "NETWORK-UP"), (None, "NETWORK-UNKNOWN")])
def test_with_one_it_refuses_says_why_and_logs_the_refusal(
    folder: Path, seen: tuple[str, ...] | None, code: str
) -> None:
    outcome = signed(folder, seen, ())
    assert outcome.status == "refused"
    assert outcome.judgement
    assert [reason.code for reason in outcome.judgement.decision.reasons] == [code]
    assert ceremonies.kinds(folder)[-1] == "refused"


@pytest.mark.parametrize("by_the_key", [("eth0",), None])
def test_the_process_that_holds_the_key_looks_for_itself(folder: Path, by_the_key: tuple[str, ...] | None) -> None:
    """A captured ceremony hides the interface, and gains nothing."""
    with pytest.raises(HomeError, match="ORDER-REFUSED"):
        signed(folder, (), by_the_key)
    assert "authorised" not in ceremonies.kinds(folder)


@pytest.fixture
def log(folder: Path) -> Any:
    with open_home(folder) as opened:
        yield opened.log


def seen(log: Log) -> list[Any]:
    return [log.private(index)["interfaces"] for index in log.indices("network")]


def test_what_was_seen_is_logged_once_and_again_when_it_changes(log: Log) -> None:
    for interfaces in ((), (), ("eth0",), ("eth0",), ("eth0", "wlan0"), None, None, (), ()):
        ceremony.note_interfaces(log, interfaces, NOW)
    assert seen(log) == [["eth0"], ["eth0", "wlan0"], None, []]


def test_a_rehearsal_logs_nothing_of_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Callable[..., Any]] = []
    monkeypatch.setattr(ceremony, "note_interfaces", told.append)
    with open_home(folder) as opened:
        assert opened.header.rehearsal
    assert told == []

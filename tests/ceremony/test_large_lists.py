"""A list that no bundle can hold: named by a signed bundle, kept apart, and judged by on both sides of the pipe."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ceremonies
import councils
import examples
import lists
import pytest
from councils import HOUSE, NOW, Council, decide, reasons, sign

from custody import council
from custody.edge import founding, home
from custody.edge.home import SignerHome
from custody.edge.key_process import KeyProcess
from custody.edge.list_store import ListStore
from custody.edge.sealed_memory import mapped, sealed_copy
from custody.errors import HomeError, InputError
from custody.governance.actions import Install
from custody.screening.flagged import MAX_LIST_BYTES
from custody.screening.large import Reference, unwatched
from custody.wire.bundle import SignedBundle

FIRST = councils.bundles()
MANY = [f"0x{number:040x}" for number in range(15_000)]
#: Flags what the first list flags, very many more, and whom every request of these tests pays.
LARGE = lists.built([*MANY, examples.FLAGGED, ceremonies.PAYEE])
#: The same without the payee.
SMALLER = lists.built([*MANY, examples.FLAGGED])


def naming(octets: bytes, after: SignedBundle = FIRST["list"]) -> SignedBundle:
    """The bundle that names a list."""
    reference = Reference(len(octets), hashlib.sha256(octets).digest())
    return HOUSE.signed("list", reference.serialize(), after=after)


def put(folder: Path, octets: bytes) -> Path:
    """A list where a stick's is copied to."""
    path = ListStore(folder).path(hashlib.sha256(octets).digest())
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(octets)
    return path


def in_process(opened: SignerHome) -> Callable[..., Any]:
    return lambda consent: KeyProcess(
        opened.sealed, {one.officer: councils.PASSPHRASES[one.officer] for one in consent.typed}, opened.lists
    )


def approved(**changes: Any) -> Any:
    return councils.approved(councils.request(**changes))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return councils.copy_home(tmp_path / "home")


def test_a_large_list_is_in_force_at_once_and_stops_a_payment_in_processes_of_their_own(folder: Path) -> None:
    assert len(LARGE) > MAX_LIST_BYTES
    put(folder, LARGE)
    decided = decide(folder, Install(naming(LARGE)), unlock=in_process)
    proposal = decided.resolution.proposal
    assert proposal
    assert proposal.delay is None
    assert len(proposal.changes) == 21
    assert proposal.changes[-1].before == "not on the list"
    refused = sign(folder, approved(), unlock=in_process)
    assert reasons(refused) == {"DESTINATION-FLAGGED"}


def test_a_payment_that_no_large_list_flags_is_signed(folder: Path) -> None:
    put(folder, SMALLER)
    decide(folder, Install(naming(SMALLER)), unlock=in_process)
    assert sign(folder, approved(), unlock=in_process).status == "signed"


def test_what_a_later_large_list_makes_payable_again_waits_and_is_named(folder: Path) -> None:
    first = naming(LARGE)
    for octets in (LARGE, SMALLER):
        put(folder, octets)
    decide(folder, Install(first))
    decided = decide(folder, Install(naming(SMALLER, first)), unlock=in_process)
    proposal = decided.resolution.proposal
    assert proposal
    assert proposal.delay
    assert [(one.loosens, one.before) for one in proposal.changes] == [(True, f"entry 15002: {ceremonies.PAYEE}")]
    with home.opened(folder, NOW + councils.DAY) as opened:
        assert opened.installed.flagged
        assert opened.installed.flagged.size == 15_001


def test_a_list_that_is_not_on_the_device_is_not_installed_and_that_is_logged(folder: Path) -> None:
    with pytest.raises(HomeError, match="LIST-ABSENT"):
        decide(folder, Install(naming(LARGE)))
    with home.opened(folder, NOW) as opened:
        entry = opened.log.last("install-refused")
        assert entry
        assert opened.log.private(entry.index)["reason"] == "LIST-ABSENT"


def test_a_list_that_lacks_a_record_is_refused_however_well_it_is_named(folder: Path) -> None:
    start = LARGE.index(b"\n", 20) + 1
    count = int(LARGE[:start].split(b'"records":')[1].split(b",")[0])
    lying = LARGE[:start].replace(str(count).encode(), str(count - 1).encode()) + LARGE[start + 25 :]
    put(folder, lying)
    with pytest.raises(HomeError, match=r"BUNDLE-BODY.*damaged"):
        decide(folder, Install(naming(lying)))


@pytest.mark.parametrize("bend", [lambda text: text[:-1] + b"x", lambda text: text[:-1], lambda text: text + b"\n"])
def test_a_list_in_force_that_was_changed_on_the_disk_closes_the_home(
    folder: Path, bend: Callable[[bytes], bytes]
) -> None:
    path = put(folder, LARGE)
    decide(folder, Install(naming(LARGE)))
    path.write_bytes(bend(LARGE))
    with pytest.raises(HomeError, match="HOME-EDITED"), home.opened(folder, NOW):
        pass


def test_a_list_in_force_that_is_gone_closes_the_home(folder: Path) -> None:
    path = put(folder, LARGE)
    decide(folder, Install(naming(LARGE)))
    path.unlink()
    with pytest.raises(HomeError, match="HOME-EDITED"), home.opened(folder, NOW):
        pass


def test_a_change_of_the_file_after_the_home_was_opened_changes_nothing(folder: Path) -> None:
    """Whoever runs as the same user can write the file at any time; what is judged by is the sealed copy."""
    path = put(folder, LARGE)
    decide(folder, Install(naming(LARGE)))
    with home.opened(folder, NOW) as opened:
        path.write_bytes(bytes(len(LARGE)))
        assert opened.installed.flagged
        assert opened.installed.flagged.find(ceremonies.PAYEE)
        assert opened.installed.flagged.verify().total() == 15_002


def test_nobody_can_write_the_copy_that_the_key_process_is_given(folder: Path) -> None:
    with put(folder, LARGE).open("rb") as source:
        copy = sealed_copy(source, len(LARGE), unwatched)
    for write in (lambda: os.pwrite(copy.descriptor, b"x", 0), lambda: os.ftruncate(copy.descriptor, 1)):
        with pytest.raises(PermissionError):
            write()
    copy.close()


def test_the_key_process_refuses_a_list_in_memory_that_can_still_be_written(folder: Path) -> None:
    """A captured program at the screen hands over an open file, or memory without a seal, and changes it later."""
    unsealed = os.memfd_create("list", os.MFD_ALLOW_SEALING)
    os.write(unsealed, LARGE)
    with put(folder, LARGE).open("rb") as file, home.opened(folder, NOW) as opened:
        for descriptor in (file.fileno(), unsealed):
            with pytest.raises(HomeError, match="KEY-PROCESS"):
                mapped(descriptor)

            class Lying(ListStore):
                descriptors = (descriptor,)  # type: ignore[assignment]

            with pytest.raises(HomeError, match="KEY-PROCESS"):
                KeyProcess(opened.sealed, councils.PASSPHRASES, Lying(folder))
    os.close(unsealed)


def test_the_key_process_judges_by_the_list_that_its_sealed_rules_name_and_no_other(folder: Path) -> None:
    """The captured program hands over another list: there is none of that SHA-256 then, and nothing is signed."""
    for octets in (LARGE, SMALLER):
        put(folder, octets)
    decide(folder, Install(naming(LARGE)))

    def unlock(opened: SignerHome) -> Callable[..., Any]:
        other = ListStore(folder)
        assert other.get(hashlib.sha256(SMALLER).digest())
        return lambda consent: KeyProcess(
            opened.sealed, {one.officer: councils.PASSPHRASES[one.officer] for one in consent.typed}, other
        )

    with home.opened(folder, NOW) as opened, pytest.raises(InputError, match="LIST-ABSENT"):
        council.decide(Install(naming(SMALLER, naming(LARGE))), opened, Council(), unlock(opened))


def test_a_new_home_does_not_begin_with_a_list_that_is_only_named() -> None:
    with pytest.raises(InputError, match="LIST-ABSENT"):
        founding.check_files({"list": naming(LARGE).content})


def test_lists_that_do_not_count_are_removed_and_no_others(folder: Path) -> None:
    for octets in (LARGE, SMALLER):
        put(folder, octets)
    store = ListStore(folder)
    store.keep_only([hashlib.sha256(LARGE).digest()])
    assert [path.name for path in (folder / "lists").iterdir()] == [hashlib.sha256(LARGE).hexdigest()]
    ceremonies.copy_home(folder.with_name("other"))
    ListStore(folder.with_name("other")).keep_only([])


@pytest.mark.slow
def test_a_million_entries_are_installed_within_bounds_of_memory_on_both_sides(tmp_path: Path) -> None:
    """The list's own length, once, and 64 MiB more than a small list takes."""
    folder = councils.copy_home(tmp_path / "home")
    addresses = [f"0x{hashlib.sha256(number.to_bytes(4, 'big')).hexdigest()[:40]}" for number in range(1_000_000)]
    octets = lists.built([*addresses, examples.FLAGGED])
    path, bundle = put(folder, octets), tmp_path / "naming"
    bundle.write_bytes(naming(octets).serialize())
    size = len(octets)
    del addresses, octets
    command = [sys.executable, "-c", INSTALL, str(Path(__file__).parents[1]), str(folder), str(bundle)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    small, screen, vault, status = done.stdout.split()
    assert path.exists()
    assert status == "installed"
    for most in (int(screen), int(vault)):
        assert most * 1_024 < int(small) * 1_024 + size + 64 * 1_048_576


INSTALL = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import councils
from ceremony.test_large_lists import in_process
from custody.governance.actions import Install
from custody.wire.bundle import SignedBundle
most = lambda who: resource.getrusage(who).ru_maxrss
small = most(resource.RUSAGE_SELF)
signed = SignedBundle.parse(Path(sys.argv[3]).read_bytes())
decided = councils.decide(Path(sys.argv[2]), Install(signed), unlock=in_process)
print(small, most(resource.RUSAGE_SELF), most(resource.RUSAGE_CHILDREN), decided.entry.kind)
"""

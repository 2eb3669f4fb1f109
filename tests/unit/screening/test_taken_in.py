"""A built list decides on a device as a plain one does, and one that is not whole never comes to decide."""

from pathlib import Path

import ceremonies
import examples
import lists
import pytest

from custody.edge import founding, home
from custody.errors import InputError
from custody.evm.tokens import TokenRegistry
from custody.governance import install
from custody.screening.flagged import FlaggedList

HONEST = lists.built([examples.FLAGGED, examples.RONIN_THIEF, "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq"])


def without_a_record(octets: bytes) -> bytes:
    """In order, as long as it says, and it clears what it names."""
    start = octets.index(b"\n", 20) + 1
    head = octets[:start].replace(b'"records":4', b'"records":3')
    assert head != octets[:start]
    return head + octets[start + 25 :]


def test_a_home_is_made_with_a_built_list_and_opens(tmp_path: Path) -> None:
    ceremonies.make_home(tmp_path / "home", flagged=HONEST)
    with home.opened(tmp_path / "home", ceremonies.NOW) as opened:
        assert opened.installed.flagged
        assert opened.installed.flagged.find(examples.FLAGGED)


def test_a_list_that_lacks_a_record_is_pinned_by_no_home() -> None:
    assert FlaggedList.parse(without_a_record(HONEST)).find(examples.RONIN_THIEF)
    with pytest.raises(InputError, match="LIST-FORM"):
        founding.check_files({"list": without_a_record(HONEST)})
    assert founding.check_files({"list": HONEST}) is None


def test_a_list_that_lacks_a_record_is_taken_in_by_no_device() -> None:
    with pytest.raises(InputError, match="LIST-FORM"):
        install.compare("list", HONEST, without_a_record(HONEST), TokenRegistry())
    assert install.compare("list", HONEST, HONEST, TokenRegistry()) == ()


def test_what_a_new_list_no_longer_holds_is_told_as_payable_again() -> None:
    smaller = lists.built([examples.RONIN_THIEF])
    changes = install.compare("list", HONEST, smaller, TokenRegistry())
    told = [(one.loosens, one.before) for one in changes]
    assert told == [(True, f"entry 1: {examples.FLAGGED}"), (True, "entry 3: TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq")]


def test_another_network_s_spelling_in_an_entry_s_place_changes_nothing() -> None:
    evm = lists.built([examples.RONIN_THIEF])
    ronin = f"ronin:{examples.RONIN_THIEF[2:]}\n".encode()
    assert install.compare("list", evm, ronin, TokenRegistry()) == ()

"""The clock on disk, and the clocks of this machine."""

import hmac
import json
import stat
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custody.codec import canonical_json
from custody.edge import clock as machine
from custody.edge import clock_file
from custody.edge.clock import read_clocks, rehearsal_reading
from custody.errors import CustodyError, HomeError
from custody.governance.clocks import MAX_CREDITS, MAX_SECONDS, Anchor, Clock, Credit, Reading

SECRET = b"\x01" * 32
CLOCK = Clock(1_795_000_000, 500, "b", 60, Anchor(1_795_000_000, 400, "b", 450), (Credit(100, 5),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a stored clock."""
    clock_file.store(tmp_path, CLOCK, SECRET)
    return tmp_path


def write(folder: Path, content: bytes) -> None:
    (folder / "clock.json").write_bytes(content)


# On disk


def test_a_clock_is_found_as_it_was_stored(folder: Path) -> None:
    assert clock_file.load(folder, SECRET) == CLOCK
    assert [path.name for path in folder.iterdir()] == ["clock.json"]
    assert stat.S_IMODE((folder / "clock.json").stat().st_mode) == 0o600


def test_where_no_file_is_there_is_no_clock(tmp_path: Path) -> None:
    assert clock_file.load(tmp_path, SECRET) is None


def test_a_newer_clock_takes_the_place_of_the_old(folder: Path) -> None:
    newer = CLOCK.observe(Reading(0, "c", 10))
    clock_file.store(folder, newer, SECRET)
    assert clock_file.load(folder, SECRET) == newer


def test_the_file_is_what_the_page_says(folder: Path) -> None:
    text = canonical_json.dumps(CLOCK.as_json())
    mac = hmac.new(SECRET, b"custody/clock/1" + text, "sha256").hexdigest()
    assert (folder / "clock.json").read_bytes() == b'{"clock":' + text + b',"mac":"' + mac.encode() + b'"}'


def test_the_largest_clock_fits(tmp_path: Path) -> None:
    credit, boot = Credit(MAX_SECONDS, MAX_SECONDS), "f" * 36
    anchor = Anchor(MAX_SECONDS, MAX_SECONDS, boot, MAX_SECONDS)
    largest = Clock(MAX_SECONDS, MAX_SECONDS, boot, MAX_SECONDS, anchor, (credit,) * MAX_CREDITS)
    clock_file.store(tmp_path, largest, SECRET)
    assert clock_file.load(tmp_path, SECRET) == largest


def test_a_clock_of_another_device_is_refused(folder: Path) -> None:
    with pytest.raises(HomeError, match="HOME-EDITED"):
        clock_file.load(folder, b"\x02" * 32)


@pytest.mark.parametrize("change", [{"floor": 1}, {"elapsed": 10**9}, {"credits": []}, {"anchor": "none"}])
def test_a_changed_clock_is_refused(folder: Path, change: dict[str, object]) -> None:
    value = json.loads((folder / "clock.json").read_bytes())
    value["clock"] |= change
    write(folder, canonical_json.dumps(value))
    with pytest.raises(HomeError, match="HOME-EDITED"):
        clock_file.load(folder, SECRET)


@pytest.mark.parametrize("mac", ["", "00", "00" * 32, "ä"])
def test_a_wrong_mac_is_refused(folder: Path, mac: str) -> None:
    write(folder, canonical_json.dumps({"clock": CLOCK.as_json(), "mac": mac}))
    with pytest.raises(HomeError, match="HOME-EDITED"):
        clock_file.load(folder, SECRET)


def test_a_mac_over_what_no_clock_writes_does_not_make_it_a_clock(folder: Path) -> None:
    text = canonical_json.dumps({"floor": 1})
    mac = hmac.new(SECRET, b"custody/clock/1" + text, "sha256").hexdigest()
    write(folder, canonical_json.dumps({"clock": {"floor": 1}, "mac": mac}))
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        clock_file.load(folder, SECRET)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"clock":{}}',
        b'{"clock":{},"mac":1}',
        b'{"clock":{},"mac":"","more":1}',
        b'{"clock": {}, "mac": ""}',
        b"[" * 20_000,
        b" " * (clock_file.MAX_CLOCK_FILE + 1),
    ],
)
def test_another_form_is_refused(folder: Path, content: bytes) -> None:
    write(folder, content)
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        clock_file.load(folder, SECRET)


def test_a_link_is_not_followed(tmp_path: Path, folder: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (folder / "clock.json").rename(elsewhere)
    (folder / "clock.json").symlink_to(elsewhere)
    with pytest.raises(HomeError, match="HOME-WRITE"):
        clock_file.load(folder, SECRET)
    elsewhere.unlink()
    with pytest.raises(HomeError, match="HOME-WRITE"):
        clock_file.load(folder, SECRET)


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused_by_name(folder: Path, content: bytes) -> None:
    write(folder, content)
    with pytest.raises(CustodyError):
        clock_file.load(folder, SECRET)


@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_bit_is_refused(folder: Path, position: int, bit: int) -> None:
    clock_file.store(folder, CLOCK, SECRET)
    content = bytearray((folder / "clock.json").read_bytes())
    content[position % len(content)] ^= 1 << bit
    write(folder, bytes(content))
    with pytest.raises(HomeError, match=r"HOME-(EDITED|CORRUPT)"):
        clock_file.load(folder, SECRET)


# This machine


def test_this_machine_tells_one_boot_and_an_uptime_that_does_not_fall() -> None:
    first, second = read_clocks(), read_clocks()
    assert first.boot == second.boot
    assert 0 < first.uptime <= second.uptime
    assert first.rtc <= second.rtc


def test_a_machine_whose_clock_stands_before_1970_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: -5.0)
    with pytest.raises(HomeError, match="CLOCK-READING"):
        read_clocks()


@pytest.mark.parametrize("content", [None, b"", b"\xff\xff"])
def test_a_kernel_that_does_not_tell_its_boot_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "boot_id").write_bytes(content)
    monkeypatch.setattr(machine, "_BOOT_ID", tmp_path / "boot_id")
    with pytest.raises(HomeError, match="CLOCK-READING"):
        read_clocks()


def test_the_time_given_to_a_rehearsal_moves_both_clocks() -> None:
    clock = Clock.start(rehearsal_reading(1_000)).observe(rehearsal_reading(5_000))
    assert clock.since(0) == 4_000
    assert clock.latest(rehearsal_reading(5_000)) == 5_000


def test_a_rehearsal_before_1970_is_refused() -> None:
    with pytest.raises(HomeError, match="CLOCK-READING"):
        rehearsal_reading(-1)

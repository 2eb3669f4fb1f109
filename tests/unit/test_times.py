"""Times: RFC 3339 in UTC, one spelling for each second from 1970 to 9999."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.errors import CustodyError, InputError
from custody.times import LAST_SECOND, readable, rfc3339, seconds_of


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_767_225_599, "2025-12-31T23:59:59Z"),
        (LAST_SECOND, "9999-12-31T23:59:59Z"),
    ],
)
def test_a_second_is_written_and_read_as_the_calendar_has_it(seconds: int, text: str) -> None:
    assert rfc3339(seconds) == text
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("seconds", [-(2**40), 2**63, -1, LAST_SECOND + 1])
def test_a_time_that_has_no_four_digit_year_is_refused(seconds: int) -> None:
    with pytest.raises(InputError, match="TIME-RANGE"):
        rfc3339(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-01",
        "2026-01-01 00:00:00Z",
        "2026-01-01t00:00:00z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00.0Z",
        "2026-01-01T00:00Z",
        "2026-1-1T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "12026-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        " 2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z\n",
        "2026-01-01T00:00:00Z\x00",
        "\uff12026-01-01T00:00:00Z",
        "2026\u201001\u201001T00:00:00Z",
    ],
)
def test_every_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="TIME-FORM"):
        seconds_of(text)


@pytest.mark.parametrize("text", ["1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_time_before_1970_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="TIME-RANGE"):
        seconds_of(text)


@given(st.integers(0, LAST_SECOND))
def test_what_is_written_reads_back(seconds: int) -> None:
    assert seconds_of(rfc3339(seconds)) == seconds
    assert datetime.strptime(rfc3339(seconds), "%Y-%m-%dT%H:%M:%S%z") == datetime.fromtimestamp(seconds, UTC)


@given(st.text(max_size=24) | st.from_regex(re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), fullmatch=True))
def test_any_text_is_a_time_in_its_one_spelling_or_refused(text: str) -> None:
    try:
        seconds = seconds_of(text)
    except CustodyError as error:
        assert error.code in ("TIME-FORM", "TIME-RANGE")
    else:
        assert rfc3339(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (LAST_SECOND, "9999-12-31T23:59:59Z"),
        (LAST_SECOND + 1, "second 253402300800"),
        (-1, "second -1"),
    ],
)
def test_people_are_told_any_number_of_seconds(seconds: int, text: str) -> None:
    assert readable(seconds) == text

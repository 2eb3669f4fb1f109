"""What is longer than the terminal: the officers turn every page before they are told the code."""

import re

import ceremonies
import pytest
from desk import AT, Desk, inside
from terminal import Terminal, at_the_terminal, json_of

from custody import ceremony, screen

PAGE = r"-- page (\d+) of (\d+): Enter -- "
CODE = r"types?:  ([0-9A-Z]{4}-[0-9A-Z]{4})"


def review(desk: Desk) -> list[str]:
    """The lines that the officers must read."""
    with ceremonies.open_home(desk.signer) as opened:
        return list(screen.lines(ceremony.review(desk.request.read_bytes(), opened)[0]))


def sign(desk: Desk, *more: object) -> tuple[object, ...]:
    """The ceremony, whose code is typed by hand."""
    command = ("signer", "sign", desk.request, "--out", desk.path("answer.response"))
    return ("--home", desk.signer, *command, "--secrets", desk.secrets, *AT, *more)


def turn(terminal: Terminal) -> list[str]:
    """Every page, as it stood on the terminal when Enter was pressed, and last of all what came after."""
    pages: list[str] = []
    begun = 0
    while True:
        found = terminal.wait_for(f"{PAGE}|{CODE}")
        pages.append(terminal.told[begun : found.start()])
        if found.group(3):
            return pages
        assert int(found.group(1)) == len(pages)
        begun = found.end()
        terminal.type("")


@pytest.mark.parametrize("rows", [6, 12, 24])
def test_no_line_scrolls_away_before_it_is_read(desk: Desk, rows: int) -> None:
    expected = review(desk)
    with at_the_terminal(*sign(desk), rows=rows) as terminal:
        *pages, after = turn(terminal)
        assert len(pages) >= len(expected) // rows
        for page in pages:
            assert page.lstrip("\r\n").count("\r\n") <= rows - 2
        assert "PAYS" not in after
        code = re.search(CODE, terminal.told)
        assert code
        terminal.answer("Confirmation code", code.group(1))
        assert terminal.end() == 0, terminal.told
    for line in expected:
        assert f"{line}\r\n" in "".join(pages)
    assert desk.path("answer.response").exists()


def test_a_terminal_that_holds_all_of_it_asks_nothing(desk: Desk) -> None:
    with at_the_terminal(*sign(desk), rows=60) as terminal:
        terminal.answer("Confirmation code", terminal.wait_for(CODE).group(1))
        assert terminal.end() == 0
    assert not re.search(PAGE, terminal.told)


def test_a_terminal_without_a_size_is_taken_for_a_small_one(desk: Desk) -> None:
    with at_the_terminal(*sign(desk), rows=0, columns=0) as terminal:
        assert terminal.wait_for(PAGE).group(1) == "1"
        assert terminal.interrupt() == 6


def test_6_who_stops_at_a_page_was_told_no_code_and_signs_nothing(desk: Desk) -> None:
    with at_the_terminal(*sign(desk), rows=12) as terminal:
        terminal.wait_for(PAGE)
        assert terminal.interrupt() == 6
    assert not re.search(CODE, terminal.told)
    assert not desk.path("answer.response").exists()
    logged = inside("--home", desk.signer, "signer", "status", *AT, "--json").fields["last_entry"]["kind"]
    assert logged not in ("authorised", "answered", "cancelled")


def test_a_key_that_was_pressed_too_long_turns_one_page(desk: Desk) -> None:
    with at_the_terminal(*sign(desk), rows=8) as terminal:
        terminal.wait_for("-- page 1 of")
        terminal.press(b"\n" * 20)
        terminal.wait_for("-- page 2 of")
        assert terminal.interrupt() == 6
    assert "-- page 3 of" not in terminal.told


def test_a_review_is_read_page_by_page_too(desk: Desk) -> None:
    command = ("--home", desk.signer, "signer", "review", desk.request, *AT)
    with at_the_terminal(*command, rows=12) as terminal:
        *pages, after = turn(terminal)
        assert len(pages) > 1
        assert "PAYS" not in after
        assert terminal.end() == 0


def test_a_script_that_asks_for_json_turns_no_page(desk: Desk) -> None:
    with at_the_terminal(*sign(desk, "--json"), rows=12) as terminal:
        terminal.answer("Confirmation code", terminal.wait_for(CODE).group(1))
        assert terminal.end() == 0
    assert not re.search(PAGE, terminal.told)
    assert json_of(terminal)["status"] == "signed"


def test_a_code_that_is_given_turns_no_page(desk: Desk) -> None:
    """Of a rehearsal; no real home takes one."""
    with at_the_terminal(*sign(desk, "--confirm", desk.code), rows=12) as terminal:
        assert terminal.end() == 0
    assert not re.search(PAGE, terminal.told)

"""Draws the screens that the runbook shows, as the program writes them: black on white for paper, as text.

    unshare -nm sh -c 'mount -t sysfs sysfs /sys && .venv/bin/python tests/pictures.py docs/pictures'

As root, in a network namespace of its own: a machine with a network says so on every screen. What the pages' commands
say today is compared with the pictures by `tests/cli/test_runbook.py`.
"""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from html import escape, unescape
from pathlib import Path

from terminal import Terminal, at_the_terminal

COLUMNS, STEP, LINE, MARGIN = 80, 8.43, 18, 16
#: A space that no viewer drops.
HARD = "\u00a0"
#: What is another in every house and at every time.
CHANGING = (
    r"\b[0-9a-f]{64}\b|\b[0-9A-F]{40}\b",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b",
)


def svg(lines: Sequence[str], title: str) -> str:
    """A screen, line by line."""
    width, height = round(COLUMNS * STEP + 2 * MARGIN), len(lines) * LINE + 2 * MARGIN
    rows = (
        f'<text x="{MARGIN}" y="{MARGIN + LINE * place + 13}">{escape(line.replace(" ", HARD))}</text>'
        for place, line in enumerate(lines)
        if line
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title)}" '
        f'font-family="DejaVu Sans Mono, ui-monospace, monospace" font-size="14">\n'
        f'<rect width="{width}" height="{height}" rx="6" fill="#fff" stroke="#8a93a3"/>\n'
        f"{chr(10).join(rows)}\n</svg>\n"
    )


def lines_of(picture: str) -> list[str]:
    """The lines of a drawn screen."""
    return [unescape(line).replace(HARD, " ") for line in re.findall(r"<text [^>]*>(.*)</text>", picture)]


def settled(lines: Iterable[str]) -> list[str]:
    """Lines without what is another each time; without empty ones, and without the warning of a network."""
    told = (re.sub("|".join(CHANGING), "*", line.rstrip()) for line in lines)
    return [line for line in told if line and not line.startswith("NETWORK:")]


def screen(terminal: Terminal) -> list[str]:
    """What stands on the terminal, without control sequences."""
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.told.replace("\r\n", "\n"))
    # What was written over is gone, and a terminal folds what is too long.
    kept = [line.rpartition("\r")[2].rstrip() for line in text.strip("\n").split("\n")]
    return [line[start : start + COLUMNS] for line in kept for start in range(0, len(line) or 1, COLUMNS)]


def consented(terminal: Terminal, officers: Sequence[str], code: str) -> list[str]:
    """Each officer's name where it is asked for, code and passphrase; the screen then."""
    for place, officer in enumerate(officers, 1):
        if len(officers) > 1:
            terminal.answer(f"Name of officer {place} of {len(officers)}", officer)
    shown = terminal.wait_for(code).group(1)
    for officer in officers:
        terminal.answer(f"Confirmation code, {officer}", shown)
    for officer in officers:
        terminal.answer(f"Passphrase of {officer}", f"practice of {officer}")
    assert terminal.end() == 0
    return screen(terminal)


def draw(target: Path) -> None:
    """A withdrawal that two officers sign, and one officer who stops the device."""
    from cli.test_runbook import Rehearsal, commands  # the pages are played as their test plays them

    played = Rehearsal(Path(__file__).resolve().parents[1])
    try:
        played.play("house")
        played.run(commands(played.project, "withdrawal").partition("code() {")[0])
        os.chdir(played.folder)
        code = r"type[s]?:  ([0-9A-Z]{4}-[0-9A-Z]{4})"
        signing = ("--home", "signer", "signer", "sign", "w.gif", "--out", "answer.gif")
        with at_the_terminal(*signing) as terminal:
            signed = consented(terminal, ("Sato", "Abe"), code)
        with at_the_terminal("--home", "signer", "signer", "freeze", "--officer", "Abe") as terminal:
            frozen = consented(terminal, ("Abe",), code)
        with at_the_terminal("--home", "signer", "signer", "status") as terminal:
            assert terminal.end() == 0
            status = screen(terminal)
    finally:
        played.close()
    pictures = {
        "sign": (signed, "A withdrawal on the signer's screen, which two officers sign"),
        "freeze": ([*frozen, "", "$ custody signer status", *status], "One officer stops the device"),
    }
    for name, (lines, title) in pictures.items():
        (target / f"{name}.svg").write_text(svg(lines, title), "utf-8")


if __name__ == "__main__":
    draw(Path(sys.argv[1]).resolve())

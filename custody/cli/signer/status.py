"""`custody signer status`: what this device is, what decides, what waits, and where its log stands."""

from collections.abc import Iterator, Mapping

import click

from custody import council_screen
from custody.cli.signer.account import brief
from custody.cli.signer.opening import at_time, open_home, screen_heading
from custody.codec.canonical_json import Json
from custody.edge.home import SignerHome
from custody.edge.terminal import show
from custody.governance.contents import Content
from custody.governance.state import KINDS, Held
from custody.times import rfc3339

_DAY = 86_400


@click.command("status")
@at_time
def status(at: str | None) -> dict[str, Json]:
    """What this device is, what decides, what waits, and where its log stands."""
    with open_home(at, judging=False) as opened:
        show(_lines(opened))
        last = opened.log.entries[opened.log.size - 1]
        return {
            **files_fields(opened.installed.held),
            "log_origin": opened.header.origin,
            "log_key": str(opened.log.verifier),
            "log_size": opened.log.size,
            "last_entry": {"kind": last.kind, "time": rfc3339(last.time)},
            "rehearsal": opened.header.rehearsal,
            "officers": list(opened.officers),
            "quorum": opened.quorum,
            "frozen": opened.state.frozen,
            "waiting": _waiting(opened),
            "clock": {"latest": rfc3339(opened.times.latest), "elapsed": opened.times.elapsed},
            "accounts": [brief(one) for one in opened.installed.accounts],
        }


def files_fields(held: Mapping[str, Held]) -> dict[str, Json]:
    """The files that decide, for scripts."""
    return {kind: held[kind].as_json() if kind in held else None for kind in KINDS}


def _waiting(opened: SignerHome) -> dict[str, Json]:
    state, times = opened.state, opened.times
    rows: dict[str, Json] = {
        kind: {**one.file.as_json(), "seconds_left": one.delay.left(times)} for kind, one in state.waiting.items()
    }
    if state.thaw:
        rows["thaw"] = {"seconds_left": state.thaw.left(times)}
    return rows


def _lines(opened: SignerHome) -> Iterator[str]:
    last = opened.log.entries[opened.log.size - 1]
    yield from screen_heading(opened)
    yield f"{opened.header.origin}: {opened.log.size} log entries, the last one {last.kind}, {rfc3339(last.time)}"
    yield f"log key: {opened.log.verifier}"
    yield f"clock: {rfc3339(opened.times.latest)}, to be compared with one on the wall"
    yield f"officers: {', '.join(opened.officers)}; {opened.quorum} of them consent to a signature"
    for kind in KINDS:
        content = opened.installed.contents.get(kind)
        yield f"{kind}: {_described(content, opened.times.latest) if content else 'none installed'}"
    if opened.state.thaw:
        yield f"thaw: in {council_screen.duration(opened.state.thaw, opened.times)}"


def _described(content: Content, latest: int) -> str:
    """Sequence, age and end of a file that decides."""
    digest = f"SHA-256 {content.digest.hex()}"
    header = content.header
    if header is None:
        return f"as pinned when this home was made, {digest}"
    age = max(0, latest - header.not_before) // _DAY
    left = (header.not_after - latest) // _DAY
    until = f"{left} days left" if latest < header.not_after else "EXPIRED: nothing is signed until a newer one is in"
    return f"number {header.sequence}, {age} days old, {until}, {digest}"

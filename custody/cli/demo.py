"""`custody demo`: the whole job, with no question asked."""

from pathlib import Path

import click

from custody.codec.canonical_json import Json
from custody.demo import house_story, story
from custody.demo.cases import CASES, Case
from custody.demo.evidence import Evidence
from custody.demo.house_story import Event
from custody.demo.page import page
from custody.demo.story import Scene
from custody.edge.clock import unix_time
from custody.edge.disk import write_atomic
from custody.edge.terminal import say
from custody.errors import EvidenceError


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("demo-out"), show_default=True, help="Where the story goes."
)
def demo(out: Path) -> dict[str, Json]:
    """Seven withdrawals, and what stolen keys cannot do, in throw-away rehearsal homes. Takes some seconds, offline."""
    story.prepare(out)
    now = unix_time()
    # The house comes first: it tells at once where gpg is missing.
    with house_story.chapter(out, now) as second:
        scenes, log = _first(out, now)
        events, house_log = _second(second)
    write_atomic(out / "index.html", page(out, scenes, log, events, house_log).encode(), mode=0o644)
    say(f"\nThe story with pictures: {out / 'index.html'}")
    return {
        "out": str(out),
        "cases": [
            *(_case(one.case.name, one.outcome.status, one.outcome.entry.index, one.txid) for one in scenes),
            *(_case(one.case.name, one.status, one.entry, one.txid) for one in events),
        ],
        "log_size": log.report.size,
    }


def _case(name: str, status: str, entry: int, txid: str | None) -> Json:
    return {"case": name, "status": status, "entry": entry, "txid": txid}


def _first(out: Path, now: int) -> tuple[list[Scene], Evidence]:
    say("A signer without a network, a coordinator beside it, and seven withdrawals between them.")
    say(f"Making a throw-away signer, and pairing it ... {len(CASES)} withdrawals to play.\n")
    with story.stage(out, now) as stage:
        scenes = [_played(stage, number, case) for number, case in enumerate(CASES, 1)]
        log = stage.export_log()
    _tell_log(log)
    return scenes, log


def _second(chapter: house_story.Chapter) -> tuple[list[Event], Evidence]:
    say("\nThe keys of everybody online are stolen: maker, approvers, compliance. Not the device and its officers.\n")
    events = []
    for number, event in enumerate(chapter.play(), len(CASES) + 1):
        events.append(event)
        say(f"{number}. {event.case.title}: {event.status.upper()}")
        for line in event.told:
            say(f"   {line}")
    log = chapter.export_log()
    _tell_log(log)
    return events, log


def _played(stage: story.Stage, number: int, case: Case) -> Scene:
    scene = stage.play(case)
    say(f"{number}. {case.title}: {scene.outcome.status.upper()}")
    if scene.txid:
        say("   Read from QR codes, judged, confirmed by code, logged, signed; the answer left as QR codes.")
        say(f"   Transaction {scene.txid}")
    elif scene.outcome.judgement:
        for reason in scene.outcome.judgement.decision.reasons:
            say(f"   {reason.code}: {reason.observed}")
    return scene


def _tell_log(log: Evidence) -> None:
    if log.report.first_bad or not log.tampered.first_bad:
        raise EvidenceError("LOG-ENTRY", "The log of the demonstration does not hold, or its check sees nothing.")
    say(f"\nThe log: {log.report.size} entries, all proved against its signed checkpoint.")
    say(f"A copy in which one word of entry {log.tampered.first_bad[0]} was changed: the check names that entry.")

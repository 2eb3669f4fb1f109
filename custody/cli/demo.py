"""`custody demo`: the whole job, with no question asked."""

from pathlib import Path

import click

from custody.audit.verify import Report
from custody.codec.canonical_json import Json
from custody.demo import story
from custody.demo.cases import CASES, Case
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
    """Two withdrawals signed and five refused, in a throw-away rehearsal home. Takes some seconds, offline."""
    story.prepare(out)
    say("A signer without a network, a coordinator beside it, and seven withdrawals between them.")
    say(f"Making a throw-away signer, and pairing it ... {len(CASES)} withdrawals to play.\n")
    with story.stage(out, unix_time()) as stage:
        scenes = [_played(stage, number, case) for number, case in enumerate(CASES, 1)]
        report = stage.export_log()
    tampered = story.tampered(out)
    _tell_log(report, tampered)
    write_atomic(out / "index.html", page(out, scenes, report, tampered).encode(), mode=0o644)
    say(f"\nThe story with pictures: {out / 'index.html'}")
    return {
        "out": str(out),
        "cases": [
            {"case": one.case.name, "status": one.outcome.status, "entry": one.outcome.entry.index, "txid": one.txid}
            for one in scenes
        ],
        "log_size": report.size,
    }


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


def _tell_log(report: Report, tampered: Report) -> None:
    if report.first_bad or not tampered.first_bad:
        raise EvidenceError("LOG-ENTRY", "The log of the demonstration does not hold, or its check sees nothing.")
    say(f"\nThe log: {report.size} entries, all proved against its signed checkpoint.")
    say(f"A copy in which one word of entry {tampered.first_bad[0]} was changed: the check names that entry.")

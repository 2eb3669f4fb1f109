"""The page of the demonstration: one file without anything from elsewhere, for a treasury officer to read."""

import base64
import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from custody.demo.cases import Case
from custody.demo.evidence import Evidence
from custody.demo.house_cases import HouseCase
from custody.demo.house_story import Event, left_device
from custody.demo.story import Scene

_STYLE = """
:root { --ink: #1c2330; --soft: #5c6675; --line: #d9dee6; --yes: #15703c; --no: #a3242b; --paper: #f6f7f9; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; }
h2 { font-size: 22px; margin: 0; }
p { max-width: 76ch; }
.lead { color: var(--soft); font-size: 18px; }
svg { width: 100%; height: auto; display: block; margin: 24px 0; }
article { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 24px; margin: 24px 0; }
header { display: flex; gap: 16px; align-items: baseline; flex-wrap: wrap; }
.badge { color: #fff; border-radius: 999px; padding: 2px 14px; font-weight: 600; font-size: 14px; }
.signed { background: var(--yes); } .refused, .vetoed { background: var(--no); }
.waits { background: #8a5a00; } .frozen { background: #1d5c94; }
nav { color: var(--soft); margin: 0 0 20px; } nav a { color: inherit; }
.second { margin-top: 64px; padding-top: 40px; border-top: 1px solid var(--line); }
.views { display: grid; grid-template-columns: 232px minmax(0, 1fr); gap: 24px; align-items: start; }
figure { margin: 0; } figure img { width: 100%; image-rendering: pixelated; border: 1px solid var(--line); }
figcaption, .fine { color: var(--soft); font-size: 14px; overflow-wrap: anywhere; }
pre { background: #10151d; color: #e8edf4; padding: 16px 18px; border-radius: 8px; margin: 0;
      font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
code { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.name { white-space: nowrap; }
@media (max-width: 760px) { .views { grid-template-columns: 1fr; } }
@media print { body { background: #fff; } article { break-inside: avoid; } }
"""

_STEPS = (
    ("Request", "scanned as QR"),
    ("Review", "facts, proved"),
    ("Decision", "policy, with reasons"),
    ("Consent", "officer types a code"),
    ("Logged first", "then the key is used"),
    ("Answer", "QR, with its proof"),
)


def page(out: Path, scenes: Sequence[Scene], first: Evidence, events: Sequence[Event], second: Evidence) -> str:
    """The page about what stands in ``out``."""
    parts = (
        _beginning(),
        *(_scene(out, scene) for scene in scenes),
        _log(out, first),
        _second_beginning(),
        *(_event(out, event) for event in events),
        _log(out, second),
        _end(),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>The air-gapped signer: a demonstration</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _beginning() -> str:
    return (
        "<nav>1. Seven withdrawals meet the signer &nbsp;&middot;&nbsp; "
        '<a href="#second">2. The keys of everybody online are stolen</a></nav>'
        "<h1>Seven withdrawals meet the signer</h1>"
        '<p class="lead">The machine that holds the keys has no network. It reads a withdrawal from QR codes, finds '
        "out for itself what the transaction does, judges it by the policy, shows it to the officer, and signs only "
        "what was read and confirmed. Every answer, a refusal too, stands in a log that cannot be changed unseen.</p>"
        f"{_flow()}"
    )


def _second_beginning() -> str:
    return (
        '<h1 class="second" id="second">The keys of everybody online are stolen</h1>'
        '<p class="lead">Another house, with people: one makes a withdrawal, two approvers of two organisations sign '
        "it, compliance signs the policy, and three officers stand at the device, of whom two consent. The thief holds "
        "every computer with a network and every key that lies there: those of maker, approvers and compliance. What "
        "he does not hold is the device, and the officers' secrets.</p>"
    )


def _flow() -> str:
    return (
        '<svg viewBox="0 0 1080 150" role="img" aria-label="Request, review, decision, consent, log, answer">'
        '<rect x="176" y="8" width="728" height="134" rx="12" fill="#fff" stroke="#1c2330" stroke-dasharray="7 5"/>'
        '<text x="540" y="32" text-anchor="middle" font-size="14" fill="#5c6675">the signer: no network</text>'
        f"{''.join(_flow_steps())}</svg>"
    )


def _flow_steps() -> Iterator[str]:
    for place, (name, note) in enumerate(_STEPS):
        middle = 90 + place * 180
        outside = place in (0, len(_STEPS) - 1)
        fill, ink = ("#e8edf4", "#1c2330") if outside else ("#1c2330", "#fff")
        yield f'<rect x="{middle - 72}" y="48" width="144" height="52" rx="8" fill="{fill}"/>'
        yield f'<g text-anchor="middle"><text x="{middle}" y="80" font-size="17" fill="{ink}">{name}</text>'
        yield f'<text x="{middle}" y="122" font-size="13" fill="#5c6675">{note}</text></g>'
        if place:
            yield f'<path d="M{middle - 106} 74h26m-7-6 7 6-7 6" fill="none" stroke="#5c6675" stroke-width="2"/>'


def _scene(out: Path, scene: Scene) -> str:
    case, folder = scene.case, out / scene.case.name
    caption = f"The request: {scene.request_bytes:,} bytes in {scene.frames} frames"
    pictures = (
        _picture(folder / "request.gif", caption),
        _picture(folder / "answer.gif", "The answer as it leaves the signer"),
    )
    left = left_device(scene.txid)
    views = _views(pictures, scene.screen, left, scene.outcome.entry.index, case.name)
    return _article(case, scene.outcome.status, views)


def _event(out: Path, event: Event) -> str:
    pictures = [_picture(out / event.case.name / name, caption) for name, caption in event.pictures]
    return _article(event.case, event.status, _views(pictures, event.screen, event.left, event.entry, event.case.name))


def _article(case: Case | HouseCase, status: str, views: str) -> str:
    return (
        f'<article id="{escape(case.name)}"><header><h2>{escape(case.title)}</h2>'
        f'<span class="badge {escape(status)}">{escape(status.upper())}</span></header><p>{escape(case.lesson)}</p>'
        f"{views}</article>"
    )


def _views(pictures: Sequence[str], screen: Sequence[str], left: str, entry: int, folder: str) -> str:
    """What crossed the air gap, where something did, beside what stood on the signer's screen."""
    seen = (
        f"<pre>{escape(chr(10).join(screen))}</pre>"
        f'<p class="fine">{escape(left)} Log entry {entry}. Files: <code class="name">{escape(folder)}/</code></p>'
    )
    return f'<div class="views"><div>{"<br>".join(pictures)}</div><div>{seen}</div></div>' if pictures else seen


def _picture(path: Path, caption: str) -> str:
    encoded = base64.b64encode(path.read_bytes()).decode()
    return (
        f'<figure><img src="data:image/gif;base64,{encoded}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _log(out: Path, evidence: Evidence) -> str:
    rows = "".join(_row(line) for line in (out / evidence.place / "entries").read_bytes().splitlines())
    index = evidence.tampered.first_bad[0] if evidence.tampered.first_bad else None
    return (
        "<article><header><h2>The log, as an auditor gets it</h2></header>"
        f"<p>{evidence.report.size} entries hold against the signed checkpoint. When one word of the refusal in entry "
        f"{index} was changed in a copy, the check named entry {index}. Names and reasons are in the private part: "
        "committed to, disclosed only by the device.</p>"
        f"<table><thead><tr><th>No.</th><th>What</th><th>Outcome</th><th>Request</th><th>Time</th></tr></thead>"
        f"<tbody>{rows}</tbody></table><p class='fine'>Check it: <code>custody audit verify --log {evidence.place} "
        f"--key {evidence.place}/log-key.txt</code></p></article>"
    )


def _row(line: bytes) -> str:
    public = json.loads(line.split(b" ", 1)[0])
    cells = (public["index"], public["kind"], public["outcome"] or "", (public["request"] or "")[:16], public["time"])
    return f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>"


def _end() -> str:
    return (
        '<p class="fine">People, companies and coins are invented; the keys are the published test words of BIP39. '
        "Start from <code>policy.toml</code>, <code>flagged.txt</code> and <code>tokens.toml</code> beside this page "
        "for your own.</p>"
    )

"""The shape of the house: rooms import one way only, and only the edge touches the world."""

import ast
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

# Each room may import those before it; qr only two of them, so that everything after may use it.
ROOMS = [
    *["errors", "times", "amounts", "chains", "signatures", "codec", "review", "keys", "bitcoin", "evm", "families"],
    *[
        "screening",
        "travel_rule",
        "policy",
        "wire",
        "officers",
        "governance",
        "installed",
        "audit",
        "judgement",
        "screen",
        "council_screen",
        "vault",
        "ceremony",
        "council",
        "qr",
        "edge",
    ],
    *["coordinator", "demo", "cli"],
]
NARROW = {"qr": {"errors", "codec", "qr"}}
EDGE = {"edge", "coordinator", "demo", "cli"}

# Of the standard library a room may use what computes, and pkgutil for the program's own data files; the edge may use
# all of it, for now without a network.
PURE = {
    *["abc", "array", "base64", "binascii", "bisect", "collections", "contextlib", "dataclasses", "datetime", "enum"],
    *["functools", "hashlib", "heapq", "hmac", "io", "itertools", "json", "math", "operator", "re", "string"],
    *["pkgutil", "struct", "textwrap", "tomllib", "types", "typing", "unicodedata", "zlib"],
}
NETWORK = {
    *["asyncio", "ftplib", "http", "imaplib", "poplib", "requests", "smtplib", "socket", "socketserver", "ssl"],
    *["telnetlib", "urllib", "urllib3", "webbrowser", "xmlrpc"],
}
PACKAGES = {
    *["Crypto", "PIL", "bip_utils", "coincurve", "gnupg", "nacl", "pyseccomp", "pyzbar", "qrcode", "wallycore"],
    "zxingcpp",
}
# The solver of the extra `prove`: for the compliance desk alone.
PROVER = {"z3"}
EDGE_CALLS = {"print", "open", "input"}
NO_CALLS = {"eval", "exec", "compile", "__import__", "breakpoint"}
EDGE_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "rmdir", "iterdir", "FileIO"}
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}


def room_of(module: str) -> str:
    """``bitcoin`` of ``custody.bitcoin.psbt``; empty for the package itself."""
    return (module + "..").split(".")[1]


def imported(tree: ast.Module, modules: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Line and full name of every import, also those inside functions; a relative one keeps its dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            for alias in node.names:
                inner = f"{origin}.{alias.name}"
                yield node.lineno, inner if inner in modules else origin


def import_faults(room: str, target: str) -> Iterator[str]:
    """What is wrong with a module of `room` importing `target`."""
    top, theirs = target.split(".")[0], room_of(target)
    if top == "custody":
        allowed = NARROW.get(room, set(ROOMS[: ROOMS.index(room) + 1]) if room else set())
        if theirs and theirs not in allowed:
            yield f"{room or 'the package'} imports {theirs}"
    elif top in NETWORK:
        yield f"imports {top}, a way to a network"
    elif top in PROVER and room not in {"coordinator", "cli"}:
        yield f"imports {top}, which no device has"
    elif top not in sys.stdlib_module_names | PACKAGES | PROVER | {"click"}:
        yield f"imports {target}, no dependency of the product"
    elif top not in PURE | PACKAGES and room not in EDGE:
        yield f"imports {top} outside the edge"


def node_faults(room: str, node: ast.AST) -> Iterator[str]:
    """What is wrong with one statement or call."""
    match node:
        case ast.Assert():
            yield "assert vanishes under -O"
        case ast.ExceptHandler(type=None):
            yield "an except without a name"
        case ast.ExceptHandler(type=ast.Name(id="BaseException")) if not isinstance(node.body[-1], ast.Raise):
            yield "an except that swallows everything"
        case ast.Call(func=ast.Name(id=name)) if name in NO_CALLS or (name in EDGE_CALLS and room not in EDGE):
            yield f"calls {name}()"
        case ast.Call(func=ast.Attribute(attr=name)) if name in EDGE_METHODS and room not in EDGE:
            yield f"calls .{name}()"
        case ast.Attribute() if ".".join(ast.unparse(node).split(".")[-2:]) in CLOCKS and room not in EDGE:
            yield "reads the clock"


def faults(modules: Mapping[str, str]) -> list[str]:
    """Every breach of the rules in these sources, by module name, and the first import cycle."""
    found, graph = [], {}
    for module, source in modules.items():
        tree, room = ast.parse(source), room_of(module)
        if room and room not in ROOMS:
            found.append(f"{module}: a room without a place in the order")
            continue
        targets = list(imported(tree, modules))
        graph[module] = {name for _, name in targets if name in modules} - {module}
        found += [f"{module}:{line} {fault}" for line, name in targets for fault in import_faults(room, name)]
        found += [f"{module}:{node.lineno} {fault}" for node in ast.walk(tree) for fault in node_faults(room, node)]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"import cycle: {' -> '.join(error.args[1])}")
    return found


def sources(project: Path) -> dict[str, str]:
    """The product's modules by name."""
    files = sorted((project / "custody").rglob("*.py"))
    names = (".".join(file.relative_to(project).with_suffix("").parts).removesuffix(".__init__") for file in files)
    return dict(zip(names, (file.read_text("utf-8") for file in files), strict=True))


def test_the_house_keeps_its_shape(project: Path) -> None:
    modules = sources(project)
    assert {"custody", "custody.errors", "custody.codec.cbor"} <= modules.keys()
    assert faults(modules) == []


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("custody.review", "from custody.bitcoin import psbt", "review imports bitcoin"),
        ("custody.review", "def later():\n    import custody.cli", "review imports cli"),
        ("custody.qr.frames", "from custody.review import Review", "qr imports review"),
        ("custody", "from custody.errors import CustodyError", "the package imports errors"),
        ("custody.vault.seal", "from . import entropy", "no dependency of the product"),
        ("custody.signer.screen", "", "a room without a place in the order"),
        ("custody.vault.seal", "import os.path", "imports os outside the edge"),
        ("custody.ceremony", "from time import time", "imports time outside the edge"),
        ("custody.policy.rules.payments", "import random", "imports random outside the edge"),
        ("custody.qr.decoder", "from pathlib import Path", "imports pathlib outside the edge"),
        ("custody.audit.log", "import click", "imports click outside the edge"),
        ("custody.cli.coordinator", "import socket", "a way to a network"),
        ("custody.edge.disk", "from urllib.request import urlopen", "a way to a network"),
        ("custody.bitcoin.psbt", "import embit", "no dependency of the product"),
        ("custody.bitcoin.psbt", "import bdkpython", "no dependency of the product"),
        ("custody.policy.rules.payments", "import z3", "imports z3, which no device has"),
        ("custody.edge.disk", "def late(): import z3", "imports z3, which no device has"),
        ("custody.review", "print('x')", "calls print()"),
        ("custody.audit.log", "open('log', 'ab')", "calls open()"),
        ("custody.cli", "eval('1')", "calls eval()"),
        ("custody.audit.log", "def save(path): path.write_bytes(b'')", "calls .write_bytes()"),
        ("custody.wire.request", "import datetime\ndatetime.datetime.now(datetime.UTC)", "reads the clock"),
        ("custody.wire.request", "from datetime import date\nclock = date.today", "reads the clock"),
        ("custody.edge.disk", "assert True", "assert vanishes"),
        ("custody.edge.disk", "try:\n    pass\nexcept:\n    raise", "without a name"),
        ("custody.edge.disk", "try:\n    pass\nexcept BaseException:\n    pass", "swallows everything"),
    ],
)
def test_each_breach_is_caught(module: str, source: str, fault: str) -> None:
    rooms = {f"custody.{room}": "" for room in ROOMS}
    found = faults(rooms | {module: source})
    assert len(found) == 1
    assert fault in found[0]


def test_a_cycle_within_a_room_is_caught() -> None:
    cycle = {
        "custody.wire": "",
        "custody.wire.a": "from custody.wire.b import x",
        "custody.wire.b": "def f(): from custody.wire import a",
    }
    assert [fault.split(":")[0] for fault in faults(cycle)] == ["import cycle"]


def test_what_the_rules_allow_passes() -> None:
    allowed = {
        "custody.errors": "import re\ndef check(request, world): return request.now < world.clock.now()",
        "custody.edge.disk": "import os\nfrom custody.errors import CustodyError\nprint(os)",
        "custody.edge.child": "try: f()\nexcept BaseException: stop(); raise",
        "custody.bitcoin.signing": "import wallycore\nfrom custody import errors",
    }
    assert faults(allowed) == []

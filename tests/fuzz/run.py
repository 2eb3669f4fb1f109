"""Coverage-guided fuzzing of one reader.

    tests/fuzz/run.py --list                                 the targets
    tests/fuzz/run.py request -max_total_time=60             one of them, with libFuzzer's options (needs atheris)
    tests/fuzz/run.py --seeds                                writes tests/fuzz/corpus anew from the honest examples

What a run learns stays under build/fuzz; what it finds is written there too, and a finding that was mended belongs
into tests/fuzz/corpus/TARGET under a name that says what it was.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.registry import TARGETS, Target

PROJECT = Path(__file__).resolve().parents[2]
CORPUS = PROJECT / "tests" / "fuzz" / "corpus"
LEARNT = PROJECT / "build" / "fuzz"
OPTIONS = ("-max_len=20000", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1")


def main() -> int:
    """The command."""
    match sys.argv[1:]:
        case ["--list"]:
            load()
            print("\n".join(TARGETS))
        case ["--seeds"]:
            load()
            write_seeds()
        case [name, *options]:
            fuzz(name, options)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def load() -> None:
    """Enters all targets."""
    from fuzz import evidence_targets, targets  # noqa: F401


def write_seeds() -> None:
    """The honest examples as files; other files of the corpus stay."""
    for target in TARGETS.values():
        folder = CORPUS / target.name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("honest-*"):
            old.unlink()
        for number, example in enumerate(target.examples()):
            (folder / f"honest-{number}").write_bytes(example)


def fuzz(name: str, options: list[str]) -> None:
    """Fuzzes until libFuzzer's options, or a finding, end it."""
    import atheris

    with atheris.instrument_imports(include=["custody"]):
        load()
    if name not in TARGETS:
        sys.exit(f"no target {name}; see --list")
    target: Target = TARGETS[name]
    target.examples()
    learnt = LEARNT / name
    learnt.mkdir(parents=True, exist_ok=True)
    arguments = [sys.argv[0], *OPTIONS, f"-artifact_prefix={LEARNT}/{name}-", *options, str(learnt), str(CORPUS / name)]
    atheris.Setup(arguments, lambda encoded: target.accepts(encoded) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())

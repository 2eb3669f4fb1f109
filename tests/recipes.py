"""Reads the files of a recipe."""

import importlib.util
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

Unit = Mapping[str, list[str]]


def load(file: Path) -> ModuleType:
    """A program of the recipe, which is in no package."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(file: Path) -> list[str]:
    """The lines of a list, without comments."""
    lines = (line.strip() for line in file.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def unit(*files: Path) -> Unit:
    """What a unit with its drop-ins says, section by section: ``Service.User`` to its values in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        section = ""
        for line in rows(file):
            if line.startswith("["):
                section = line.strip("[]")
            else:
                name, _, value = line.partition("=")
                found[f"{section}.{name}"].append(value)
    return dict(found)


def with_drop_ins(file: Path) -> Unit:
    """A unit as systemd puts it together."""
    return unit(file, *sorted(file.with_name(f"{file.name}.d").glob("*.conf")))


def settings(file: Path) -> dict[str, str]:
    """A file of sysctl."""
    pairs = (line.partition("=") for line in rows(file))
    return {name.strip(): value.strip() for name, _, value in pairs}

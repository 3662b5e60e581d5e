"""`zoneclf deep` without torch and with it."""

import ast
import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import zoneclf
from zoneclf.cli import app as cli_app
from zoneclf.errors import MissingExtraError

EXTRA = {"torch", "transformers", "safetensors", "huggingface_hub", "iterstrat"}

_WITHOUT = """
import sys
sys.modules["torch"] = None
from zoneclf.cli import run
sys.argv = ["zoneclf", *sys.argv[1:]]
run()
"""


def without_torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _WITHOUT, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_it_says_what_to_install() -> None:
    for arguments in (["deep"], ["deep", "genre"], ["deep", "genre", "train", "--epochs", "3"]):
        done = without_torch(*arguments)
        assert done.returncode == 3
        said = "error: torch is not installed; run: pip install 'zoneclf[deep]'"
        assert done.stderr.strip() == said
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("torch", "torch"),
        ("transformers", "transformers"),
        ("safetensors", "safetensors"),
        ("iterstrat", "iterative-stratification"),
        ("tokenizers", "tokenizers"),
        ("huggingface_hub", "huggingface-hub"),
    ],
)
def test_half_of_the_extra_is_told_by_the_name_that_pip_knows(
    monkeypatch: pytest.MonkeyPatch, module: str, package: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else name)
    monkeypatch.delitem(sys.modules, "zoneclf.deep", raising=False)
    with pytest.raises(MissingExtraError, match=f"^{package} is not installed; run: pip install"):
        importlib.import_module("zoneclf.deep")


def test_torch_alone_is_not_enough() -> None:
    without = _WITHOUT.replace('"torch"', '"transformers"')
    command = [sys.executable, "-c", without, "deep", "genre"]
    done = subprocess.run(command, capture_output=True, text=True)
    said = "error: transformers is not installed; run: pip install 'zoneclf[deep]'"
    assert (done.returncode, done.stderr.strip()) == (3, said)


def test_help_needs_no_torch() -> None:
    done = without_torch("--help")
    assert done.returncode == 0
    assert "deep" in done.stdout


_LISTED = """
import sys
from typer.testing import CliRunner
from zoneclf.cli import app
for words in (["deep"], ["deep", "genre"], ["deep", "affect", "--help"], ["deep", "mood", "-h"]):
    done = CliRunner().invoke(app, words)
    assert "train" in done.output or "embed" in done.output, done.output
print([name for name in ("torch", "scipy.signal", "sklearn", "pandas") if name in sys.modules])
"""


def test_lists_of_commands_load_none_of_them() -> None:
    done = subprocess.run([sys.executable, "-c", _LISTED], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def commands_in(group: Any, words: str) -> Iterator[tuple[str, Any]]:
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        assert found is not None
        if hasattr(found, "list_commands"):
            yield from commands_in(found, f"{words} {name}")
        else:
            yield f"{words} {name}", found


def test_every_command_is_where_it_is_said_to_be() -> None:
    from zoneclf.deep.commands import app

    found = dict(commands_in(typer.main.get_command(app), "deep"))
    assert len(found) > 15
    for words, command in found.items():
        *groups, _ = words.split()
        listed = " ".join(CliRunner().invoke(cli_app, [*groups, "--help"]).stdout.split())
        summary = (command.help or "").partition("\n\n")[0]
        assert len(summary) > 20
        assert " ".join(summary.split()) in listed, words


def test_the_core_imports_nothing_of_the_extra() -> None:
    package = Path(zoneclf.__file__).parent
    core = [path for path in package.rglob("*.py") if package / "deep" not in path.parents]
    assert len(core) > 100
    for path in core:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [
                alias.name for alias in getattr(node, "names", []) if isinstance(node, ast.Import)
            ]
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong = {name.split(".")[0] for name in names} & EXTRA
            assert not wrong, f"{path} imports {wrong}"

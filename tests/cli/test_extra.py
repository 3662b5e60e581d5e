"""`zoneclf deep` without torch and with it."""

import ast
import subprocess
import sys
from pathlib import Path

import zoneclf

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


def test_help_needs_no_torch() -> None:
    done = without_torch("--help")
    assert done.returncode == 0
    assert "deep" in done.stdout


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

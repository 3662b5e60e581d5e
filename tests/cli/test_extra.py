"""`zoneclf deep` without torch and with it."""

import subprocess
import sys

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

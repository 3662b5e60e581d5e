"""The program before its commands are there."""

import subprocess
import sys

_INTERRUPTED = """
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from zoneclf.__main__ import main
main()
"""


def test_ctrl_c_while_loading_is_one_line() -> None:
    command = [sys.executable, "-c", _INTERRUPTED]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 130
    assert done.stderr == "error: interrupted; run the same command again\n"

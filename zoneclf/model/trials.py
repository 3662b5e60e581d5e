"""What a search has tried, one line of JSON per trial, so that nothing tried is lost.

A line is written whole before the next trial begins; one that was cut off is left out.
"""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zoneclf.errors import OutputError, TableError
from zoneclf.writing import write_text


@dataclass(frozen=True)
class Trial:
    """Settings by key and the mean log loss they gave."""

    chosen: dict[str, Any]
    log_loss: float


class TrialLog:
    """The trials of one search, in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Trial]:
        """Return every trial that was written whole, in order.

        Raises
        ------
        TableError
            If a whole line is no trial.
        """
        if not self.path.is_file():
            return []
        *lines, rest = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        if rest:  # of a run that was killed
            write_text("".join(f"{line}\n" for line in lines), self.path)
        return [self._trial(number, line) for number, line in enumerate(lines, 1)]

    def add(self, trial: Trial) -> None:
        """Write one more trial and see it onto the disk.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        try:
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(trial)) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise OutputError(
                f"{self.path}: cannot be written ({error}); free some space"
            ) from None

    def _trial(self, number: int, line: str) -> Trial:
        try:
            raw = json.loads(line)
            trial = Trial(dict(raw["chosen"]), float(raw["log_loss"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            trial = Trial({}, math.nan)
        if not math.isfinite(trial.log_loss):
            raise TableError(f"{self.path}: line {number} is no trial; delete the file")
        return trial

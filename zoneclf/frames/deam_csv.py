"""DEAM's own ``features/<id>.csv`` as frames: ``;``, frameTime and 260 openSMILE columns.

Songs up to id 1000 have features of the full song but labels of a 45 s segment, so their rows
are cut to it.  Of the 260 columns 248 are read: voicing deltas are left out (see `columns`).
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from zoneclf.errors import AudioError, LabelError
from zoneclf.frames.columns import DESCRIPTORS, FRAME_COLUMNS, VOICING_COLUMNS, opensmile_of
from zoneclf.frames.extractor import RATE_HZ, Frames, frames_of
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.segments import LAST_CUT_ID, read_segments
from zoneclf.frames.takes import Excerpt, Take, TrackFacts, cut
from zoneclf.store import Origin, TableSpec

COLUMNS = (*FRAME_COLUMNS, *VOICING_COLUMNS)


@dataclass(frozen=True)
class DeamCsvReader:
    """Reads feature files; `segments` by song id."""

    segments: dict[int, Excerpt]
    grid: FrameGrid = field(default_factory=FrameGrid)

    @property
    def spec(self) -> TableSpec:
        """The spec of the rows."""
        return TableSpec(
            level="frames",
            descriptors=DESCRIPTORS,
            window_s=self.grid.window_s,
            hop_s=self.grid.hop_s,
            rate_hz=RATE_HZ,
            features=COLUMNS,
        )

    @property
    def origin(self) -> Origin:
        """What makes the rows: openSMILE, under its licence."""
        return Origin(extractor="deam-csv", extractor_version=2, licence="non-commercial")

    def read(self, path: Path, track_id: str) -> Take:
        """Return the take of one file."""
        try:
            frames = _read_rows(path, self.grid)
            if int(path.stem) <= LAST_CUT_ID:
                frames = cut(frames, self.segments[int(path.stem)], self.grid)
            if not len(frames):
                raise AudioError("bad_table", "no row lies inside the annotated segment")
        except AudioError as error:
            facts = TrackFacts(track_id=track_id, status=error.status, reason=error.reason)
            return Take(facts)
        except KeyError:
            reason = f"song {path.stem} has no segment in songs_info_2013.csv"
            return Take(TrackFacts(track_id=track_id, status="bad_table", reason=reason))
        count = len(frames)
        facts = TrackFacts(
            track_id=track_id,
            status="ok",
            duration_s=(count - 1) * self.grid.hop_s + self.grid.window_s,
            source_rate_hz=RATE_HZ,
            decoder="csv",
            frame_count=count,
        )
        return Take(facts, frames)


def feature_files(root: Path) -> list[Path]:
    """Return DEAM's feature files below `root`: ``<number>.csv`` in a folder ``features``."""
    return sorted(path for path in root.rglob("features/*.csv") if path.stem.isdigit())


def reader_for(root: Path) -> DeamCsvReader:
    """Return a reader for the feature files below `root`.

    Raises
    ------
    LabelError
        If there are none, or songs up to id 1000 are there and their segments are not.
    """
    files = feature_files(root)
    if not files:
        raise LabelError(f"{root}: no features/<song id>.csv below it; check sources.deam.root")
    cut_needed = any(int(path.stem) <= LAST_CUT_ID for path in files)
    return DeamCsvReader(read_segments(root) if cut_needed else {})


def _read_rows(path: Path, grid: FrameGrid) -> Frames:
    try:
        table = pd.read_csv(path, sep=";")
    except (OSError, ValueError) as error:
        raise AudioError("bad_table", f"not a table of features ({error})") from error
    wanted = [opensmile_of(column) for column in COLUMNS]
    missing = [name for name in ["frameTime", *wanted] if name not in table.columns]
    if missing:
        raise AudioError("bad_table", f"{len(missing)} columns are missing, first {missing[0]}")
    rows = table[wanted].to_numpy()
    starts = table["frameTime"].to_numpy()
    if rows.dtype.kind not in "fi" or starts.dtype.kind not in "fi" or not np.isfinite(rows).all():
        raise AudioError("bad_table", "holds values that are not numbers")
    if not np.allclose(np.diff(starts), grid.hop_s, atol=1e-3):
        raise AudioError("bad_table", f"frameTime does not advance by {grid.hop_s} s")
    return frames_of(starts.astype(np.float64), rows.astype(np.float32))

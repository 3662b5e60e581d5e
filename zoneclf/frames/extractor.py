"""What a frame extractor is, and the one function that runs it over a sound.

An extractor knows its name, version, grid and columns before it hears anything.  Sound goes in
as blocks, rows come out as they are settled, into a spool; nothing holds a whole file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.rows import Rows, RowSource, RowSpool
from zoneclf.store import Origin, TableSpec

Mono = npt.NDArray[np.float32]
Onset = npt.NDArray[np.float64]
RATE_HZ = 44_100


@dataclass(frozen=True)
class Step:
    """What a block of sound settled.

    `rows` has shape (frames, features); `onset`, shape (LLDs,), is the onset strength every
    10 ms, from which tempo is measured.
    """

    rows: Rows
    onset: Onset


class FrameStream(Protocol):
    """An extractor at work on one sound."""

    def push(self, mono: Mono) -> Step:
        """Take samples, shape (samples,), at 44.1 kHz."""
        ...

    def finish(self) -> Step:
        """Return what is left when the sound has ended."""
        ...


class FrameExtractor(Protocol):
    """Turns sound into one row of features per frame.

    `version` goes up whenever the same sound would give other numbers; `descriptors` names the
    definition that the columns follow, and is shared by extractors that agree.
    """

    name: str
    version: int
    licence: str
    descriptors: str
    grid: FrameGrid
    features: tuple[str, ...]

    def open(self) -> FrameStream:
        """Start on a sound."""
        ...


class Meter(Protocol):
    """Measures one number per track from the onset strength; it is fed block by block."""

    def push(self, onset: Onset) -> None:
        """Take onset strength every 10 ms, shape (LLDs,)."""
        ...

    def value(self) -> float:
        """Return the measure; NaN if the sound has none."""
        ...


@dataclass(frozen=True)
class Frames:
    """The frames of one track: `start_s`, shape (frames,), their rows, and `measures` of it."""

    start_s: npt.NDArray[np.float64]
    source: RowSource
    measures: Mapping[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def rows(self) -> Rows:
        """All rows, shape (frames, features): for tracks that are known to be short."""
        return np.concatenate(list(self.source.chunks()))


def frames_of(
    start_s: npt.NDArray[np.float64], rows: Rows, measures: Mapping[str, float] | None = None
) -> Frames:
    """Return the frames of a track whose rows are in memory, shape (frames, features)."""
    spool = RowSpool(rows.shape[1])
    spool.append(rows)
    return Frames(start_s, spool, measures or {})


def extract(
    extractor: FrameExtractor, blocks: Iterable[Mono], meters: Mapping[str, Meter]
) -> Frames:
    """Return the frames of a sound and what the meters measured.

    Raises
    ------
    ValueError
        If the extractor gives another number of columns than it announces.
    """
    stream = extractor.open()
    spool = RowSpool(len(extractor.features))
    for block in blocks:
        spool.append(_measured(stream.push(block), meters))
    spool.append(_measured(stream.finish(), meters))
    measures = {name: meter.value() for name, meter in meters.items()}
    return Frames(extractor.grid.starts(len(spool)), spool, measures)


def spec_of(extractor: FrameExtractor) -> TableSpec:
    """Return the spec of the frame tables that an extractor makes."""
    return TableSpec(
        level="frames",
        descriptors=extractor.descriptors,
        window_s=extractor.grid.window_s,
        hop_s=extractor.grid.hop_s,
        rate_hz=RATE_HZ,
        features=extractor.features,
    )


def origin_of(extractor: FrameExtractor) -> Origin:
    """Return what a table says of its extractor."""
    return Origin(
        extractor=extractor.name, extractor_version=extractor.version, licence=extractor.licence
    )


def _measured(step: Step, meters: Mapping[str, Meter]) -> Rows:
    for meter in meters.values():
        meter.push(step.onset)
    return step.rows

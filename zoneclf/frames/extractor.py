"""What a frame extractor is, and the one function that runs it over a sound.

An extractor knows its name, version, grid and columns before it hears anything.  Sound goes in
as blocks, rows come out as they are settled; nothing holds a whole file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zoneclf.frames.grid import FrameGrid
from zoneclf.store import Origin, TableSpec

Mono = npt.NDArray[np.float32]
Rows = npt.NDArray[np.float32]
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
    """The frames of one track: `start_s` (frames,), `rows` (frames, features), `measures`."""

    start_s: npt.NDArray[np.float64]
    rows: Rows
    measures: Mapping[str, float] = field(default_factory=dict)


def extract(
    extractor: FrameExtractor, blocks: Iterable[Mono], meters: Mapping[str, Meter]
) -> Frames:
    """Return the frames of a sound and what the meters measured."""
    stream = extractor.open()
    pieces = []
    for block in blocks:
        pieces.append(_measured(stream.push(block), meters))
    pieces.append(_measured(stream.finish(), meters))
    rows = np.concatenate(pieces)
    if rows.shape[1] != len(extractor.features):
        raise ValueError(
            f"{extractor.name} gave {rows.shape[1]} columns, announced {len(extractor.features)}"
        )
    measures = {name: meter.value() for name, meter in meters.items()}
    return Frames(extractor.grid.starts(len(rows)), rows, measures)


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

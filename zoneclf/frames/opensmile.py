"""The extractor `opensmile`: DEAM's configuration through the `opensmile` package (optional).

The package has no set with these numbers, but its IS13 ComParE descriptor configuration with
moments over 1.0 s every 0.5 s reproduces DEAM's rows.  Columns: the 236 of `frames` and the 12
voicing ones that are not deltas.

openSMILE reads files, so this stream spools the sound to a temporary wav and holds no sound.
"""

import shutil
import tempfile
import weakref
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import soundfile

from zoneclf.errors import AudioError, MissingExtraError
from zoneclf.frames.columns import DESCRIPTORS, FRAME_COLUMNS, VOICING_COLUMNS, opensmile_of
from zoneclf.frames.extractor import RATE_HZ, FrameStream, Mono, Step
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.lld import Llds, LldStream, lld_count

# Reader and writer names are those of IS13_ComParE_core.lld.conf.inc; mfcc is renamed as in DEAM.
_CONFIGURATION = r"""
[componentInstances:cComponentManager]
instance[dataMemory].type = cDataMemory
instance[waveIn].type = cWaveSource
printLevelStats = 0
[waveIn:cWaveSource]
writer.dmLevel = wave
filename = \cm[inputfile(I){{in.wav}}:sound]
monoMixdown = 1

\{{{core}/is09-13/IS13_ComParE_core.lld.conf.inc}}

[componentInstances:cComponentManager]
instance[moments].type = cFunctionals
instance[table].type = cCsvSink
[moments:cFunctionals]
reader.dmLevel = {levels}
writer.dmLevel = frames
copyInputName = 1
frameMode = fix
frameSize = {window_s}
frameStep = {hop_s}
frameCenterSpecial = left
functionalsEnabled = Moments
Moments.variance = 0
Moments.stddev = 1
Moments.skewness = 0
Moments.kurtosis = 0
Moments.amean = 1
[table:cCsvSink]
reader.dmLevel = frames
filename = \cm[outputfile(O){{out.csv}}:table]
append = 0
timestamp = 1
number = 0
printHeader = 1
"""
_LEVELS = ";".join(
    f"is13_{part}{stage}" for stage in ("", "_de") for part in ("lld_nzsmo", "lldA_smo", "lldB_smo")
)


class OpensmileExtractor:
    """Extractor `opensmile`; its licence forbids commercial use of what it makes."""

    name = "opensmile"
    version = 2
    licence = "non-commercial"
    descriptors = DESCRIPTORS
    features = (*FRAME_COLUMNS, *VOICING_COLUMNS)

    def __init__(self, grid: FrameGrid) -> None:
        _package()
        self.grid = grid

    def open(self) -> FrameStream:
        """Start on a sound."""
        return _OpensmileStream(self.grid)


class _OpensmileStream:
    def __init__(self, grid: FrameGrid) -> None:
        self._grid = grid
        folder = tempfile.mkdtemp(prefix="zoneclf-")
        # Also where a stream is given up half-way, as on samples that are no numbers.
        self._remove_folder = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._wav = Path(folder) / "in.wav"
        self._sound = soundfile.SoundFile(self._wav, "w", RATE_HZ, 2, subtype="PCM_16")
        self._llds = LldStream()
        self._sample_count = 0

    def push(self, mono: Mono) -> Step:
        self._sample_count += mono.size
        # The mean of two int16 channels may lie between two steps: the lower half goes left, the
        # rest right, and openSMILE's own mixdown restores the mean.
        doubled = np.rint(mono.astype(np.float64) * (2 * 32767)).astype(np.int32)
        left = doubled // 2
        self._sound.write(np.stack([left, doubled - left], axis=1).astype(np.int16))
        return Step(self._no_rows(), _onset(self._llds.push(mono)))

    def finish(self) -> Step:
        self._sound.close()
        try:
            rows = run_opensmile(self._wav, self._grid)
        finally:
            self._remove_folder()
        # openSMILE ends with one more row where the last descriptor of its window is missing.
        whole = self._grid.frame_count(lld_count(self._sample_count))
        return Step(rows[:whole], _onset(self._llds.finish()))

    def _no_rows(self) -> np.ndarray:
        return np.empty((0, len(OpensmileExtractor.features)), np.float32)


def run_opensmile(wav: Path, grid: FrameGrid) -> np.ndarray:
    """Return openSMILE's rows for a 16-bit wav, shape (frames, 248), in the extractor's order.

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    AudioError
        If openSMILE refuses the sound.
    """
    package = _package()
    with tempfile.TemporaryDirectory(prefix="zoneclf-") as folder:
        configuration, table = Path(folder) / "frames.conf", Path(folder) / "out.csv"
        core = Path(package.__file__ or "").parent / "core" / "config"
        configuration.write_text(
            _CONFIGURATION.format(
                core=core, levels=_LEVELS, window_s=grid.window_s, hop_s=grid.hop_s
            )
        )
        smile = package.core.lib.OpenSMILE()
        try:
            smile.initialize(str(configuration), {"I": str(wav), "O": str(table)}, loglevel=0)
            smile.run()
        finally:
            smile.free()
        if not table.is_file():
            raise AudioError("too_short", "openSMILE gave no rows")
        return _read_rows(table)


def _read_rows(table: Path) -> np.ndarray:
    rows = pd.read_csv(table, sep=";")
    names = {name: name.replace("pcm_fftMag_mfcc", "mfcc") for name in OpensmileExtractor.features}
    return rows[[opensmile_of(name) for name in names.values()]].to_numpy(dtype=np.float32)


def _onset(batches: list[Llds]) -> np.ndarray:
    onsets = [batch.onset for batch in batches]
    return np.concatenate(onsets) if onsets else np.empty(0)


def _package() -> ModuleType:
    try:
        import opensmile
        import opensmile.core.lib
    except ImportError as error:
        raise MissingExtraError("opensmile", "opensmile") from error
    module: ModuleType = opensmile
    return module

"""Ready-made spectrograms to be explained: clips of an array, or of a folder of arrays."""

from pathlib import Path

import numpy as np

from zoneclf.deep.readers.arrays import load_array, read_row
from zoneclf.deep.readers.listing import GenreTrack, Listing
from zoneclf.deep.sets.spectrogram_options import mels_of
from zoneclf.deep.spectrograms import Spectrogram, SpectrogramSettings
from zoneclf.errors import TableError

# A clip of fewer frames says next to nothing.
LEAST_FRAMES = 64


def read_clips(path: Path, *, mels: int | None = None, most: int = 32) -> list[Spectrogram]:
    """Return clips of shape (frames, mels), at most so many, evenly spread over all there are.

    Parameters
    ----------
    path
        One array of a clip or of many, shape (..., mels, frames) or (..., frames, mels), or a
        folder of arrays of a clip each.
    mels
        By default 128 if a side has as many, else the shorter side of the first.

    Raises
    ------
    TableError
        If there is none that can be read, or none of at least 64 frames.
    """
    tracks = _spread(_tracks(path), most)
    wanted = mels or mels_of(Listing(tuple(tracks), ()))
    settings = SpectrogramSettings(mels=wanted, excerpt_s=0.0, foreign=True)
    clips, reason = [], ""
    for track in tracks:
        found, _, why = read_row(track, settings)
        if found is not None and len(found) >= LEAST_FRAMES:
            clips.append(found)
        reason = reason or why or f"a clip has fewer than {LEAST_FRAMES} frames"
    if not clips:
        raise TableError(f"{path}: {reason}; name arrays of spectrograms, and --mels")
    return clips


def _tracks(path: Path) -> list[GenreTrack]:
    files = sorted(path.glob("*.npy")) if path.is_dir() else [path]
    found = []
    for file in files:
        array = load_array(file)
        rows = range(len(array)) if _holds_many(array) else (-1,)
        found += [GenreTrack(file, (), row=row) for row in rows]
    if not found:
        raise TableError(f"{path}: holds no .npy file; name arrays of spectrograms")
    return found


def _holds_many(array: np.ndarray) -> bool:
    return array.ndim == 4 or (array.ndim == 3 and array.shape[0] > 1)


def _spread(tracks: list[GenreTrack], most: int) -> list[GenreTrack]:
    places = np.linspace(0, len(tracks) - 1, min(most, len(tracks))).round().astype(int)
    return [tracks[place] for place in places]

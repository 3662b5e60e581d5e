"""Precomputed spectrograms as arrays (``.npy``), with their labels.

Two layouts: a folder with one array of all clips, shape (clips, mels, frames) or (clips, frames,
mels), and an array of labels; or an array per clip in a folder per genre (see `gtzan`) or in a
plain table.  Nothing is unpickled.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.readers.listing import GenreTrack
from zoneclf.errors import TableError


def load_array(path: Path) -> npt.NDArray[Any]:
    """Return an array as a view of its file.

    Raises
    ------
    TableError
        If it is no array, or one of Python objects, which only unpickling could read.
    """
    try:
        found: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise TableError(
            f"{path}: is no array of numbers or text ({reason}); save it anew"
        ) from error
    if not isinstance(found, np.ndarray):
        raise TableError(f"{path}: holds several arrays; save one as .npy")
    return found


def read_row(track: GenreTrack, mels: int) -> tuple[npt.NDArray[np.float32] | None, str, str]:
    """Return a clip's spectrogram, shape (frames, mels), or None, with status and reason."""
    try:
        whole = _cached(track.path, track.path.stat().st_mtime_ns)
    except (TableError, OSError) as error:
        return None, "undecodable", str(error)
    found = np.squeeze(np.asarray(whole[track.row] if track.row >= 0 else whole))
    if found.ndim != 2 or found.dtype.kind not in "fiu":
        shape = "x".join(map(str, found.shape))
        return None, "undecodable", f"an array of {shape} {found.dtype} is no spectrogram"
    if mels not in found.shape:
        return None, "undecodable", f"neither side of {found.shape[0]}x{found.shape[1]} is {mels}"
    values = found.T if found.shape[1] != mels or _is_mels_first(found.shape, mels) else found
    kept = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(kept).all():
        return None, "nonfinite", "holds values that are not numbers"
    return kept, "ok", ""


def _is_mels_first(shape: tuple[int, ...], mels: int) -> bool:
    """Square arrays are taken as librosa makes them: mels, then frames."""
    return shape[0] == mels


@lru_cache(maxsize=8)
def _cached(path: Path, mtime_ns: int) -> npt.NDArray[Any]:
    del mtime_ns  # a changed file is read anew
    return load_array(path)

"""Files -> what a network says of each: heard some at a time, so that memory stays flat."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from zoneclf.deep.checkpoint import Checkpoint
from zoneclf.deep.hearing import Ears, HeardClips, HeardFile, warn_of_unlike
from zoneclf.deep.inference import logits_of
from zoneclf.deep.pace import Pace, Voice
from zoneclf.deep.source_tracks import Wanted
from zoneclf.deep.spectrogram_check import unlike_clips
from zoneclf.deep.statistics import clip_numbers

# Files held at once.
_AT_ONCE = 32
# Shape (labels,); None where a file could not be heard.
Said = npt.NDArray[np.float32] | None


def ask(
    checkpoint: Checkpoint, files: Sequence[Wanted], *, ears: Ears, device: str, voice: Voice
) -> Iterator[tuple[HeardFile, Said]]:
    """Yield each file as it was heard and a network's logits, in order."""
    pace = Pace("predict", voice)
    done = itertools.count(1)
    numbers = []
    for heard in ears.hear_all(files, _AT_ONCE, lambda: pace(next(done), len(files))):
        for file in heard:
            warn_of_unlike(file, voice)
            if file.spectrogram is not None:
                numbers.append(clip_numbers(file.spectrogram))
        yield from zip(heard, _said(checkpoint, heard, ears, device=device), strict=True)
    pace.close()
    known = ears.statistics.get("clips")
    if known and len(numbers) > 1 and (unlike := unlike_clips(known, numbers)):
        told = "; ".join(unlike)
        voice.warn(f"the middle of {len(numbers)} files is not like what was learnt from ({told})")


def _said(
    checkpoint: Checkpoint, heard: Sequence[HeardFile], ears: Ears, *, device: str
) -> list[Said]:
    usable = [place for place, file in enumerate(heard) if file.is_usable]
    found: list[Said] = [None] * len(heard)
    if usable:
        clips = HeardClips([heard[place] for place in usable], ears.settings)
        logits = logits_of(checkpoint, clips, range(len(usable)), device)
        for place, row in zip(usable, logits, strict=True):
            found[place] = row
    return found

"""What DEAM tells of single songs, as labels and targets have it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from zoneclf.labels.deam import DeamAnnotations

# DEAM's songs have about ten raters each, those after id 2000 about five.
_RATERS, _FEW_RATERS, _LAST_OF_MANY_RATERS = 10, 5, 2000


def described(annotations: DeamAnnotations, songs: Sequence[int]) -> pd.DataFrame:
    """Return arousal, valence, their standard errors, artist and group of annotated songs.

    A row per song, in order; the standard error of a mean over raters is NaN where the spread is
    not known, as that of means of dynamic annotations.
    """
    found = annotations.songs.loc[list(songs)]
    raters = np.where(np.asarray(songs) > _LAST_OF_MANY_RATERS, _FEW_RATERS, _RATERS)
    table = pd.DataFrame(index=range(len(songs)))
    for name in ("arousal", "valence"):
        table[name] = found[f"{name}_mean"].to_numpy()
        spread = found.get(f"{name}_std", pd.Series(np.nan, found.index))
        table[f"{name}_se"] = spread.to_numpy() / np.sqrt(raters)
    artists = annotations.artists
    table["artist"] = [artists.get(song, "") for song in songs]
    table["group"] = [
        f"artist:{artists[song].casefold()}" if song in artists else f"deam:{song}"
        for song in songs
    ]
    return table

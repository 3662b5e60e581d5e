"""A labelled table with what tells nothing about music taken away: lengths, or levels."""

import dataclasses

import numpy as np
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.tracks.excerpts import middle_spec
from zoneclf.tracks.loudness import without_level


def match_length(table: LabelledTable, middles: pd.DataFrame, longest_s: float) -> LabelledTable:
    """Return the table with tracks described by at most `longest_s` seconds of their middle.

    Parameters
    ----------
    table
        Features of whole tracks.
    middles
        The same features by track id, from `zoneclf.tracks.excerpts.pool_middles`; tracks that
        are not in it, such as those of a table of means, stay as they are.
    longest_s
        The length that `middles` was pooled over.

    Raises
    ------
    TableError
        If a track is known to be longer and has no row in `middles`, or a column is not there.
    """
    names = list(table.spec.features)
    missing = [name for name in names if name not in middles.columns]
    if missing:
        raise TableError(f"stored frames lack {len(missing)} features, first {missing[0]!r}")
    there = table.about["track_id"].isin(middles.index).to_numpy()
    long = (table.about["duration_s"].to_numpy(dtype=np.float64) > longest_s) & ~there
    if long.any():
        path = table.about["path"].to_numpy()[long][0]
        raise TableError(
            f"{path}: has no stored frames ({int(long.sum())} such tracks longer than "
            f"{longest_s:g} s); extract with the method `frames`"
        )
    values = table.features.copy()
    values.loc[there, names] = middles.loc[table.about["track_id"][there], names].to_numpy()
    shorter = table.about["duration_s"].clip(upper=longest_s)
    return dataclasses.replace(
        table,
        features=values,
        about=table.about.assign(duration_s=shorter),
        spec=middle_spec(table.spec, longest_s),
    )


def normalise_level(table: LabelledTable) -> LabelledTable:
    """Return the table with features that a gain would not change, and without the level.

    Raises
    ------
    TableError
        If the level of a track is not known.
    """
    features = without_level(table.features)
    descriptors = f"{table.spec.descriptors} without level"
    spec = table.spec.select([str(name) for name in features.columns])
    return dataclasses.replace(
        table, features=features, spec=dataclasses.replace(spec, descriptors=descriptors)
    )

"""Equal numbers of tracks per source and zone, by leaving tracks out or by making some up.

Only ever inside training rows.  Source: Chawla et al., "SMOTE: synthetic minority over-sampling
technique", JAIR 16 (2002).  imblearn is imported where it is used: half a second, which few need.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.labels.table import LabelledTable
from zoneclf.model.dense import filled

Codes = npt.NDArray[np.int64]
_NEIGHBOURS = 5


def undersampled(table: LabelledTable, seed: int) -> LabelledTable:
    """Return as many tracks of each source and zone as the rarest pair has."""
    from imblearn.under_sampling import RandomUnderSampler

    sampler = RandomUnderSampler(random_state=seed)
    sampler.fit_resample(np.zeros((len(table), 1)), _cells(table))
    return table.take(np.sort(sampler.sample_indices_))


def oversampled(table: LabelledTable, *, per_source: bool, seed: int) -> LabelledTable:
    """Return the table with tracks made up between neighbours of the same source and zone.

    With `per_source` each source's zones become as large as its largest, else every pair of source
    and zone as large as the largest pair.  A pair of one track has no neighbours and stays.
    """
    cells = _cells(table)
    cell_names, counts = np.unique(cells, return_counts=True)
    sources = cell_names // len(table.zones)
    made = [table]
    for cell, count in zip(cell_names, counts, strict=True):
        same = sources == cell // len(table.zones) if per_source else slice(None)
        missing = int(counts[same].max()) - int(count)
        if missing and count > 1:
            made.append(_made_up(table.take(cells == cell), missing, seed + int(cell)))
    return made[0] if len(made) == 1 else joined(*made)


def joined(*tables: LabelledTable) -> LabelledTable:
    """Return tables of the same features, one below the other."""
    return replace(
        tables[0],
        features=pd.concat([table.features for table in tables], ignore_index=True),
        codes=np.concatenate([table.codes for table in tables]),
        source=np.concatenate([table.source for table in tables]),
        group=np.concatenate([table.group for table in tables]),
        about=pd.concat([table.about for table in tables], ignore_index=True),
    )


def _cells(table: LabelledTable) -> Codes:
    """Return a number for each track's source and zone, shape (tracks,)."""
    _, sources = np.unique(table.source, return_inverse=True)
    return np.asarray(sources * len(table.zones) + table.codes)


def _made_up(cell: LabelledTable, count: int, seed: int) -> LabelledTable:
    """Return `count` tracks between neighbours of one cell; they have a zone and nothing else."""
    from imblearn.over_sampling import SMOTE

    present = len(cell)
    anchor = cell.take(np.arange(present))
    # SMOTE wants a larger class to level up to: rows that are thrown away again.
    filler = np.zeros((present + count, cell.features.shape[1]))
    values = np.concatenate([filled(cell.features).to_numpy(np.float64), filler])
    labels = np.concatenate([np.ones(present), np.zeros(len(filler))])
    sampler = SMOTE(k_neighbors=min(_NEIGHBOURS, present - 1), random_state=seed)
    resampled, _ = sampler.fit_resample(values, labels)
    new = anchor.take(np.random.default_rng(seed).integers(present, size=count))
    about = new.about.assign(track_id=[f"made-up-{seed}-{place}" for place in range(count)])
    unrated = [name for name in about if name in {"arousal_se", "valence_se"}]
    about[unrated] = np.nan
    features = pd.DataFrame(
        resampled[len(values) :].astype(np.float32), columns=list(cell.features.columns)
    )
    return replace(new, features=features, about=about)

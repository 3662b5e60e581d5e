"""Toy labelled tables: zones that a few trees can tell apart, in seconds."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from zoneclf.labels.table import LabelledTable
from zoneclf.store import TableSpec

ZONES = ("YELLOW", "GREEN", "PURPLE")
FEATURES = ("loud", "bright", "fast", "noise_1", "noise_2")
Make = Callable[..., LabelledTable]


def toy_table(
    n: int = 90, *, seed: int = 0, share_of_user: float = 1.0, zones: tuple[str, ...] = ZONES
) -> LabelledTable:
    """Return `n` tracks whose first feature says the zone, three tracks per artist."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % len(zones)
    values = rng.normal(size=(n, len(FEATURES)))
    values[:, 0] += 4 * codes
    values[:, 1] -= 2 * codes
    source = np.where(np.arange(n) < round(share_of_user * n), "user", "deam")
    names = [f"track {place}" for place in range(n)]
    about = pd.DataFrame(
        {
            "track_id": [f"{seed}-{place:04}" for place in range(n)],
            "path": [f"/music/{name}.mp3" for name in names],
            "name": names,
            "source": source,
            "zone": [zones[code] for code in codes],
            "group": [f"artist:{place // 3}" for place in range(n)],
            "arousal": np.clip(2.5 + 2.5 * codes + 0.3 * rng.normal(size=n), 1, 9),
            "valence": np.clip(5 + values[:, 2], 1, 9),
        }
    )
    spec = TableSpec(
        level="tracks",
        descriptors="toy/1",
        window_s=1.0,
        hop_s=0.5,
        rate_hz=44_100,
        features=FEATURES,
    )
    features = pd.DataFrame(values.astype(np.float32), columns=list(FEATURES))
    groups = about["group"].to_numpy(dtype=str)
    return LabelledTable(features, codes.astype(np.int64), source, groups, about, zones, spec)


@pytest.fixture(scope="session")
def make_table() -> Make:
    return toy_table

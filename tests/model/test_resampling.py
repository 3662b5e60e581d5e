"""Equal numbers of tracks by source and zone."""

from collections import Counter
from collections.abc import Callable

import numpy as np

from zoneclf.labels.table import LabelledTable
from zoneclf.model.resampling import joined, oversampled, undersampled

Make = Callable[..., LabelledTable]


def uneven(make_table: Make) -> LabelledTable:
    """Return user: 20, 5, 20 tracks by zone; deam: 20, 20, 1."""
    table = make_table(120, share_of_user=0.5)
    kept = {("user", 1): 5, ("deam", 2): 1}
    rows = []
    for source in ("user", "deam"):
        for code in range(3):
            cell = np.flatnonzero((table.source == source) & (table.codes == code))
            rows += list(cell[: kept.get((source, code), 20)])
    return table.take(np.array(rows))


def counts(table: LabelledTable) -> Counter[tuple[str, int]]:
    return Counter(zip(map(str, table.source), map(int, table.codes), strict=True))


def test_leaving_tracks_out_makes_all_as_rare_as_the_rarest(make_table: Make) -> None:
    table = uneven(make_table)
    found = undersampled(table, 0)
    assert set(counts(found).values()) == {1}
    assert set(found.about["track_id"]) <= set(table.about["track_id"])


def test_making_tracks_up_lifts_each_source_to_its_largest_zone(make_table: Make) -> None:
    found = counts(oversampled(uneven(make_table), per_source=True, seed=0))
    assert {found["user", code] for code in range(3)} == {20}
    assert found["deam", 2] == 1  # one track has no neighbours


def test_made_up_tracks_lie_between_tracks_of_their_own_zone_and_source(make_table: Make) -> None:
    table = uneven(make_table)
    table.features.iloc[::7, 3] = np.nan  # as a tempo may be
    found = oversampled(table, per_source=False, seed=0)
    new = found.take(np.arange(len(table), len(found)))
    assert found.take(np.arange(len(table))).features.equals(table.features)
    assert np.isfinite(new.features.to_numpy()).all()
    for source, code in counts(new):
        made = new.take((new.source == source) & (new.codes == code)).features["loud"]
        real = table.take((table.source == source) & (table.codes == code)).features["loud"]
        assert real.min() - 1e-6 <= made.min() <= made.max() <= real.max() + 1e-6
    assert not set(new.about["track_id"]) & set(table.about["track_id"])


def test_the_seed_decides_what_is_made_up(make_table: Make) -> None:
    table = uneven(make_table)
    first, same, other = (oversampled(table, per_source=True, seed=s).features for s in (0, 0, 1))
    assert first.equals(same)
    assert not first.equals(other)


def test_joined_tables_keep_every_row(make_table: Make) -> None:
    table = make_table(30, share_of_user=0.5)
    back = joined(table.take(np.arange(10)), table.take(np.arange(10, 30)))
    assert back.features.equals(table.features)
    assert back.about.equals(table.about)
    for name in ("codes", "source", "group"):
        np.testing.assert_array_equal(getattr(back, name), getattr(table, name))

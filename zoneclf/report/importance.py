"""Which features a model's trees use: total gain per feature, as a share of all gain."""

from collections.abc import Mapping

import pandas as pd
import xgboost as xgb


def gain_shares(boosters: Mapping[str, xgb.Booster], features: tuple[str, ...]) -> pd.DataFrame:
    """Return columns feature, gain_share and splits, one row per feature, largest share first.

    Gain is the fall of the loss at a feature's splits, summed over all trees of all members.
    """
    gain = dict.fromkeys(features, 0.0)
    splits = dict.fromkeys(features, 0)
    for booster in boosters.values():
        for name, value in booster.get_score(importance_type="total_gain").items():
            gain[name] += float(value)
        for name, value in booster.get_score(importance_type="weight").items():
            splits[name] += int(value)
    total = sum(gain.values()) or 1.0
    rows = [(name, gain[name] / total, splits[name]) for name in features]
    table = pd.DataFrame(rows, columns=["feature", "gain_share", "splits"])
    return table.sort_values(["gain_share", "feature"], ascending=[False, True], ignore_index=True)

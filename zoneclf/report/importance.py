"""Which features a model's trees use: total gain per feature, as a share of all gain."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from zoneclf.model.members import Member, Trees


def gain_shares(members: Iterable[Member], features: tuple[str, ...]) -> pd.DataFrame:
    """Return columns feature, gain_share and splits, one row per feature, largest share first.

    Gain is the fall of the loss at a feature's splits, summed over all trees of a member and
    divided by the member's whole, so that members of other units count alike.  What a source model
    says is listed beside the features.
    """
    gain: Counter[str] = Counter()
    splits: Counter[str] = Counter()
    for member in members:
        if not isinstance(member, Trees):
            continue
        found = member.booster.get_score(importance_type="total_gain")
        whole = sum(found.values()) or 1.0
        gain.update({name: float(value) / whole for name, value in found.items()})
        splits.update(member.booster.get_score(importance_type="weight"))
    total = sum(gain.values()) or 1.0
    names = [*features, *sorted(set(gain) - set(features))]
    rows = [(name, gain[name] / total, int(splits[name])) for name in names]
    table = pd.DataFrame(rows, columns=["feature", "gain_share", "splits"])
    return table.sort_values(["gain_share", "feature"], ascending=[False, True], ignore_index=True)

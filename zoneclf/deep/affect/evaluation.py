"""One run judged on one split: what was true, what it says, and what it says when rescaled.

In: targets and predictions of tracks, a rescaling fitted on other tracks, what the run cost.  Out:
everything that ``metrics.json``, the page and the comparison table are made of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy.typing as npt

from zoneclf.deep.affect.affect_set import NAMES
from zoneclf.deep.affect.agreement import Floats, agreement, difference
from zoneclf.deep.affect.rescale import Rescale

SCHEMA_VERSION = 1
# Of fewer tracks resamples hardly differ.
_FEW = 20


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a run takes.

    `megabytes` are its own weights', `encoder_megabytes` those of the encoder whose embeddings it
    reads (None where that is not known); `seconds_per_epoch` without making spectrograms or
    embeddings, None of a run that is not finished; `weights_learnt` of all its `weights`.
    """

    megabytes: float
    encoder_megabytes: float | None
    seconds_per_epoch: float | None
    epochs: int
    weights: int
    weights_learnt: int
    device: str


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowScores:
    """Stretches of tracks, judged one by one: shape (windows, 2), and each one's group."""

    true: Floats
    predicted: Floats
    groups: npt.NDArray[Any]

    @cached_property
    def scores(self) -> dict[str, Any]:
        """How well they agree."""
        return agreement(self.true, self.predicted, groups=self.groups)


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """A run judged on the tracks of a split.

    `true` and `predicted` have shape (tracks, 2), `paths` and `groups` (tracks,); `history` has a
    row per epoch; `facts` are lines for the end of the page.
    """

    name: str
    about: str
    backbone: str
    split: str
    track_ids: npt.NDArray[Any]
    paths: npt.NDArray[Any]
    groups: npt.NDArray[Any]
    true: Floats
    predicted: Floats
    rescale: Rescale | None
    cost: Cost
    windows: WindowScores | None = None
    history: Sequence[Mapping[str, float]] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def rescaled(self) -> Floats | None:
        """Predictions stretched to the spread of the validation tracks; None without rescaling."""
        return None if self.rescale is None else self.rescale(self.predicted)

    @cached_property
    def scores(self) -> dict[str, Any]:
        """How well the predictions agree."""
        return agreement(self.true, self.predicted, groups=self.groups)

    @cached_property
    def rescaled_scores(self) -> dict[str, Any] | None:
        """How well the rescaled ones do."""
        if self.rescaled is None:
            return None
        return agreement(self.true, self.rescaled, groups=self.groups)

    @cached_property
    def remedy(self) -> dict[str, Any] | None:
        """By how much rescaling changes each score, with intervals."""
        if self.rescaled is None:
            return None
        return difference(self.true, self.rescaled, self.predicted, groups=self.groups)


def metrics_json(judged: Judged) -> dict[str, Any]:
    """Return the content of ``metrics.json``."""
    rescale = judged.rescale
    return {
        "schema_version": SCHEMA_VERSION,
        "run": judged.name,
        "backbone": judged.backbone,
        "split": judged.split,
        **judged.scores,
        "rescaled": judged.rescaled_scores,
        "rescale": rescale.as_json() if rescale else None,
        "rescaled_minus_predicted": judged.remedy,
        "windows": judged.windows.scores if judged.windows else None,
        "cost": vars(judged.cost),
    }


def sentences(judged: Judged) -> list[str]:
    """Return what the scores say, in words."""
    found = [_on(name, judged.scores[name]) for name in NAMES]
    if len(judged.true) < _FEW:
        found.append(f"Only {len(judged.true)} tracks: all intervals are narrower than is honest.")
    after = judged.rescaled_scores
    if after is not None and judged.remedy is not None:
        found.append(_remedied(judged.scores["mean"], after["mean"], judged.remedy["mean"]))
    else:
        found.append("Rescaling was not fitted: validation tracks are missing or do not differ.")
    return found


def _on(name: str, scores: Mapping[str, Any]) -> str:
    spread, slope = scores["spread_ratio"], scores["slope"]
    if spread is None:
        return f"{name.capitalize()}: the true values do not differ, so nothing can be said."
    low, high = scores["spread_ratio_ci95"] or (spread, spread)
    if high < 1:
        words = "drawn to the mean"
    elif low > 1:
        words = "spread too widely"
    else:
        words = "spread about as the true"
    return (
        f"{name.capitalize()}: {words}: predictions have {spread:.2f} of the true spread "
        f"({low:.2f} to {high:.2f}); where the true goes up by 1 they go up by {slope:.2f}; "
        f"{100 * scores['central_share']:.0f} % lie in the band that holds "
        f"{100 * scores['central_share_true']:.0f} % of the true."
    )


def _remedied(
    before: Mapping[str, Any], after: Mapping[str, Any], change: Mapping[str, Any]
) -> str:
    parts = []
    for name, title in (("spread_ratio", "spread"), ("ccc", "concordance"), ("r2", "R2")):
        if before[name] is None or after[name] is None or change[name]["ci95"] is None:
            continue
        low, high = change[name]["ci95"]
        parts.append(
            f"{title} {before[name]:.2f} to {after[name]:.2f} (change {low:+.2f} to {high:+.2f})"
        )
    return f"Rescaled to the spread of the validation tracks: {', '.join(parts)}."

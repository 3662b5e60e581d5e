"""What a search for settings found, in words."""

from collections.abc import Mapping
from typing import Any

# What is said beside scores that were measured on the tracks the settings were searched on.
OPTIMISM = (
    "The settings were searched on the same training tracks, so these scores are slightly "
    "optimistic; the holdout, which the search never saw, is not."
)


def tuning_line(found: Mapping[str, Any]) -> str:
    """Return in words which settings were taken and why; `found` is what a card holds."""
    searched = (
        f"{found['trials']} trials: log loss on inner folds {found['before']:.3f} with the "
        f"settings in force, {found['best']:.3f} with the best"
    )
    if found["ci95"] is None:
        return f"{searched}; they stay as they are"
    low, high = found["ci95"]
    apart = f"{found['difference']:+.3f} ({low:+.3f} to {high:+.3f}) on other folds"
    if not found["taken"]:
        return f"{searched}; {apart}, not better beyond noise, so they stay as they are"
    return f"{searched}; {apart}, so it takes {_listed(found['chosen'])}"


def _listed(chosen: Mapping[str, Any]) -> str:
    shown = (f"{value:.3g}" if isinstance(value, float) else value for value in chosen.values())
    return ", ".join(f"{key} {value}" for key, value in zip(chosen, shown, strict=True))

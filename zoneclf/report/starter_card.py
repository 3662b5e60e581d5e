"""The starter's MODEL_CARD.md: its data, how it was judged, how good it is, its limits."""

from typing import Any

from zoneclf.model.card import ModelCard


def starter_card_text(card: ModelCard) -> str:
    """Return the text of the MODEL_CARD.md of the model that comes with zoneclf."""
    scores = card.scores
    counts = next(iter(card.sources.values()))
    zones = ", ".join(f"{zone} {count}" for zone, count in counts.items())
    return f"""# The starter

The model that comes with zoneclf and answers before anything is labelled: it predicts arousal and
valence of a whole track and lets the zone rule make zones of them.  Made on {card.created[:10]} by
zoneclf {card.versions["zoneclf"]}; `python scripts/train_starter.py` makes it again.

**Non-commercial.**  It is learnt from DEAM, whose licence forbids commercial use of what is made
from it.  **Not fitted to your music**: neither your tracks nor your idea of the zones went into it.

## Data

- DEAM (Aljanaki, Yang, Soleymani, PLOS ONE 2017, 10.1371/journal.pone.0173392): {scores["n"]}
  songs, mean arousal and valence of about ten raters per song (five for the last 58).
- Labels {card.label_repair}: DEAM ships arousal and valence of songs up to id 1000 swapped.
- Features: {len(card.spec.features)} means over all {card.spec.window_s:g} s frames of a song
  (`{card.spec.descriptors}`, every {card.spec.hop_s:g} s), as DEAM's makers computed them; what
  `zoneclf extract --method frames` gives for a track has the same names and units.  Left out are
  the voicing columns, which need openSMILE, and means of deltas, which tell a track's length.
- Songs per zone of the rule it was made with: {zones}.
- For songs up to id 1000 the features cover the whole song, their ratings 45 s of it.
- No song, and nothing computed per song, is in the model: boosted trees, and a ridge regression on
  random Fourier features of each column's quantiles.

## How good it is

{scores["folds"]}-fold cross-validation, {scores["repeats"]} times, no artist on both sides of a
split; everything fitted inside the folds.  The first repeat, with 95 % intervals from 1000
resamples of the artists; ± is the standard deviation over repeats:

| score | value | 95 % interval | ± |
|---|---|---|---|
{_rows(scores)}

Another ten raters would put only about 83 % of the songs into the published zone, and could at
best explain .87 of arousal and .81 of valence.

## Limits

- Real music of many kinds, much of it not made for dancing: your library is another mix, so the
  shares of zones will be off.  Label some tracks and run `zoneclf train`.
- A whole track gets one answer, and its loudest part counts no more than its intro.
- Valence is told half as well as arousal.  PURPLE, the rarest zone, is missed most often.
- Tracks unlike any of DEAM's get an answer all the same.
"""


def _rows(scores: dict[str, Any]) -> str:
    return "\n".join(
        f"| {name} | {found['value']:.3f} | {found['ci95'][0]:.3f} to {found['ci95'][1]:.3f} | "
        f"{found['sd']:.3f} |"
        for name, found in scores["measured"].items()
    )

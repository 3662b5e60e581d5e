"""The starter's MODEL_CARD.md: its data, how it was judged, how good it is, its limits."""

from typing import Any

from zoneclf.model.card import ModelCard

_TEXT = """# The starter

The model that comes with zoneclf and answers before anything is labelled: it predicts arousal and
valence of a whole track and lets the zone rule make zones of them.  Made on {created} by
zoneclf {version}; `python scripts/train_starter.py` makes it again.

**Non-commercial.**  It is learnt from DEAM, whose licence forbids commercial use of what is made
from it.  **Not fitted to your music**: neither your tracks nor your idea of the zones went into it.

## Data

- DEAM (Aljanaki, Yang, Soleymani, PLOS ONE 2017, 10.1371/journal.pone.0173392): {n}
  songs, mean arousal and valence of about ten raters per song (five for the last 58).
- Labels {repair}: DEAM ships arousal and valence of songs up to id 1000 swapped.
- Features: {columns} means over all {window_s:g} s frames of a song
  (`{descriptors}`, every {hop_s:g} s), as DEAM's makers computed them; what
  `zoneclf extract --method frames` gives for a track has the same names and units.  Left out are
  the voicing columns, which need openSMILE, and means of deltas, which tell a track's length.
- Songs per zone of the rule it was made with: {zones}.
- For songs up to id 1000 the features cover the whole song, their ratings 45 s of it.
- No song's row of features, and no row computed from one, is in the model: it holds trees, a ridge
  regression on random Fourier features, and of each column 101 quantiles (the lowest and the
  highest value included), nine of them once more to explain predictions by.

## How good it is

{folds}-fold cross-validation, {repeats} times, no artist on both sides of a
split, everything fitted inside the folds.  The first repeat, with 95 % intervals from 1000
resamples of the artists; ± is the standard deviation over repeats:

| score | value | 95 % interval | ± |
|---|---|---|---|
{rows}

Another ten raters would put only about 83 % of the songs into the published zone, and could at
best explain .87 of arousal and .81 of valence.

## Limits

- Real music of many kinds, much of it not made for dancing: your library is another mix, so the
  shares of zones will be off.  Label some tracks and run `zoneclf train`.
- A whole track gets one answer, and its loudest part counts no more than its intro.
- Valence is told half as well as arousal.  PURPLE, the rarest zone, is missed most often.
- Tracks unlike any of DEAM's get an answer all the same.
"""


def starter_card_text(card: ModelCard) -> str:
    """Return the text of the MODEL_CARD.md of the model that comes with zoneclf."""
    counts = next(iter(card.sources.values()))
    return _TEXT.format(
        created=card.created[:10],
        version=card.versions["zoneclf"],
        repair=card.label_repair,
        columns=len(card.spec.features),
        descriptors=card.spec.descriptors,
        window_s=card.spec.window_s,
        hop_s=card.spec.hop_s,
        zones=", ".join(f"{zone} {count}" for zone, count in counts.items()),
        rows=_rows(card.scores),
        **{name: card.scores[name] for name in ("n", "folds", "repeats")},
    )


def _rows(scores: dict[str, Any]) -> str:
    return "\n".join(
        f"| {name} | {found['value']:.3f} | {found['ci95'][0]:.3f} to {found['ci95'][1]:.3f} | "
        f"{found['sd']:.3f} |"
        for name, found in scores["measured"].items()
    )

"""What a track's level does to its features, and features that do not depend on it.

A gain g multiplies each feature by g to a fixed power, measured over ten pieces of music at -6
and -12 dB through the extractor `frames`: the same power to three digits for all of them.

=====  ============================================================================================
power  columns, and their means and spreads over a track
=====  ============================================================================================
2      energies of two bands, slope, harmonicity (all of the power spectrum); variance of RMS
1      RMS, flux (of the magnitude spectrum)
0.66   mean of the auditory bands, each a power to the 0.33 (Hynek Hermansky, "Perceptual linear
       predictive analysis of speech", JASA 87, 1990)
0      all others: ratios, frequencies, cepstra without the zeroth, RASTA-filtered bands
=====  ============================================================================================

Divided by the track's mean RMS to that power, a feature no longer depends on the gain.
"""

import numpy as np
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.tracks.pooling import RMS
from zoneclf.tracks.sets import pooled

LEVEL = pooled([RMS])[0]
_SIMPLE = {"rms_energy": 1.0, "energy_variance": 2.0}
_BY_DESCRIPTOR = {
    "audspec_lengthL1norm": 0.66,
    "pcm_RMSenergy": 1.0,
    "pcm_fftMag_fband250-650": 2.0,
    "pcm_fftMag_fband1000-4000": 2.0,
    "pcm_fftMag_spectralFlux": 1.0,
    "pcm_fftMag_spectralSlope": 2.0,
    "pcm_fftMag_spectralHarmonicity": 2.0,
}
# These say nothing but the level itself.
LEVELS = (LEVEL, "rms_energy")


def gain_exponent(feature: str) -> float:
    """Return to which power a gain multiplies a track's feature; 0 if it does not change it."""
    return _SIMPLE.get(feature) or _BY_DESCRIPTOR.get(feature.partition("_sma")[0], 0.0)


def without_level(features: pd.DataFrame) -> pd.DataFrame:
    """Return features that do not depend on the level, without those that are the level.

    Parameters
    ----------
    features
        Shape (tracks, features), as in a track table.

    Raises
    ------
    TableError
        If a feature depends on the level and no column tells it, or a track has none.
    """
    powers = {str(name): gain_exponent(str(name)) for name in features.columns}
    if not any(powers.values()):
        return features
    known = next((name for name in LEVELS if name in powers), None)
    if known is None:
        raise TableError(f"the table has no column {LEVEL}; without it the level is not known")
    level = features[known].to_numpy(dtype=np.float64)
    if not (level > 0).all():
        raise TableError(f"{int((~(level > 0)).sum())} tracks have a level of 0; leave them out")
    kept = {name: power for name, power in powers.items() if name not in LEVELS}
    values = features[list(kept)].to_numpy(dtype=np.float64)
    free = values / level[:, None] ** np.array(list(kept.values()))
    return pd.DataFrame(free.astype(np.float32), columns=list(kept), index=features.index)

"""The names of DEAM's openSMILE columns, made fit for XGBoost and back.

DEAM's ``features/*.csv`` hold 260 columns: 65 descriptors, each smoothed over three LLDs
(``_sma``), then their deltas (``_sma_de``); of each the population standard deviation and the
arithmetic mean over a frame.  Six of the 65 concern voicing.  Source: the header of those files;
openSMILE 2.x, IS13_ComParE_lld-func.conf.
"""

VOICING = (
    "F0final",
    "voicingFinalUnclipped",
    "jitterLocal",
    "jitterDDP",
    "shimmerLocal",
    "logHNR",
)
# Name, and the number in brackets that follows ``_sma`` or ``_sma_de``.
ENERGY = (
    ("audspec_lengthL1norm", ""),
    ("audspecRasta_lengthL1norm", ""),
    ("pcm_RMSenergy", ""),
    ("pcm_zcr", ""),
)
SPECTRAL = tuple(
    (f"pcm_fftMag_{name}", "")
    for name in (
        "fband250-650",
        "fband1000-4000",
        "spectralRollOff25.0",
        "spectralRollOff50.0",
        "spectralRollOff75.0",
        "spectralRollOff90.0",
        "spectralFlux",
        "spectralCentroid",
        "spectralEntropy",
        "spectralVariance",
        "spectralSkewness",
        "spectralKurtosis",
        "spectralSlope",
        "psySharpness",
        "spectralHarmonicity",
    )
)
BANDS = tuple(("audSpec_Rfilt", f"[{band}]") for band in range(26))
CEPSTRA = tuple(("pcm_fftMag_mfcc", f"[{number}]") for number in range(1, 15))
# The 59 descriptors that need no pitch, in DEAM's order.
LLDS = (*ENERGY, *BANDS, *SPECTRAL, *CEPSTRA)
STATISTICS = ("stddev", "amean")


def _columns(llds: tuple[tuple[str, str], ...], stage: str) -> tuple[str, ...]:
    return tuple(f"{name}_{stage}{index}_{stat}" for name, index in llds for stat in STATISTICS)


def column_of(opensmile_name: str) -> str:
    """Return the column of an openSMILE feature: ``mfcc[1]_amean`` is ``mfcc(1)_amean``.

    XGBoost refuses names with ``[``, ``]`` or ``<``; openSMILE's never hold ``(`` or ``)``.
    """
    return opensmile_name.translate(_SAFE)


def opensmile_of(column: str) -> str:
    """Return the openSMILE name of a column; the inverse of `column_of`."""
    return column.translate(_OPENSMILE)


_SAFE = str.maketrans("[]", "()")
_OPENSMILE = str.maketrans("()", "[]")
_VOICED = tuple((name, "") for name in VOICING)

# All 260 in DEAM's order, spelled as openSMILE does.
DEAM_COLUMNS = tuple(
    column for stage in ("sma", "sma_de") for column in _columns((*_VOICED, *LLDS), stage)
)
# Spelled for XGBoost: those that need no pitch (236), and those with the voicing columns that are
# not deltas (248).  openSMILE's 12 voicing deltas shrink with the position in the file (their
# normalisation accumulates), so they are used from no source.
FRAME_COLUMNS = tuple(
    column_of(column) for stage in ("sma", "sma_de") for column in _columns(LLDS, stage)
)
VOICING_COLUMNS = tuple(column_of(column) for column in _columns(_VOICED, "sma"))
# The definition that all three extractors reproduce, and its version: DEAM's own numbers.
DESCRIPTORS = "is13-compare-moments/1"

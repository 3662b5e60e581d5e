"""Families and words of features: every column that we make has both."""

import pytest

from zoneclf.tracks.families import FAMILIES, meaning_of
from zoneclf.tracks.sets import COMMON22, DEAM248, DROPS


def test_every_column_of_ours_has_a_family_and_words_of_its_own() -> None:
    names = sorted({*DEAM248, *DROPS})
    found = [meaning_of(name) for name in names]
    assert {meaning.family for meaning in found} <= set(FAMILIES) - {"other", "sources"}
    assert len({meaning.words for meaning in found}) == len(names)
    assert all(meaning_of(name).family != "other" for name in COMMON22)


@pytest.mark.parametrize(
    ("name", "family", "words"),
    [
        ("pcm_RMSenergy_sma_amean_mean", "loudness", "loudness (RMS energy)"),
        ("audSpec_Rfilt_sma(3)_amean_mean", "bands", "energy in hearing band 3"),
        (
            "pcm_fftMag_mfcc_sma_de(2)_stddev_std",
            "dynamics",
            "variation over the track of the fast flicker of the change of the timbre (MFCC 2)",
        ),
        ("mfcc_4_std", "timbre", "variation over the track of the timbre (MFCC 4)"),
        ("tempo|own", "tempo", "tempo"),
        ("source|zone 1", "sources", "zone 1 from the other sources' model"),
        ("<b>", "other", "<b>"),
    ],
)
def test_words(name: str, family: str, words: str) -> None:
    found = meaning_of(name)
    assert (found.family, found.words) == (family, words)

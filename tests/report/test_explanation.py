"""What a model looks at: the planted feature leads by gain, permutation and SHAP alike."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from zoneclf.labels.table import LabelledTable
from zoneclf.model.plan import members_of
from zoneclf.model.predictors import Calibrated
from zoneclf.model.reference import reference_of
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.report.explanation import explained, held_out_pieces
from zoneclf.report.importance import gain_shares
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
OWN = frozenset({"user"})
LOUD = "pcm_RMSenergy_sma_amean_mean"
NAMES = (LOUD, "mfcc_1_mean", "brightness", "tempo", "drop_strength")
SETTINGS = TrainSettings(strategy="user-only", rounds=30, eta=0.2, colsample=1.0, balance="none")


def planted(table: LabelledTable) -> LabelledTable:
    """Return the table with names of ours and only its first feature telling the zone."""
    features = table.features.set_axis(list(NAMES), axis=1)
    features["mfcc_1_mean"] = np.random.default_rng(7).normal(size=len(table)).astype(np.float32)
    return replace(table, features=features, spec=replace(table.spec, features=NAMES))


def test_folds_hold_every_own_track_once_and_no_model_saw_its_tracks(make_table: Make) -> None:
    table = planted(make_table(60, share_of_user=0.5))
    seen: list[set[str]] = []

    def noted(part: Task) -> Calibrated:
        seen.append(set(part.table.about["track_id"]))
        return Calibrated(fit(part), 1.0)

    pieces = held_out_pieces(Task(table, OWN, SETTINGS), noted, 3)
    ids = [set(piece.table.about["track_id"]) for piece in pieces]
    assert sorted(name for some in ids for name in some) == sorted(
        table.about["track_id"][table.source == "user"]
    )
    assert all(not one & learnt for one, learnt in zip(ids, seen, strict=True))
    for piece in pieces:
        assert set(piece.table.source) == {"user"}


@pytest.mark.parametrize("learner", ["trees", "linear"])
def test_the_planted_feature_leads_and_noise_is_last(
    make_table: Make, tmp_path_factory: pytest.TempPathFactory, learner: str
) -> None:
    table = planted(make_table(90))
    task = Task(table, OWN, replace(SETTINGS, learner=learner))
    model = fit(task)
    gain = gain_shares(members_of(model).values(), table.spec.features)
    middle = reference_of(table, OWN).middle
    found, chapter = explained(gain, held_out_pieces(task, fit, 3), model, middle)
    features = found.set_index("feature")
    measures = ["permutation", "shap"] + ["gain_share"] * (learner == "trees")
    for measure in measures:
        assert features[measure].idxmax() == LOUD
        assert features[measure]["mfcc_1_mean"] < features[measure][LOUD] / 2
    assert not found.isna().any().any()
    families = chapter.tables["family_importance"].set_index("family")
    assert families.index[0] == "loudness"
    assert families["shap"].idxmax() == "loudness"
    assert "loudness" in chapter.short
    picture = tmp_path_factory.mktemp("picture") / "families.png"
    picture.write_bytes(chapter.pictures["family_importance"])
    assert imread(picture).std() > 0.01

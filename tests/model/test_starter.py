"""The model that comes with zoneclf: whole, small, of our features, as good as its card says."""

import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import zoneclf
from zoneclf.errors import ModelError, TableError
from zoneclf.frames.extractor import spec_of
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.labels.regions import ZoneRegions, regions_of
from zoneclf.labels.table import LabelledTable
from zoneclf.labels.zones import Bound, Zone, ZoneMap, ZoneRule, load_zones
from zoneclf.model.affect import fit_affect, predicted_values
from zoneclf.model.artifact import ZoneModel
from zoneclf.model.members import Kernels
from zoneclf.model.plan import members_of
from zoneclf.model.predictors import Affect, Blend, Calibrated, Doubled, Predictor, Rescaled
from zoneclf.model.starter import load_starter, starter_columns, under_rule
from zoneclf.model.strategies import contenders, fit
from zoneclf.model.task import Task
from zoneclf.model.told import values_told
from zoneclf.report.starter_card import starter_card_text
from zoneclf.settings import DropSettings, TrainSettings
from zoneclf.store import TableSpec
from zoneclf.tracks.pooling import track_features, track_spec

ROOT = Path(zoneclf.__file__).parents[1]
FOLDER = ROOT / "zoneclf" / "starter"
ZONES = load_zones(ROOT / "config" / "zone_mapping.yaml")
MOST_BYTES = 5_000_000
# The toy table's zones are stretches of arousal, 2.5 wide.
TOY_RULE = ZoneRegions((3.75, 6.25), (), ((0,), (1,), (2,)), 3)
FULL_SONGS, CLIPS = (3, 577, 598, 658), (2, 3, 4, 5, 7, 8)
Make = Callable[..., LabelledTable]


def extracted(hop_s: float = 0.5) -> tuple[TableSpec, dict[str, int]]:
    """Return the spec of track tables that `extract --method frames` makes, and its version."""
    extractor = NativeExtractor(FrameGrid(2 * hop_s, hop_s))
    spec = track_spec(spec_of(extractor), DropSettings())
    return spec, {extractor.name: extractor.version}


@pytest.fixture(scope="module")
def starter() -> ZoneModel:
    return load_starter()


@pytest.fixture
def tracks(starter: ZoneModel) -> pd.DataFrame:
    """Tracks within and without what the starter knows."""
    affect = starter.predictor
    assert isinstance(affect, Affect)
    knots = affect.both["fourier"].scale.knots
    rng = np.random.default_rng(0)
    values = knots[50] + rng.normal(size=(40, knots.shape[1])) * (knots[75] - knots[25])
    return pd.DataFrame(values.astype(np.float32), columns=list(starter.card.spec.features))


def halves() -> ZoneMap:
    """Two zones by valence alone."""
    zones = tuple(Zone(name, "", "#000000", "o") for name in ("dark", "bright"))
    return ZoneMap(zones, (ZoneRule("bright", valence=(Bound(">=", 5.0),)),), "dark")


def test_it_is_small_and_holds_no_song(starter: ZoneModel) -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= MOST_BYTES
    assert {path.name for path in FOLDER.iterdir()} == {
        "card.json", "MODEL_CARD.md", *starter.card.sha256,
    }  # fmt: skip
    members = members_of(starter.predictor)
    assert len(members) == 3
    assert not any(isinstance(member, Kernels) for member in members.values())
    for member in members.values():
        assert "deam_features" not in member.text()
        assert str(1802) not in [str(part) for part in getattr(member, "shape", ())]


def test_its_card_says_data_protocol_scores_and_licence(starter: ZoneModel) -> None:
    card = starter.card
    assert (card.name, card.licence, card.label_repair) == ("starter", "non-commercial", "repaired")
    assert sum(card.sources["deam"].values()) == 1802
    assert card.settings["keep_rows"] is False
    for found in card.scores["measured"].values():
        assert found["ci95"][0] < found["value"] < found["ci95"][1]
    assert (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8") == starter_card_text(card)


def test_it_asks_for_what_the_extractor_gives_for_whole_tracks(starter: ZoneModel) -> None:
    spec, extractors = extracted()
    starter.require_spec(spec, extractors)
    with pytest.raises(ModelError, match=r"hop_s 0\.5 against 0\.25"):
        starter.require_spec(*extracted(0.25))
    narrow = replace(spec, features=spec.features[:9])
    with pytest.raises(ModelError, match="was trained on other features"):
        starter.require_spec(narrow, extractors)


def test_it_learns_from_nothing_that_tells_the_length_or_needs_openSMILE() -> None:
    kept = starter_columns(
        [
            "tempo",
            "drop_count",
            "F0final_sma_amean_mean",
            "pcm_zcr_sma_amean_mean",
            "pcm_zcr_sma_amean_std",
            "pcm_zcr_sma_de_amean_mean",
            "pcm_zcr_sma_de_stddev_mean",
        ]
    )
    assert kept == ("pcm_zcr_sma_amean_mean", "pcm_zcr_sma_de_stddev_mean")


def test_its_own_rule_is_the_one_that_comes_with_zoneclf(starter: ZoneModel) -> None:
    assert under_rule(starter, ZONES) is starter
    assert starter.card.zones == ZONES.names


def test_another_rule_is_integrated_over_the_same_arousal_and_valence(
    starter: ZoneModel, tracks: pd.DataFrame
) -> None:
    other = under_rule(starter, halves())
    assert other.card.zones == ("dark", "bright")
    assert other.card.scores == {}  # they were measured for other zones
    values, shares = other.values(tracks), other.probabilities(tracks)
    assert values is not None
    np.testing.assert_array_equal(values, starter.values(tracks))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert ((shares[:, 1] > 0.5) == (values[:, 1] > 5.0)).all()
    assert not np.allclose(values[:, 1], 5.0, atol=0.1)


@pytest.mark.parametrize("way", ["affect", "calibrated", "normalised", "doubled", "blend"])
def test_a_predictor_tells_the_arousal_of_a_part(make_table: Make, way: str) -> None:
    table = make_table(60, share_of_user=0.5)
    learnt: Predictor
    if way in {"affect", "normalised", "doubled"}:
        switch = {"normalised": {"normalise": "source"}, "doubled": {"domain_adapt": "feda"}}
        settings = TrainSettings(strategy="affect", **switch.get(way, {}))
        learnt = fit(Task(table, frozenset({"user"}), settings, regions_of(ZONES)))
        assert isinstance(learnt, Rescaled) == (way == "normalised")
        assert isinstance(learnt, Doubled) == (way == "doubled")
    else:
        inner = fit_affect(table, TrainSettings(), regions_of(ZONES))
        learnt = Calibrated(inner, 2.0) if way == "calibrated" else Blend({"a": inner}, {"a": 1.0})
    values = values_told(learnt, table.features)
    assert values is not None
    assert values.shape == (60, 2)
    assert np.corrcoef(values[:, 0], table.about["arousal"])[0, 1] > 0.8


@pytest.fixture
def learnt_elsewhere(make_table: Make) -> Affect:
    """Arousal and valence of the toy table, as the starter has those of real music."""
    return fit_affect(make_table(120, seed=7), TrainSettings(keep_rows=False), TOY_RULE)


def task_from(table: LabelledTable, starter: Affect | None, strategy: str) -> Task:
    settings = TrainSettings(strategy=strategy, rounds=20, inner_folds=2, inner_repeats=1)
    return Task(table, frozenset({"user"}), settings, TOY_RULE, starter=starter)


def right(predictor: Predictor, table: LabelledTable) -> float:
    guesses = predictor.probabilities(table.features).argmax(axis=1)
    return float((guesses == table.codes).mean())


def test_training_starts_from_it_without_another_source(
    make_table: Make, learnt_elsewhere: Affect
) -> None:
    table, unseen = make_table(60), make_table(60, seed=1)
    learnt = fit(task_from(table, learnt_elsewhere, "affect"))
    assert right(learnt, unseen) > 0.8
    # Zones by another rule: half of GREEN is YELLOW to this user.
    calm = (table.codes == 1) & (table.about["arousal"] < 5.0).to_numpy()
    theirs = replace(table, codes=np.where(calm, 0, table.codes))
    calm = (unseen.codes == 1) & (unseen.about["arousal"] < 5.0).to_numpy()
    wanted = replace(unseen, codes=np.where(calm, 0, unseen.codes))
    moved = fit(task_from(theirs, learnt_elsewhere, "affect"))
    assert right(moved, wanted) > right(learnt_elsewhere, wanted) + 0.05
    with pytest.raises(TableError, match="or use --from-starter or"):
        fit(task_from(table, None, "affect"))


def test_auto_compares_it_with_learning_from_nothing_else(
    make_table: Make, learnt_elsewhere: Affect
) -> None:
    table = make_table(60)
    found = contenders(task_from(table, learnt_elsewhere, "auto"))
    assert {contender.name for contender in found} == {"user-only", "affect"}
    assert [one.name for one in contenders(task_from(table, None, "auto"))] == ["user-only"]


def test_trees_of_zones_tell_no_arousal(make_table: Make) -> None:
    table = make_table(30)
    learnt = fit(Task(table, frozenset({"user"}), TrainSettings(strategy="user-only", rounds=5)))
    assert values_told(learnt, table.features) is None


@pytest.mark.parametrize("missing", [0.2, 1.0])
def test_a_missing_tempo_counts_as_a_usual_one(make_table: Make, missing: float) -> None:
    table = make_table(90)
    gone = np.random.default_rng(0).random(90) < missing
    table.features.loc[gone, "fast"] = np.nan
    settings = TrainSettings(strategy="user-only", learner="linear")
    learnt = fit(Task(table, frozenset({"user"}), settings))
    shares = learnt.probabilities(table.features)
    assert np.isfinite(shares).all()
    assert (shares.argmax(axis=1) == table.codes).mean() > 0.8


@pytest.fixture
def script(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that trains the starter."""
    monkeypatch.setenv("ZONECLF_REAL_DATA", str(real_data))
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    for name in ("eval_deam", "train_starter"):
        sys.modules.pop(name, None)
    return importlib.import_module("train_starter")


@pytest.mark.real_data
@pytest.mark.slow
def test_the_script_makes_the_model_that_is_shipped(starter: ZoneModel, script: ModuleType) -> None:
    table = script.songs()
    assert table.spec == starter.card.spec
    assert script.ids_digest(table) == starter.card.training
    again = script.trained(table)
    apart = np.abs(again.values(table.features) - starter.values(table.features))
    # The same to the last bit on one machine; others add numbers in another order.
    assert np.quantile(apart, 0.99) < 0.02
    np.testing.assert_allclose(again.covariance, starter.predictor.covariance, atol=0.01)


@pytest.mark.real_data
@pytest.mark.slow
def test_our_features_of_real_songs_are_those_it_learnt_from(
    real_data: Path, reader: SoundReader, starter: ZoneModel, script: ModuleType
) -> None:
    table = script.songs()
    songs = table.features.set_index(table.about["name"])
    ours = pooled(real_data / "deam" / "full_songs", FULL_SONGS, reader)[list(songs)]
    theirs = songs.loc[ours.index]
    apart = (ours - theirs).abs() / songs.std()
    assert apart.median(axis=None) < 0.03
    assert apart.max(axis=None) < 0.3
    np.testing.assert_allclose(starter.values(ours), starter.values(theirs), atol=0.15)


@pytest.mark.real_data
@pytest.mark.slow
def test_real_songs_are_placed_as_by_a_model_that_lacks_them(
    real_data: Path, reader: SoundReader, starter: ZoneModel, script: ModuleType
) -> None:
    table = script.songs()
    names = table.about["name"].astype(int).to_numpy()
    mine = np.isin(names, [*FULL_SONGS, *CLIPS])
    others = table.take(~np.isin(table.group, np.unique(table.group[mine])))
    for folder, wanted in (("full_songs", FULL_SONGS), ("clips", CLIPS)):
        ours = pooled(real_data / "deam" / folder, wanted, reader)[list(table.features)]
        unseen = predicted_values(others, ours, script.SETTINGS)
        apart = np.abs(starter.values(ours) - unseen)
        assert apart.mean() < 0.3
        assert apart.max() < 0.8
        rated = table.about.set_index("name").loc[list(ours.index), ["arousal", "valence"]]
        assert np.abs(unseen - rated.to_numpy(float)).mean() < 1.0


def pooled(folder: Path, wanted: tuple[int, ...], reader: SoundReader) -> pd.DataFrame:
    """Return the track features of DEAM's files as `extract --method frames` makes them."""
    spec, rows = track_spec(reader.spec, DropSettings()), {}
    for song in wanted:
        take = reader.read(folder / f"{song}.mp3", str(song))
        assert take.frames is not None
        rows[str(song)] = track_features(take.frames, reader.spec, DropSettings())
    return pd.DataFrame(rows, index=list(spec.features)).T.astype(np.float32)

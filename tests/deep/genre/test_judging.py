"""tune-thresholds, evaluate and predict as a user meets them, on a tiny network."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import expit
from typer.testing import CliRunner

from zoneclf.cli import app
from zoneclf.deep.checkpoint import load_checkpoint, read_card
from zoneclf.deep.csv_cells import as_csv
from zoneclf.deep.embedding_ears import embedding_for
from zoneclf.deep.genre.choosing import RuleOptions, choose
from zoneclf.deep.genre.decision import Decision, decide
from zoneclf.deep.genre.judging import TuneOptions
from zoneclf.deep.genre.metrics import metrics
from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.hearing import ears_for
from zoneclf.deep.inference import logits_of
from zoneclf.deep.source_tracks import Wanted
from zoneclf.errors import ModelError, TableError, UsageError
from zoneclf.store import Origin, TableNote, TableSpec, read_table, write_table
from zoneclf.tracks.embeddings import KINDS, read_embeddings

RUN = Path("models/genre/tiny")
TUNED = RUN / "threshold_tuning_results.json"


def said(*options: object, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["deep", *map(str, options)])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def trained(prepared_set: PreparedSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a set and a run, tuned.  Copy it before writing to it."""
    folder = tmp_path_factory.mktemp("judging")
    shutil.copytree(prepared_set.folder, folder / "set")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        said(
            *(
                "genre",
                "train",
                "set",
                "--name",
                "tiny",
                "--no-report",
                "--base-channels",
                "4",
                "--epochs",
                "2",
            ),
            *("--cnn-features", "8", "--threads", "1", "--crop", "1"),
        )
        said("genre", "tune-thresholds", "tiny", "--strategy", "per-genre")
    return folder


@pytest.fixture
def workspace(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a test may write to."""
    folder = tmp_path / "workspace"
    shutil.copytree(trained, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def here(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace itself, to read only."""
    monkeypatch.chdir(trained)
    return trained


def probabilities(split: str) -> tuple[Any, Any]:
    """Targets and calibrated probabilities of a split, computed here once more."""
    prepared, checkpoint = load_prepared(Path("set")), load_checkpoint(RUN)
    places = prepared.places(split)
    raw = checkpoint.card.calibration
    logits = logits_of(checkpoint, prepared, places, "cpu").astype(float)
    scales, shifts = (1, 0) if raw is None else (np.array(raw["scales"]), np.array(raw["shifts"]))
    return prepared.targets[places], expit(logits * scales + shifts)


def test_tuning_takes_one_split_and_reports_on_another(here: Path) -> None:
    told = json.loads(TUNED.read_text())
    rule = Decision(threshold=tuple(told["chosen"]["threshold"]))
    for split, scores in (("valid", told["best"]), ("test", told["reported"])):
        targets, values = probabilities(split)
        wanted = metrics(targets, values, decide(values, rule), resamples=0)
        for name in ("f1_macro", "f1_micro", "precision_macro", "recall_sample"):
            assert scores["per-genre"][name] == pytest.approx(wanted[name], abs=1e-9)
    assert (told["tuned_on"], told["reported_on"]) == ("valid", "test")
    prepared = load_prepared(Path("set"))
    rows = {split: set(prepared.places(split)) for split in ("train", "valid", "calib", "test")}
    assert sum(map(len, rows.values())) == len(set().union(*rows.values()))
    assert told["tuned_on_tracks"] == len(rows["valid"])
    assert told["reported_on_tracks"] == len(rows["test"])
    assert (RUN / "threshold_tuning_plots.png").read_bytes().startswith(b"\x89PNG")


def test_what_was_tuned_is_on_the_card_and_used_without_being_asked_for(here: Path) -> None:
    card, told = read_card(RUN / "best"), json.loads(TUNED.read_text())
    assert card.thresholds is not None
    assert card.thresholds["threshold"] == told["chosen"]["threshold"]
    checkpoint = load_checkpoint(RUN)
    rule = choose(checkpoint, RuleOptions()).rule
    assert rule.threshold == tuple(told["chosen"]["threshold"])
    assert choose(checkpoint, RuleOptions(results=TUNED)).rule == rule
    assert choose(checkpoint, RuleOptions(threshold=0.4)).rule == Decision(threshold=0.4)
    both = choose(checkpoint, RuleOptions(results=TUNED, top_k=2))
    assert both.rule == Decision(threshold=rule.threshold, top_k=2)
    assert both.origin == f"{TUNED.name} of tiny, then --top-k 2"
    assert choose(checkpoint, RuleOptions(top_k=2)).origin.startswith("tuned on ")


def test_calibration_is_fitted_where_there_are_enough_tracks(
    workspace: Path, no_pictures: None
) -> None:
    done = said("genre", "tune-thresholds", "tiny", "--calibrate-on", "calib")
    assert "too few tracks in the split calib" in done.stderr
    assert json.loads(TUNED.read_text())["calibration"] is None


def test_the_splits_of_tuning_must_differ() -> None:
    for options in ({"tune_on": "test"}, {"calibrate_on": "test"}, {"tune_on": "train"}):
        with pytest.raises(UsageError, match="must be valid or calib"):
            TuneOptions(**options, report_on="valid")
    with pytest.raises(UsageError, match="three different splits"):
        TuneOptions(calibrate_on="valid")
    TuneOptions(calibrate_on="valid", calibration="none")


@pytest.mark.slow
def test_evaluate_writes_all_files_and_they_agree(here: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    done = said("genre", "evaluate", "tiny", "--output", folder, "--json")
    told = json.loads(done.stdout)
    stored = json.loads((folder / "metrics.json").read_text())
    assert told == {"results": str(folder), **stored}
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("metrics.json", "per_genre.csv", "predictions.parquet", "report.html"),
        *("labels_per_track.png", "losses.png", "over_and_under.png", "precision_recall.png"),
        "reliability.png",
    }
    targets, values = probabilities("test")
    rule = Decision(threshold=tuple(stored["rule"]["threshold"]))
    wanted = metrics(targets, values, decide(values, rule), resamples=0)
    for name in ("f1_macro", "hamming_loss", "pr_auc_macro", "labels_predicted"):
        assert stored[name] == pytest.approx(wanted[name], abs=1e-9)
    rows = pq.read_table(folder / "predictions.parquet").to_pylist()
    assert len(rows) == len(targets)
    labels = load_prepared(Path("set")).genres
    for row, value in zip(rows, decide(values, rule), strict=True):
        assert row["predicted"] == [g for g, one in zip(labels, value, strict=True) if one]
    lines = (folder / "per_genre.csv").read_text().splitlines()
    assert len(lines) == 1 + len(labels)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take longer than the rest."""
    monkeypatch.setattr("zoneclf.deep.genre.results.pictures_of", lambda _: {})
    monkeypatch.setattr("zoneclf.deep.genre.judging.png", lambda _: b"")


def test_options_change_the_rule_of_an_evaluation(
    here: Path, tmp_path: Path, no_pictures: None
) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "metrics.json").write_text("{}")
    rule = ("--load-tuning-results", TUNED, "--prediction-threshold", 0, "--top-k", 2)
    done = said("genre", "evaluate", "tiny", "-o", folder, "--split", "valid", *rule)
    told = json.loads((folder / "metrics.json").read_text())
    assert (told["split"], told["labels_predicted"]) == ("valid", 2)
    assert told["remarks"] == []  # nothing of what was tuned is left
    assert "replaces" in done.stderr
    assert f"report: {folder / 'report.html'}" in done.stdout


def test_scores_of_the_tracks_that_a_rule_was_tuned_on_are_told_to_be_so(
    workspace: Path, no_pictures: None
) -> None:
    assert (read_card(RUN / "best").thresholds or {})["tuned_on"] == "valid"
    card = json.loads((RUN / "best/card.json").read_text())
    card["thresholds"]["calibrated_on"] = "valid"
    (RUN / "best/card.json").write_text(json.dumps(card))
    done = said("genre", "evaluate", "tiny", "--split", "valid", "-o", "r", "--json")
    remark = "The rule and the calibration were fitted on the split valid itself"
    assert f"warning: {remark}" in done.stderr
    assert json.loads(Path("r/metrics.json").read_text())["remarks"][0].startswith(remark)
    assert remark in Path("r/report.html").read_text()
    by_file = choose(load_checkpoint(RUN), RuleOptions(results=TUNED))
    assert by_file.remarks("valid")[0].startswith("The rule was")
    done = said("genre", "evaluate", "tiny", "-o", "r", "--json")
    assert json.loads(done.stdout)["remarks"] == []
    assert "fitted on" not in done.stderr


def test_a_network_says_the_same_of_a_file_as_of_its_place_in_the_set(here: Path) -> None:
    prepared = load_prepared(Path("set"))
    place = int(prepared.places("test")[0])
    _, values = probabilities("test")
    done = said("genre", "predict", "tiny", prepared.path(place), "--json")
    track = json.loads(done.stdout)["tracks"][0]
    assert track["track_id"] == prepared.track_ids[place]
    wanted = [round(float(value), 4) for value in values[0]]
    np.testing.assert_allclose(list(track["probabilities"].values()), wanted, atol=2e-4)
    assert list(track["probabilities"]) == list(prepared.genres)
    order = [one["probability"] for one in track["genres"]]
    assert order == sorted(order, reverse=True)


def test_a_file_is_heard_as_the_set_was(here: Path) -> None:
    prepared = load_prepared(Path("set"))
    ears = ears_for(load_checkpoint(RUN), mert="", offline=True, device="cpu")
    heard = ears.hear(Wanted(prepared.path(5), str(prepared.track_ids[5])))
    assert heard.spectrogram is not None
    np.testing.assert_array_equal(heard.spectrogram, prepared.spectrogram(5))


def test_transformers_is_not_loaded_for_a_network_without_embeddings() -> None:
    names = "hearing, zoneclf.deep.genre.predicting, zoneclf.deep.genre.judging"
    code = f"import sys, zoneclf.deep.{names}; print('transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_genre_that_a_spreadsheet_would_run_is_text_in_csv() -> None:
    assert as_csv([{"genre": "=cmd()\n", "f1": 0.5}]) == "genre,f1\n'=cmd() ,0.5\n"


def test_files_that_fail_are_told_and_the_others_done(here: Path, tmp_path: Path) -> None:
    good = load_prepared(Path("set")).path(0)
    folder = tmp_path / "music"
    folder.mkdir()
    shutil.copy(good, folder / f"a\x1b[31m\n{good.suffix}")
    (folder / "broken.wav").write_bytes(b"RIFF")
    done = said("genre", "predict", "tiny", folder, tmp_path / "gone.wav", code=4)
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("a\\x1b[31m ")
    assert "\x1b" not in done.output
    assert lines[1].startswith("broken.wav: undecodable")
    assert lines[2].startswith("gone.wav: missing")


def test_top_k_and_threshold_in_prediction(here: Path) -> None:
    path = load_prepared(Path("set")).path(0)
    options = ("--prediction-threshold", 0, "--top-k", 3, "--json")
    told = json.loads(said("genre", "predict", "tiny", path, *options).stdout)
    assert len(told["tracks"][0]["genres"]) == 3
    assert told["rule"]["from"] == "--prediction-threshold 0 and --top-k 3"
    none = said("genre", "predict", RUN, path, "--prediction-threshold", 1)
    assert ": none (likeliest " in none.stdout


def test_deep_predict_takes_the_newest_run_or_the_named(workspace: Path) -> None:
    path = load_prepared(Path("set")).path(0)
    assert json.loads(said("predict", path, "--json").stdout)["model"] == str(RUN / "best")
    shutil.copytree(RUN, RUN.with_name("another"))
    (RUN.with_name("another") / "best/weights.safetensors").touch()
    newest = json.loads(said("predict", path, "--json").stdout)
    assert newest["model"] == "models/genre/another/best"
    last = json.loads(said("predict", path, "--model", RUN / "last", "--json").stdout)
    assert last["model"] == str(RUN / "last")
    assert last["rule"]["from"] == "nothing was tuned"


def test_predictions_become_a_feature_table(workspace: Path) -> None:
    paths = [load_prepared(Path("set")).path(place) for place in (0, 1)]
    said("predict", *paths, "gone.wav", "--table", "features.parquet", code=4)
    table, note = read_table(Path("features.parquet"))
    card = read_card(RUN / "best")
    assert note.spec.features == tuple(f"genre_{label}" for label in card.labels)
    assert card.sha256[:16] in note.spec.descriptors
    assert table.num_rows == 2
    exact = np.stack([table[name].to_numpy() for name in note.spec.features])
    assert np.abs(exact - exact.round(4)).max() > 1e-6
    told = json.loads(said("predict", paths[0], "--json").stdout)["tracks"][0]
    for label, value in told["probabilities"].items():
        assert table[f"genre_{label}"][0].as_py() == pytest.approx(value, abs=1e-4)
    again = ("predict", paths[0], "--table", "features.parquet")
    said(*again)
    third = load_prepared(Path("set")).path(2)
    assert "features.parquet: 3 tracks" in said("predict", third, *again[2:]).stderr
    joined, _ = read_table(Path("features.parquet"))
    assert joined.slice(1, 1).equals(table.slice(1, 1))
    assert len(set(joined["track_id"].to_pylist())) == 3
    told_card = json.loads((RUN / "best/card.json").read_text())
    told_card["calibration"] = {
        **{"method": "platt", "scales": [2.0] * 12, "shifts": [0.0] * 12},
        **{"global": [2.0, 0.0], "tracks": [9] * 12},
    }
    (RUN / "best/card.json").write_text(json.dumps(told_card))
    assert "is a table of something else" in said(*again, code=3).stderr


def test_what_it_says_of_a_source_is_written_where_the_core_looks(workspace: Path) -> None:
    path = load_prepared(Path("set")).path(0)
    spec = TableSpec(
        level="tracks", descriptors="x/1", window_s=1.0, hop_s=0.5, rate_hz=44_100, features=()
    )
    rows = pa.table({"track_id": ["its id"], "path": [str(path)], "name": [path.stem]})
    note = TableNote(spec=spec, origins=(Origin(extractor="frames", extractor_version=2),))
    write_table(rows, note, Path("dataset/tracks/user.parquet"))
    said("genre", "predict", "tiny", "--source", "user")
    table, _ = read_embeddings(Path("dataset/genre/user.parquet"), KINDS["genre"])
    assert table.index.tolist() == ["its id"]
    assert table.notna().all(axis=None)
    assert "name files, folders or playlists, or" in said("predict", code=2).stderr
    both = said("predict", "--source", "user", "--table", "a.parquet", code=2).stderr
    assert "goes without --source" in both
    assert "is not extracted" in said("predict", "--source", "other", code=2).stderr


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("genre", "evaluate", "nobody"), 3, "nobody: is no run (there: tiny)"),
        (("genre", "tune-thresholds", ""), 3, "is no run"),
        (("genre", "predict", "nobody", "x.wav"), 3, "is no run and no checkpoint (there: tiny)"),
        (("genre", "evaluate", "tiny", "--prediction-threshold", "1.5"), 2, "from 0 to 1"),
        (("genre", "evaluate", "tiny", "--top-k", "0"), 2, "at least 1"),
        (("genre", "evaluate", "tiny", "--split", "train"), 2, "--split"),
        (("genre", "evaluate", "tiny", "--set", "nowhere"), 3, "holds no prepared set"),
        (("genre", "evaluate", "tiny", "--device", "tpu"), 2, "must be auto, cpu or cuda"),
        (("genre", "tune-thresholds", "tiny", "--tune-on", "test"), 2, "--tune-on test"),
        (("predict", "x.wav", "--load-tuning-results", "set/set.json"), 3, "no tuning results"),
        (("predict", "x.wav", "--mert", "somewhere"), 2, "reads no embeddings"),
        (("predict", "."), 3, "holds no audio file"),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    here: Path, options: tuple[str, ...], code: int, message: str
) -> None:
    done = said(*options, code=code)
    assert message in " ".join(done.stderr.split())
    assert done.stdout == ""
    if code == 3:
        assert len(done.stderr.strip().splitlines()) == 1


def test_without_a_run_it_is_told_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "train one" in said("predict", "x.wav", code=3).stderr


def test_a_set_that_was_prepared_anew_is_refused(workspace: Path) -> None:
    card = json.loads((RUN / "best/card.json").read_text())
    card["training"]["set_sha256"] = "0" * 64
    (RUN / "best/card.json").write_text(json.dumps(card))
    done = said("genre", "evaluate", "tiny", code=3)
    assert "learnt from another state of set" in done.stderr


def test_tracks_of_another_set_that_were_learnt_from_are_told(
    workspace: Path, no_pictures: None
) -> None:
    shutil.copytree("set", "other")
    card = json.loads((RUN / "best/card.json").read_text())
    card["training"]["set_sha256"] = "0" * 64
    (RUN / "best/card.json").write_text(json.dumps(card))
    done = said("genre", "evaluate", "tiny", "--set", "other", "-o", "r", "--json")
    known = load_prepared(Path("set")).places("train").size
    assert f"has learnt from {known} of its 60 tracks" in done.stderr
    assert json.loads(done.stdout)["per_genre"][0]["training_tracks"] is None


def test_a_run_that_is_not_finished_is_judged_with_a_warning(
    workspace: Path, no_pictures: None
) -> None:
    card = json.loads((RUN / "train.json").read_text())
    (RUN / "train.json").write_text(json.dumps(card | {"finished": False}))
    done = said("genre", "tune-thresholds", "tiny", "--strategy", "threshold")
    assert "its training is not finished" in done.stderr


@pytest.mark.parametrize(
    "damage",
    [
        {"thresholds": {"threshold": [0.5], "top_k": None}},
        {"thresholds": {"threshold": "high", "top_k": None}},
        {"thresholds": {}},
        {"calibration": {"method": "platt"}},
    ],
)
def test_a_damaged_card_is_refused_by_name(workspace: Path, damage: dict[str, Any]) -> None:
    path = RUN / "best/card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(ModelError, match=r"card\.json: its thresholds or calibration"):
        choose(load_checkpoint(RUN), RuleOptions())


def test_results_tuned_for_other_weights_are_refused(workspace: Path) -> None:
    told = json.loads(TUNED.read_text())
    TUNED.write_text(json.dumps({**told, "weights_sha256": "0" * 64}))
    with pytest.raises(TableError, match="tuned for other weights"):
        choose(load_checkpoint(RUN), RuleOptions(results=TUNED))


def test_results_that_do_not_say_for_which_weights_are_refused(workspace: Path) -> None:
    told = json.loads(TUNED.read_text())
    del told["weights_sha256"]
    TUNED.write_text(json.dumps(told))
    with pytest.raises(TableError, match="does not say for which weights"):
        choose(load_checkpoint(RUN), RuleOptions(results=TUNED))


def test_embeddings_of_an_unknown_mert_are_refused(here: Path) -> None:
    checkpoint = load_checkpoint(RUN)
    with pytest.raises(ModelError, match="does not say which MERT"):
        embedding_for(checkpoint, "", offline=True, device="cpu")

"""The results folder: every file of the conventions, readable by machine, safe to open."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from matplotlib.image import imread

from zoneclf.errors import OutputError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.plan import members_of
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.report.audit_chapter import audit_chapter
from zoneclf.report.chapter import Chapter
from zoneclf.report.evaluation import Evaluation, cross_validate, on_holdout
from zoneclf.report.folder import Report, metrics, new_run, write_report
from zoneclf.report.importance import gain_shares
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
OWN = frozenset({"user"})
HOSTILE = '<img src=x onerror="window.XSS=1"><script>window.XSS=1</script>'
KEYS = {
    *("schema_version", "split", "n", "accuracy", "accuracy_ci95", "f1_weighted", "f1_macro"),
    *("recall", "log_loss", "ece", "ordinal_mae", "confusion", "by_source"),
}
FILES = {
    *("run.json", "metrics.json", "confusion_matrix.csv", "confusion_matrix.png"),
    *("feature_importance.csv", "feature_importance.png", "errors.csv", "predictions.parquet"),
    "report.html",
}


def judged(table: LabelledTable, seed: int = 0) -> Evaluation:
    """Return an evaluation in which about two thirds are right."""
    shares = np.random.default_rng(seed).dirichlet(np.ones(len(table.zones)), size=len(table))
    shares += 0.6 * np.eye(len(table.zones))[table.codes]
    return on_holdout(table, (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32))


def report_of(table: LabelledTable, name: str = "toy") -> Report:
    whole = judged(table)
    parts = {source: whole.of(frozenset({source})) for source in ("user", "deam")}
    features = table.spec.features
    importance = pd.DataFrame(
        {"feature": list(features), "gain_share": [0.4, 0.3, 0.2, 0.1, 0.0], "splits": 3}
    )
    facts = {"created": "2026-01-01", "seed": 0, "holdout": {"looks": 1}, "settings": {"a": 1}}
    chapters = (
        audit_chapter(parts["user"]),
        Chapter("learning_curve", metrics={"rows": []}, page={"rows": [], "verdict": "Not yet."}),
    )
    return Report(name, "user", parts["user"], parts, importance, facts, ("A remark.",), chapters)


@pytest.fixture(scope="module")
def written(make_table: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder whose names are hostile."""
    table = make_table(120, share_of_user=0.5)
    table.about.loc[:39, "name"] = HOSTILE
    table.about.loc[40:, "name"] = "=cmd()"
    table.codes[:6] = 2 - table.codes[:6]  # labels to hear again
    folder = tmp_path_factory.mktemp("report") / "results" / "run"
    write_report(report_of(table, name=HOSTILE), folder)
    return folder


def read_json(path: Path) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    return found


def test_every_file_is_written_and_nothing_is_left_over(written: Path) -> None:
    names = {path.name for path in written.iterdir()}
    assert names >= FILES
    assert not [name for name in names if name.startswith(".") or name.endswith(".part")]


def test_metrics_have_every_key(written: Path) -> None:
    found = read_json(written / "metrics.json")
    assert found.keys() >= KEYS
    assert found["schema_version"] == 1
    assert found["n"] == 60
    assert found["recall"].keys() == {"YELLOW", "GREEN", "PURPLE"}
    low, high = found["accuracy_ci95"]
    assert low < found["accuracy"] < high
    assert set(found["by_source"]) == {"user", "deam"}
    assert found["by_source"]["deam"].keys() >= KEYS - {"schema_version", "by_source"}
    assert np.sum(found["confusion"]) == 60
    assert {target["verdict"] for target in found["targets"]} <= {"met", "not met", "not decidable"}


def test_a_zone_without_tracks_is_null(make_table: Make) -> None:
    table = make_table(120, share_of_user=0.5)
    found = metrics(report_of(table.take(table.codes != 2)))
    assert found["recall"]["PURPLE"] is None
    assert json.loads(json.dumps(found, allow_nan=False))["recall"]["PURPLE"] is None


def test_the_run_says_its_facts(written: Path) -> None:
    found = read_json(written / "run.json")
    assert found["schema_version"] == 1
    assert (found["seed"], found["holdout"]) == (0, {"looks": 1})


def test_tables_agree_with_the_metrics(written: Path) -> None:
    found = read_json(written / "metrics.json")
    confusion = pd.read_csv(written / "confusion_matrix.csv", index_col="true")
    assert confusion.to_numpy().tolist() == found["confusion"]
    assert list(confusion) == list(confusion.index) == found["zones"]
    rows = pq.read_table(written / "predictions.parquet").to_pandas()
    assert len(rows) == 120
    mine = rows[rows["source"] == "user"]
    assert (mine["zone"] == mine["predicted"]).mean() == pytest.approx(found["accuracy"])
    wrong = pd.read_csv(written / "errors.csv")
    assert len(wrong) == (mine["zone"] != mine["predicted"]).sum() > 0


def test_names_in_csv_files_are_no_formulas(written: Path) -> None:
    names = set(pd.read_csv(written / "errors.csv")["name"])
    assert names <= {HOSTILE, "'=cmd()"}
    assert "'=cmd()" in names


def test_chapters_are_in_metrics_files_and_page(written: Path) -> None:
    found = read_json(written / "metrics.json")
    assert found["audit"]["judged"] == 60
    assert found["learning_curve"] == {"rows": []}
    doubted = pd.read_csv(written / "audit.csv")
    assert len(doubted) == found["audit"]["hear_again"] > 0
    page = (written / "report.html").read_text(encoding="utf-8")
    assert "Labels to hear again" in page
    assert f"{len(doubted)} labels are worth hearing again" in page
    assert "Not yet." in page
    assert "How it learns" not in page  # no such chapter was given


def test_pictures_can_be_read(written: Path) -> None:
    for path in written.glob("*.png"):
        pixels = imread(path)
        assert min(pixels.shape[:2]) > 100
        assert pixels.std() > 0.01


class Page(HTMLParser):
    """Collects what a browser would run or fetch, and the text it would show."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts, self.handlers, self.sources, self.text = 0, [], [], ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag in {"script", "iframe", "object"}
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.sources += [str(value) for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_runs_nothing_and_fetches_nothing(written: Path) -> None:
    page = Page()
    page.feed((written / "report.html").read_text(encoding="utf-8"))
    assert page.scripts == 0
    assert page.handlers == []
    assert len(page.sources) == 3
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert HOSTILE in page.text
    assert "A remark." in page.text


def test_odd_zone_names_are_drawn(make_table: Make, tmp_path: Path) -> None:
    table = make_table(120, share_of_user=0.5, zones=(r"$\frac$", "<b>", "a_{", "=1"))
    write_report(report_of(table), tmp_path / "run")
    assert (tmp_path / "run" / "report.html").is_file()
    assert read_json(tmp_path / "run" / "metrics.json")["zones"] == list(table.zones)


def test_cross_validation_tells_its_spread(make_table: Make, tmp_path: Path) -> None:
    table = make_table(60)
    task = Task(table, OWN, TrainSettings(rounds=5))
    crossed = cross_validate(task, count=3, repeats=2, progress=lambda *_: None)
    importance = report_of(make_table(120, share_of_user=0.5)).importance
    report = Report("toy", "user", crossed, {"user": crossed}, importance, {"created": "now"})
    found = metrics(report)
    assert (found["split"], found["repeats"]) == ("cv", 2)
    assert set(found["spread"]) == {"accuracy", "f1_weighted", "f1_macro", "log_loss"}
    write_report(report, tmp_path / "run")
    assert "2 repeats" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_runs_never_share_a_folder(tmp_path: Path) -> None:
    runs = {new_run(tmp_path, "holdout") for _ in range(20)}
    assert len(runs) == 20
    assert not any(run.exists() for run in runs)


def test_a_file_in_the_way_is_told(make_table: Make, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("not a folder", encoding="utf-8")
    report = report_of(make_table(120, share_of_user=0.5))
    with pytest.raises(OutputError, match="cannot be made"):
        write_report(report, tmp_path / "results" / "run")


def test_importance_is_a_share_of_all_gain(make_table: Make) -> None:
    table = make_table(90)
    predictor = fit(Task(table, OWN, TrainSettings(rounds=20)))
    found = gain_shares(members_of(predictor).values(), table.spec.features)
    assert set(found["feature"]) == set(table.spec.features)
    assert found["gain_share"].sum() == pytest.approx(1)
    assert found["gain_share"].is_monotonic_decreasing
    assert set(found["feature"][:2]) == {"loud", "bright"}

import base64
import io
import json
import re
from html.parser import HTMLParser

import matplotlib.image
import numpy as np
import pytest

from zoneclf.deep.genre.calibration import Calibration, fit_calibration, uncalibrated
from zoneclf.deep.genre.curve_figures import tuning_figure
from zoneclf.deep.genre.decision import Decision
from zoneclf.deep.genre.diagnosis import OVER, RIGHT, UNDER, learning, sentences, tendency
from zoneclf.deep.genre.evaluation import Evaluation, Scored, genre_rows, metrics_json
from zoneclf.deep.genre.page import FIGURES, pictures_of, render_page
from zoneclf.deep.genre.thresholds import tune
from zoneclf.deep.pictures import png, short

HOSTILE = '<script>alert("$x_1$")</script>\x1b[31m'
GENRES = ("rock", HOSTILE, "never heard", "rare")


def scored(tracks: int = 60, *, shift: float = 0.0, seed: int = 0) -> Scored:
    """The first genre is frequent, the third nobody has, the fourth two tracks."""
    rng = np.random.default_rng(seed)
    targets = rng.random((tracks, 4)) < [0.6, 0.3, 0.0, 0.0]
    targets[:2, 3] = True
    targets[~targets.any(axis=1), 0] = True
    logits = 4.0 * targets - 2 + rng.normal(size=targets.shape) + shift
    return Scored(
        split="test",
        track_ids=np.array([f"id-{n}" for n in range(tracks)]),
        paths=np.array([f"/music/{HOSTILE}{n}.mp3" for n in range(tracks)]),
        groups=np.array([f"artist:{n // 2}" for n in range(tracks)]),
        targets=targets,
        logits=logits.astype(np.float32),
    )


def run(
    name: str = "run",
    *,
    tracks: int = 60,
    shift: float = 0.0,
    calibration: Calibration | None = None,
    overfits: bool = False,
) -> Evaluation:
    losses = [0.9, 0.5, 0.4, 0.5, 0.7] if overfits else [0.9, 0.7, 0.6, 0.5, 0.4]
    history = [
        {"epoch": n, "train_loss": 1 / n, "valid_loss": loss, "score": 0.5 - 0.1 * abs(n - 3)}
        for n, loss in enumerate(losses, 1)
    ]
    return Evaluation(
        name=name,
        genres=GENRES,
        scored=scored(tracks, shift=shift),
        calibration=calibration or uncalibrated(4),
        rule=Decision(threshold=0.5),
        rule_from="by default",
        history=history,
        training_counts=(300, 100, 5, 4),
        facts={"set": f"dataset/{HOSTILE}"},
    )


class Texts(HTMLParser):
    """The tags, and the text outside of style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page() -> str:
    one = run("over", shift=2.5)
    return render_page([one], pictures_of([one]), f"How well {HOSTILE} tells genres")


def test_names_are_text_and_nothing_is_fetched(page: str) -> None:
    found = Texts(page)
    assert "script" not in found.tags
    assert "\x1b" not in page
    assert "<script>alert" in found.text  # as it is written, escaped
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    assert "http" not in page.replace("http-equiv", "")


def test_every_picture_is_inside_and_holds_something(page: str) -> None:
    images = re.findall(r'base64,([^"]+)"', page)
    assert len(images) == len(FIGURES) == 5
    for image in images:
        pixels = matplotlib.image.imread(io.BytesIO(base64.b64decode(image)))
        grey = pixels[..., :3].mean(axis=2)
        assert min(grey.shape) > 200
        assert (grey < 0.5).mean() > 0.002


def test_the_page_says_what_is_wrong_first(page: str) -> None:
    text = " ".join(Texts(page).text.split())
    assert "Untuned, at 0.5, it over-predicts" in text
    assert "No judged track has never heard" in text
    assert "Its probabilities are off by" in text
    assert "too high" in text
    assert text.index("over-predicts") < text.index("Which genres are over- and under-predicted?")


def test_several_runs_stand_side_by_side() -> None:
    runs = [run("first", tracks=30), run("second", tracks=30, shift=2.0), run("third", tracks=30)]
    text = " ".join(Texts(render_page(runs, {}, "Three runs")).text.split())
    assert re.search(r"first .* second .* third .* PR-AUC of guessing", text)
    for name in ("first", "second", "third"):
        assert f"Genre by genre: {name}" in text


def test_pictures_of_several_runs_have_a_panel_each() -> None:
    runs = [run("first", tracks=30), run("second", tracks=30)]
    for name, function in FIGURES.items():
        figure = function(runs)
        titles = [axes.get_title() for axes in figure.axes]
        if name == "precision_recall":
            lines = [line.get_label() for line in figure.axes[0].get_lines()]
            assert lines[:2] == ["first", "second"]
            assert not any("never heard" in title for title in titles)
        else:
            assert [t.split("\n")[0] for t in titles if t] == ["first", "second"]


def test_what_was_not_calibrated_is_not_said_to_be() -> None:
    one = run(tracks=30)
    titles = [axes.get_title() for axes in FIGURES["reliability"]([one]).axes]
    assert "after" not in titles[0]
    text = Texts(render_page([one], {}, "title")).text
    assert "not calibrated" in text
    assert "Nothing was calibrated" in text


def test_without_a_history_there_is_no_picture_of_losses() -> None:
    one = Evaluation(**{**vars(run(tracks=30)), "history": ()})
    assert FIGURES["losses"]([one]) is None
    assert learning(one) == []
    assert "How did the training go" not in render_page([one], {}, "title")


def test_overfitting_is_told_from_learning() -> None:
    over, fine = learning(run(overfits=True))[0], learning(run())[0]
    assert "It overfits: from epoch 3 on" in over
    assert "rises from 0.4 to 0.7" in over
    assert "No overfitting" in fine
    assert "epoch 3 of 5" in fine


def test_over_and_under_prediction_before_and_after() -> None:
    words = {shift: sentences(run(shift=shift))[1] for shift in (-3.0, 0.0, 3.0)}
    assert f"it {UNDER}" in words[-3.0]
    assert f"it {RIGHT}" in words[0.0]
    assert f"it {OVER}" in words[3.0]
    assert "still over-predicts" in words[3.0]  # its rule is 0.5 as well
    assert [tendency(ratio) for ratio in (0.79, 0.81, 1.24, 1.26)] == [UNDER, RIGHT, RIGHT, OVER]


def test_calibration_mends_over_prediction() -> None:
    calibration = fit_calibration(scored(400, shift=3, seed=1).logits, scored(400, seed=1).targets)
    one = run(shift=3.0, calibration=calibration)
    told = metrics_json(one)
    assert told["untuned"]["predicted_to_true"] > 1.5
    assert 0.8 < told["predicted_to_true"] < 1.25
    assert told["calibration"]["after"]["ece"] < told["calibration"]["before"]["ece"] / 2
    assert f"it {RIGHT}" in sentences(one)[1]


def test_metrics_json_is_plain_and_rare_genres_are_those_of_training() -> None:
    told = json.loads(json.dumps(metrics_json(run()), allow_nan=False))
    assert told["rare_genres"] == ["never heard", "rare"]
    assert told["genres_without_tracks"] == ["never heard"]
    assert told["split"] == "test"
    rows = {row["genre"]: row for row in told["per_genre"]}
    assert rows["rare"]["training_tracks"] == 4
    assert rows["never heard"]["recall"] is None
    assert genre_rows(run())[0]["threshold"] == 0.5


def test_the_picture_of_a_search_has_all_four_strategies() -> None:
    cases = scored(60)
    tuning = tune(cases.targets, run().probabilities, GENRES, strategy="top-k")
    figure = tuning_figure(tuning)
    assert [axes.get_title().split(":")[0] for axes in figure.axes][2:] == ["both", "per genre"]
    assert len(png(figure)) > 10_000


def test_names_in_pictures_are_short_lines() -> None:
    assert short("a\nb\x1b") == "a b\\x1b"
    assert len(short("x" * 99)) == 24

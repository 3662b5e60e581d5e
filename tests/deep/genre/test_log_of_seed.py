"""What the benchmark says of the earlier log: a statement holds only beyond the seeds' spread."""

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[3] / "scripts" / "log_of_seed.py"


@pytest.fixture(scope="module")
def log():
    spec = importlib.util.spec_from_file_location("log_of_seed", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["log_of_seed"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["log_of_seed"]


def run(ratio=1.0, rare=0.5, score=0.5, risen=1.0, ece=0.1, gain=0.0):
    return {
        "metrics": {
            "untuned": {"predicted_to_true": ratio, "rare_recall": rare},
            "pr_auc_macro": score,
            "calibration": {"before": {"ece": ece}},
        },
        "valid_loss_risen": risen,
        "reported": {"per-genre": {"f1_macro": 0.5 + gain}, "threshold": {"f1_macro": 0.5}},
    }


def runs(**changed):
    names = ("fusion", "weighted", "soft", "focal", "trust-mert", "mert-alone")
    return {name: run(**changed.get(name.replace("-", "_"), {})) for name in names}


def verdict_of(log, says, *seeds):
    return next(found[3] for found in log.verdicts(seeds) if found[0].says.startswith(says))


@pytest.mark.parametrize(
    ("says", "changed"),
    [
        ("shouts rare tags", {"weighted": {"ratio": 3.0}}),
        ("huge overfitting", {"weighted": {"risen": 1.5}}),
        ("low PR-AUC", {"weighted": {"score": 0.3}}),
        ("too cautious", {"soft": {"ratio": 0.4}}),
        ("rare genres are no longer", {"soft": {"rare": 0.1}}),
        ("steadier training", {"weighted": {"risen": 1.5}}),
        ("confidence is no longer", {"weighted": {"ece": 0.4}}),
        ("needs a threshold per genre", {"focal": {"gain": 0.1}}),
        ("the CNN's noise", {"mert_alone": {"score": 0.9}}),
        ("better when it trusts MERT", {"trust_mert": {"score": 0.9}}),
    ],
)
def test_each_statement_is_repeated_where_it_is_so_and_not_elsewhere(log, says, changed):
    assert verdict_of(log, says, runs(**changed), runs(**changed)) == "repeated"
    assert verdict_of(log, says, runs(), runs()) != "repeated"


def test_overfitting_is_gone_only_where_it_is(log):
    risen = runs(soft={"risen": 1.4})
    assert verdict_of(log, "overfitting is gone", runs(), runs()) == "repeated"
    assert verdict_of(log, "overfitting is gone", risen, risen) == "not repeated"


def test_one_seed_decides_nothing(log):
    assert verdict_of(log, "overfitting is gone", runs()) == "so in this one run"
    risen = runs(soft={"risen": 1.4})
    assert verdict_of(log, "overfitting is gone", risen) == "not so in this one run"


def test_seeds_that_disagree_decide_nothing(log):
    up, down = runs(trust_mert={"score": 0.8}), runs(trust_mert={"score": 0.3})
    assert verdict_of(log, "better when", up, down) == "not decided"
    assert verdict_of(log, "better when", down, down) == "not repeated"

"""Settings: refused when wrong, the file shipped says the defaults, the strongest layer wins."""

import os
from pathlib import Path

import pytest

from zoneclf.errors import SettingsError
from zoneclf.pipeline.starting import shipped_config
from zoneclf.settings import Settings
from zoneclf.settings_reader import DEFAULT_FILE, override, resolve, show


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in a folder without settings, and with none in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ZONECLF_")]:
        monkeypatch.delenv(name)
    return tmp_path


def write_default(text: str) -> None:
    DEFAULT_FILE.parent.mkdir(exist_ok=True)
    DEFAULT_FILE.write_text(text, encoding="utf-8")


def test_the_shipped_file_says_the_built_in_defaults() -> None:
    from_file, origins = resolve(shipped_config() / "default.yaml")
    assert from_file == Settings()
    silent = {key for key, origin in origins.items() if origin == "built-in"}
    # Every setting is in the file; of a source, only what its kind needs.
    assert all(key.startswith("sources.") for key in silent)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("trian: {seed: 1}", r"unknown key 'trian'; known here: .*train"),
        ("train: {sede: 1}", r"unknown key 'train\.sede'; known here: .*seed"),
        ("sources: {mine: {lables: x.csv}}", r"unknown key 'sources\.mine\.lables'"),
        ("train: {rounds: '10'}", r"train\.rounds must be int, not str '10'"),
        ("train: {rounds: 1.5}", r"train\.rounds must be int, not float"),
        ("train: {rounds: true}", r"train\.rounds must be int, not bool True"),
        ("train: {eta: false}", r"train\.eta must be float, not bool"),
        ("labels: {allow_truncated: 1}", r"labels\.allow_truncated must be bool, not int 1"),
        (
            "train: {strategy: [a]}",
            r"train\.strategy is \['a'\]; it must be one of user-only, weighted",
        ),
        ("train: 3", r"train must hold keys and values, not 3|below a key"),
        ("train: {seed: {deep: 1}}", r"train\.seed"),
        ("labels: {deam: swapped}", r"labels\.deam is 'swapped'; it must be one of repaired"),
        ("sources: {mine: {kind: tape}}", r"sources\.mine\.kind is 'tape'"),
        ("sources: {mine: {music: here}}", r"sources\.mine\.music"),
        ("- a\n- b", r"must hold keys and values, not list"),
        ("jobs: -1", r"jobs is -1; it must be at least 0"),
        ("train: {seed: -1}", r"train\.seed is -1"),
        ("train: {rounds: 0}", r"train\.rounds is 0; it must be at least 1"),
        ("train: {eta: 0}", r"train\.eta is 0\.0; it must be in \(0, 1\]"),
        ("train: {subsample: 1.01}", r"train\.subsample is 1\.01"),
        ("train: {user_weight: 0}", r"train\.user_weight is 0\.0; it must be above 0, or auto"),
        ("train: {user_weight: often}", r"train\.user_weight must be float, not str 'often'"),
        ("train: {user_weight: .inf}", r"train\.user_weight is inf; it must be a finite number"),
        ("train: {l2: -1}", r"train\.l2 is -1\.0"),
        ("frames: {hop_s: .nan}", r"frames\.hop_s is nan; it must be a finite number"),
        ("frames: {hop_s: 0}", r"frames\.hop_s is 0\.0; it must be above 0"),
        ("frames: {hop_s: 0.125}", r"frames\.hop_s is 0\.125; it must be a multiple of 0\.01"),
        (
            "frames: {hop_s: 1, window_s: 0.5}",
            r"frames\.window_s is 0\.5; .*at least frames\.hop_s",
        ),
        ("drops: {contrast: -0.1}", r"drops\.contrast is -0\.1; it must be at least 0"),
        ("audio: {time_limit_s: 0}", r"audio\.time_limit_s is 0\.0"),
        ("evaluation: {folds: 1}", r"evaluation\.folds is 1; it must be at least 2"),
        ("evaluation: {holdout_share: 0.9}", r"evaluation\.holdout_share is 0\.9"),
    ],
)
def test_wrong_settings_are_refused_with_file_and_key(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=complaint) as caught:
        resolve(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_whole_numbers_stand_for_floats() -> None:
    settings, _ = resolve(options={"train.user_weight": 5})
    assert settings.train.user_weight == 5.0
    assert type(settings.train.user_weight) is float


def test_the_strongest_layer_wins_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "train.seed"

    def found(options: dict[str, int | None], config: Path | None) -> tuple[int, str]:
        settings, origins = resolve(config, options)
        return settings.train.seed, origins[key]

    mine = tmp_path / "mine.yaml"
    mine.write_text("train: {seed: 2}\n", encoding="utf-8")
    assert found({key: None}, None) == (0, "built-in")
    write_default("train: {seed: 1, rounds: 7}\n")
    assert found({key: None}, None) == (1, str(DEFAULT_FILE))
    assert found({key: None}, mine) == (2, str(mine))
    monkeypatch.setenv("ZONECLF_TRAIN_SEED", "3")
    assert found({key: None}, mine) == (3, "environment")
    assert found({key: 4}, mine) == (4, "option")
    settings, origins = resolve(mine, {key: 4})
    assert (settings.train.rounds, origins["train.rounds"]) == (7, str(DEFAULT_FILE))


def test_an_empty_section_changes_nothing(tmp_path: Path) -> None:
    write_default("train: {seed: 1}\n")
    mine = tmp_path / "mine.yaml"
    mine.write_text("train: {}\nsources: {}\n", encoding="utf-8")
    settings, origins = resolve(mine, {"train.rounds": 9})
    assert (settings.train.seed, settings.train.rounds) == (1, 9)
    assert (origins["train.seed"], origins["train.rounds"]) == (str(DEFAULT_FILE), "option")
    assert settings.sources == Settings().sources


def test_a_further_source_joins_those_that_are_built_in() -> None:
    write_default("sources: {vinyl: {labels: vinyl.csv, columns: {a: b}, music: [one, two]}}\n")
    settings, origins = resolve()
    assert set(settings.sources) == {"user", "deam", "vinyl"}
    vinyl = settings.sources["vinyl"]
    assert (vinyl.labels, vinyl.columns) == (Path("vinyl.csv"), {"a": "b"})
    assert vinyl.music == (Path("one"), Path("two"))
    assert origins["sources.vinyl.labels"] == str(DEFAULT_FILE)


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("ZONECLF_JOBS", "2", "jobs", 2),
        ("ZONECLF_TRAIN_ETA", "0.5", "train.eta", 0.5),
        ("ZONECLF_TRAIN_SOFT_LABELS", "True", "train.soft_labels", True),
        ("ZONECLF_TRAIN_USER_WEIGHT", "auto", "train.user_weight", "auto"),
        ("ZONECLF_LABELS_PRESET", "2", "labels.preset", "2"),
        ("ZONECLF_SOURCES_DEAM_ROOT", "2024", "sources.deam.root", "2024"),
    ],
)
def test_variables_are_read_as_what_the_setting_needs(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, key: str, value: object
) -> None:
    monkeypatch.setenv(variable, text)
    settings, origins = resolve()
    assert show(settings)[key] == value
    assert origins[key] == "environment"


@pytest.mark.parametrize(
    ("variable", "text", "complaint"),
    [
        ("ZONECLF_TRIAN_SEED", "1", "ZONECLF_TRIAN_SEED is not a setting; unset it"),
        ("ZONECLF_JOBS", "many", r"environment: jobs must be int, not str 'many'"),
        ("ZONECLF_TRAIN_ETA", "nan", r"environment: train\.eta is nan"),
    ],
)
def test_wrong_variables_are_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, complaint: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingsError, match=complaint):
        resolve()


def test_override_replaces_and_refuses() -> None:
    changed = override(Settings(), {"labels.deam": "as-shipped", "sources.deam.root": "there"})
    assert changed.labels.deam == "as-shipped"
    assert changed.sources["deam"].root == Path("there")
    assert changed.train == Settings().train
    with pytest.raises(SettingsError, match=r"unknown key 'labels\.daem'"):
        override(Settings(), {"labels.daem": "as-shipped"})


def test_what_is_shown_can_be_read_again() -> None:
    settings, _ = resolve(options={"train.seed": 5, "labels.preset": "aggressive"})
    assert override(Settings(), show(settings)) == settings

"""One typed, frozen `Settings`, read in full before any work.

`zoneclf.settings_reader` fills it.  Units are part of the names: ``_s`` seconds, ``_hz`` hertz.
Relative paths are relative to the workspace, the folder the command is run in.
"""

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from zoneclf.errors import SettingsError

Method = Literal["frames", "opensmile", "deam-csv", "table"]
DeamLabels = Literal["repaired", "as-shipped", "dynamic-mean"]
Strategy = Literal["user-only", "weighted", "balanced", "finetune", "ensemble", "affect", "auto"]
Learner = Literal["trees", "linear", "blend"]
Finetune = Literal["continue", "margin", "stack"]
Normalise = Literal["none", "source", "level"]
DomainAdapt = Literal["none", "coral", "density", "feda"]
Balance = Literal["none", "class", "smote"]
Chosen = Literal["auto"]


@dataclass(frozen=True, kw_only=True)
class AudioSettings:
    """What is refused before or during decoding."""

    time_limit_s: float = 600.0
    max_hours: float = 24.0

    def __post_init__(self) -> None:
        _require(self.time_limit_s > 0, "audio.time_limit_s", self.time_limit_s, "above 0")
        _require(self.max_hours > 0, "audio.max_hours", self.max_hours, "above 0")


@dataclass(frozen=True, kw_only=True)
class FrameSettings:
    """The frame grid.  DEAM's is 1.0 s every 0.5 s."""

    hop_s: float = 0.5
    window_s: float = 0.0  # 0: twice the hop

    def __post_init__(self) -> None:
        for key, value in (("frames.hop_s", self.hop_s), ("frames.window_s", self.window_s)):
            whole = abs(value * 100 - round(value * 100)) < 1e-6
            _require(0 <= value <= 60 and whole, key, value, "a multiple of 0.01 up to 60")
        _require(self.hop_s > 0, "frames.hop_s", self.hop_s, "above 0")
        wide = self.window_s == 0 or self.window_s >= self.hop_s
        _require(wide, "frames.window_s", self.window_s, "0 or at least frames.hop_s")


@dataclass(frozen=True, kw_only=True)
class DropSettings:
    """When a rise of the energy curve counts as a drop (see `zoneclf.tracks.drops`)."""

    smooth_s: float = 3.0
    valley_sd: float = 0.3
    peak_sd: float = 0.3
    within_s: float = 8.0
    contrast: float = 0.5

    def __post_init__(self) -> None:
        for key, value in dataclasses.asdict(self).items():
            _require(value >= 0, f"drops.{key}", value, "at least 0")


@dataclass(frozen=True, kw_only=True)
class SourceSettings:
    """Where one source's sound, features and labels lie."""

    kind: Literal["library", "deam", "table"] = "library"
    labels: Path | None = None
    music: tuple[Path, ...] = ()
    root: Path | None = None
    table: Path | None = None
    id_column: str = "song_id"
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LabelSettings:
    """How labels are made and which tracks may carry one."""

    zone_mapping: Path = Path("config/zone_mapping.yaml")
    preset: str = ""  # "": the one the file names
    deam: DeamLabels = "repaired"
    allow_truncated: bool = False


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How a zone model is trained."""

    strategy: Strategy = "weighted"
    from_starter: bool = False
    features: str = "deam236"
    learner: Learner = "trees"
    user_weight: float | Chosen = 3.0
    ensemble_weight: float | Chosen = 0.6
    finetune: Finetune = "margin"
    finetune_rounds: int = 60
    finetune_eta: float = 0.03
    soft_labels: bool = False
    keep_rows: bool = True
    match_length_s: float = 0.0  # 0: whole tracks
    normalise: Normalise = "none"
    domain_adapt: DomainAdapt = "none"
    balance: Balance = "class"
    inner_folds: int = 5
    inner_repeats: int = 2
    seed: int = 0
    threads: int = 1
    rounds: int = 200
    eta: float = 0.04
    max_depth: int = 3
    min_child_weight: float = 3.0
    subsample: float = 0.8
    colsample: float = 0.3
    l2: float = 2.0
    linear_penalty: float = 30.0

    def __post_init__(self) -> None:
        weight, share = self.user_weight, self.ensemble_weight
        usable = isinstance(weight, str) or weight > 0
        _require(usable, "train.user_weight", weight, "above 0, or auto")
        usable = isinstance(share, str) or 0 <= share <= 1
        _require(usable, "train.ensemble_weight", share, "from 0 to 1, or auto")
        _require(0 <= self.seed < 2**31, "train.seed", self.seed, "from 0 to 2147483647")
        _require(self.threads >= 1, "train.threads", self.threads, "at least 1")
        length = self.match_length_s
        _require(length == 0 or length >= 1, "train.match_length_s", length, "0 or at least 1")
        for key in ("rounds", "max_depth", "finetune_rounds", "inner_repeats"):
            _require(getattr(self, key) >= 1, f"train.{key}", getattr(self, key), "at least 1")
        _require(self.inner_folds >= 2, "train.inner_folds", self.inner_folds, "at least 2")
        for key in ("min_child_weight", "l2", "linear_penalty"):
            _require(getattr(self, key) >= 0, f"train.{key}", getattr(self, key), "at least 0")
        for key in ("eta", "finetune_eta", "subsample", "colsample"):
            _require(0 < getattr(self, key) <= 1, f"train.{key}", getattr(self, key), "in (0, 1]")


@dataclass(frozen=True, kw_only=True)
class TimelineSettings:
    """What a model of contexts, for the zones over a track's time, learns from."""

    context_s: float = 15.0
    per_track: int = 6

    def __post_init__(self) -> None:
        length = self.context_s
        _require(1 <= length <= 600, "timeline.context_s", length, "from 1 to 600")
        _require(self.per_track >= 1, "timeline.per_track", self.per_track, "at least 1")


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How a model is judged."""

    holdout_share: float = 0.2
    folds: int = 5
    repeats: int = 3
    coverage: float = 0.9

    def __post_init__(self) -> None:
        share = self.holdout_share
        _require(0 < share <= 0.5, "evaluation.holdout_share", share, "above 0, at most 0.5")
        _require(self.folds >= 2, "evaluation.folds", self.folds, "at least 2")
        _require(self.repeats >= 1, "evaluation.repeats", self.repeats, "at least 1")
        coverage = self.coverage
        _require(0.5 <= coverage < 1, "evaluation.coverage", coverage, "from 0.5 to below 1")


def _standard_sources() -> dict[str, SourceSettings]:
    return {
        "user": SourceSettings(kind="library", labels=Path("dataset/user.csv")),
        "deam": SourceSettings(kind="deam", root=Path("dataset/DEAM")),
    }


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a run can be told."""

    jobs: int = 0  # worker processes; 0: one per core
    audio: AudioSettings = field(default_factory=AudioSettings)
    frames: FrameSettings = field(default_factory=FrameSettings)
    drops: DropSettings = field(default_factory=DropSettings)
    sources: dict[str, SourceSettings] = field(default_factory=_standard_sources)
    labels: LabelSettings = field(default_factory=LabelSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    timeline: TimelineSettings = field(default_factory=TimelineSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)

    def __post_init__(self) -> None:
        _require(self.jobs >= 0, "jobs", self.jobs, "at least 0")
        for name in self.sources:
            _require(is_plain_name(name), "sources", name, "letters, digits, dots and dashes")


def is_plain_name(name: str) -> bool:
    """Return whether a source's name is safe as a file name."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) is not None


def _require(holds: bool, key: str, value: Any, rule: str) -> None:
    if not holds:
        raise SettingsError(f"{key} is {value!r}; it must be {rule}")

"""`zoneclf deep mood prepare`: clusters, a table of tags and its sound become a set of moods."""

import json
import shutil
from collections import Counter

import pytest
import yaml
from typer.testing import CliRunner

from zoneclf.deep.commands import app
from zoneclf.deep.genre.prepared import load_prepared
from zoneclf.deep.mood.clusters_file import (
    Cluster,
    MoodClusters,
    TagSource,
    read_clusters,
    write_clusters,
)
from zoneclf.deep.mood.learning import codes_of
from zoneclf.deep.readers.jamendo import HEADER

TAGS = [("calm",), ("soft", "film"), ("dark",), ("heavy", "dark"), ("calm", "dark"), ("film",)]
SET = "dataset/mood/moods"


@pytest.fixture
def workspace(tmp_path, monkeypatch, clips_table):
    """Sixty clips with tags, a table of them, and clusters."""
    monkeypatch.chdir(tmp_path)
    clips = [path for path in clips_table.parent.rglob("*") if path.suffix in {".flac", ".wav"}]
    clips.sort(key=lambda path: path.name)
    lines = ["\t".join(HEADER)]
    (tmp_path / "sound").mkdir()
    for number, clip in enumerate(clips):
        shutil.copy(clip, tmp_path / "sound" / clip.name)
        tags = [f"mood/theme---{tag}" for tag in TAGS[number % len(TAGS)]]
        about = (f"t{number}", f"a{number // 2}", f"b{number // 2}", clip.name, "1.5")
        lines.append("\t".join((*about, *tags)))
    (tmp_path / "tags.tsv").write_text("\n".join(lines) + "\n")
    clusters = MoodClusters(
        clusters=(
            Cluster(name="gentle", tags=("calm", "soft")),
            Cluster(name="grim", tags=("dark", "heavy")),
        ),
        noise={"film": 0},
        source=TagSource(table="tags.tsv", category="mood/theme"),
    )
    write_clusters(clusters, tmp_path / "moods.yaml")
    return tmp_path


def run(*words, code=0):
    asked = ["mood", "prepare", "moods.yaml", "tags.tsv", "--audio", "sound", "--mels", "16"]
    done = CliRunner().invoke(app, [*asked, "--jobs", "1", *words])
    assert done.exit_code == code, done.output
    return done


def test_tracks_with_one_mood_become_a_set(workspace):
    said = json.loads(run("--json").stdout)
    assert said["tracks"] == {
        "tracks": 60,
        "one_cluster": 40,
        "several_clusters": 10,
        "noise_only": 10,
    }
    prepared = load_prepared(workspace / SET)
    assert len(prepared) == 40 and set(prepared.genres) == {"gentle", "grim"}
    codes = codes_of(prepared)
    for place in range(len(prepared)):
        tags = TAGS[sorted_names(workspace).index(prepared.path(place).name) % len(TAGS)]
        expected = "gentle" if {"calm", "soft"} & set(tags) else "grim"
        assert prepared.genres[codes[place]] == expected
    splits = {}
    for group, split in zip(prepared.groups, prepared.splits, strict=True):
        assert splits.setdefault(group, split) == split
    kept = read_clusters(workspace / SET / "clusters.yaml")
    assert [one.tracks for one in kept.clusters] == [20, 20] and kept.noise == {"film": 20}


def sorted_names(workspace):
    return sorted(path.name for path in (workspace / "sound").iterdir())


def test_an_edited_file_makes_another_set_of_the_same_spectrograms(workspace):
    run()
    (cache,) = (workspace / SET).glob("spectrograms-*")
    before = Counter(path.name for path in cache.glob("*.npy"))
    raw = yaml.safe_load((workspace / "moods.yaml").read_text())
    raw["clusters"][0]["tags"] = ["calm"]
    raw["noise"] = {"film": 0, "soft": 0}
    (workspace / "moods.yaml").write_text(yaml.safe_dump(raw))
    done = run()
    assert "tags of one mood: 30 of 60 tracks (several: 10, none: 20)" in done.stdout
    assert "2 moods, imbalance 2.0x: grim 20, gentle 10" in done.stdout
    assert before <= Counter(path.name for path in cache.glob("*.npy"))  # nothing made anew
    assert len(load_prepared(workspace / SET)) == 30


def test_one_sound_with_two_moods_is_not_used(workspace):
    first, _, last = sorted_names(workspace)[:3]  # calm, soft, dark
    shutil.copy(workspace / "sound" / first, workspace / "sound" / last)
    done = run()
    prepared = load_prepared(workspace / SET)
    assert len(prepared) == 39 and int(prepared.used.sum()) == 38
    assert (codes_of(prepared)[prepared.used] >= 0).all()
    assert "2 moods" in done.stdout


def test_tags_that_the_file_does_not_name_are_told(workspace):
    raw = yaml.safe_load((workspace / "moods.yaml").read_text())
    raw["noise"] = {}
    (workspace / "moods.yaml").write_text(yaml.safe_dump(raw))
    assert "moods.yaml: does not name film: taken as noise" in run().stderr


def test_what_does_not_fit_is_told(workspace):
    raw = yaml.safe_load((workspace / "moods.yaml").read_text())
    raw["clusters"] = [{"name": "odd", "tags": ["unheard"]}]
    (workspace / "moods.yaml").write_text(yaml.safe_dump(raw))
    assert "no track has tags of exactly one cluster" in run(code=3).stderr
    assert "option --audio: none is no folder" in run("--audio", "none", code=2).stderr
    (workspace / "moods.yaml").write_text("clusters: 7\n")
    assert "moods.yaml: " in run(code=3).stderr

"""`zoneclf deep mood cluster`: a file of moods that a person may edit."""

import json
import re
from collections import Counter

import pytest
import yaml
from typer.testing import CliRunner

from zoneclf.deep.commands import app
from zoneclf.deep.mood.clusters_file import read_clusters, write_clusters
from zoneclf.deep.mood.planted import plant, write_planted
from zoneclf.errors import SettingsError

CLUSTERS = "dataset/mood/moods.yaml"


@pytest.fixture
def planted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = plant(rows=1500, tags=20, clusters=4, noise=3, seed=2)
    write_planted(found, tmp_path / "moods.tsv")
    return found


def run(*words, code=0):
    done = CliRunner().invoke(app, ["mood", "cluster", *words])
    assert done.exit_code == code, done.output
    return done


def edited(tmp_path, change):
    """Change the file's plain values as a person would."""
    raw = yaml.safe_load((tmp_path / CLUSTERS).read_text())
    change(raw)
    (tmp_path / CLUSTERS).write_text(yaml.safe_dump(raw))


def test_the_file_says_tags_counts_and_noise(planted, tmp_path):
    said = json.loads(run("moods.tsv", "--json").stdout)
    assert said["file"] == CLUSTERS and said["schema_version"] == 1
    assert len(said["clusters"]) >= 2
    home = {tag: one["name"] for one in said["clusters"] for tag in one["tags"]}
    assert {*home, *said["noise"]} == set(planted.truth)
    moods = [{home[tag] for tag in tags if tag in home} for tags in planted.tracks]
    alone = Counter(next(iter(some)) for some in moods if len(some) == 1)
    assert {one["name"]: one["tracks"] for one in said["clusters"]} == dict(alone)
    assert said["counts"] == {
        "tracks": 1500,
        "one_cluster": alone.total(),
        "several_clusters": sum(len(some) > 1 for some in moods),
        "noise_only": sum(not some for some in moods),
    }
    having = Counter(tag for tags in planted.tracks for tag in tags)
    assert said["noise"] == {tag: having[tag] for tag in said["noise"]}
    del said["file"]
    assert yaml.safe_load((tmp_path / CLUSTERS).read_text()) == said


def test_clusters_are_named_by_their_most_typical_tags(planted):
    for one in json.loads(run("moods.tsv", "--json").stdout)["clusters"]:
        assert one["name"] == "-".join(one["tags"][:2])


def test_an_edited_file_is_kept_and_counted_anew(planted, tmp_path):
    run("moods.tsv")

    def change(raw):
        raw["clusters"][0]["name"] = "dance floor"
        dropped = raw["clusters"].pop()
        raw["noise"] |= dict.fromkeys(dropped["tags"][:1], 0)  # the others are named nowhere

    before = read_clusters(tmp_path / CLUSTERS)
    edited(tmp_path, change)
    done = run("moods.tsv", "--recount")
    after = read_clusters(tmp_path / CLUSTERS)
    assert "dance floor: " in done.stdout
    assert [one.tags for one in after.clusters] == [one.tags for one in before.clusters[:-1]]
    assert after.known == set(planted.truth)
    having = Counter(tag for tags in planted.tracks for tag in tags)
    assert all(after.noise[tag] == having[tag] for tag in before.clusters[-1].tags)
    assert after.counts.noise_only > before.counts.noise_only


def test_a_file_that_is_there_is_not_written_over(planted, tmp_path):
    run("moods.tsv")
    stored = (tmp_path / CLUSTERS).read_text()
    done = run("moods.tsv", "--association", "ppmi", code=2)
    assert "is there already; --recount keeps its clusters" in done.stderr
    assert (tmp_path / CLUSTERS).read_text() == stored
    run("moods.tsv", "--association", "ppmi", "--force")
    assert (tmp_path / CLUSTERS).read_text() != stored
    assert "is not there" in run("moods.tsv", "-o", "x.yaml", "--recount", code=2).stderr


def test_a_number_of_clusters_that_is_not_found_is_told(planted):
    done = run("moods.tsv", "--clusters", "15")
    assert "no settings that were tried give 15 clusters" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--association", "jaccard"), "option --association: .*cosine, ppmi"),
        (("--variance", "7"), "option --variance: is 7.0; it must be from 0.1 to 1"),
        (("--selection", "x"), "option --selection: .*eom, leaf"),
        (("--tags", "genre"), "no tag of category 'genre'"),
        (("--min-cluster-size", "18"), "none of its 20 tags form a cluster"),
    ],
    ids=str,
)
def test_what_does_not_go_is_told_in_one_line(planted, words, said):
    done = CliRunner().invoke(app, ["mood", "cluster", "moods.tsv", *words])
    assert done.exit_code in {2, 3}
    assert len(done.stderr.strip().splitlines()) == 1
    assert re.search(said, done.stderr), done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw["noise"].update({raw["clusters"][0]["tags"][0]: 0}), "must be in one"),
        (lambda raw: raw["clusters"][1].update(name=raw["clusters"][0]["name"].upper()), "twice"),
        (lambda raw: raw["clusters"][0].update(tags=[]), "has no tags; take it out"),
        (lambda raw: raw["clusters"][0].update(name=" "), "blank or oddly spaced"),
        (lambda raw: raw.update(clusters=[]), "must name at least one mood"),
        (lambda raw: raw.update(schema_version=2), "schema_version is 2, not 1"),
        (lambda raw: raw.update(clusers=[]), "unknown key 'clusers'"),
    ],
)
def test_an_edited_file_that_cannot_be_is_refused(planted, tmp_path, change, said):
    run("moods.tsv")
    edited(tmp_path, change)
    with pytest.raises(SettingsError, match=said):
        read_clusters(tmp_path / CLUSTERS)


def test_tags_that_look_like_other_things_stay_tags(planted, tmp_path):
    run("moods.tsv")
    found = read_clusters(tmp_path / CLUSTERS)
    odd = type(found)(
        clusters=(type(found.clusters[0])(name="null", tags=("yes", "2000", "a: b", "é")),),
        noise={"off": 3},
        source=found.source,
    )
    write_clusters(odd, tmp_path / "odd.yaml")
    assert read_clusters(tmp_path / "odd.yaml") == odd

"""GTZAN's folders in miniature."""

from pathlib import Path

import pytest

from zoneclf.deep.readers.gtzan import read_gtzan
from zoneclf.errors import LabelError


def clips(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize("root", ["", "genres", "genres_original"])
def test_a_folder_per_genre(tmp_path: Path, root: str) -> None:
    clips(
        tmp_path / root,
        "rock/rock.00000.wav",
        "rock/rock.00001.AU",
        "jazz/jazz.00000.mp3",
        "jazz/.DS_Store",
        "jazz/readme.txt",
        ".hidden/x.wav",
        "notes/readme.txt",
        "loose.wav",
    )
    found = read_gtzan(tmp_path)
    listed = [(track.path.name, track.genres) for track in found.tracks]
    assert listed == [
        ("jazz.00000.mp3", ("jazz",)),
        ("rock.00000.wav", ("rock",)),
        ("rock.00001.AU", ("rock",)),
    ]
    assert [Path(problem.where).name for problem in found.problems] == ["notes"]


def test_a_folder_without_genres_is_refused(tmp_path: Path) -> None:
    clips(tmp_path, "loose.wav", "empty/readme.txt")
    with pytest.raises(LabelError, match="<genre>/<clip>"):
        read_gtzan(tmp_path)

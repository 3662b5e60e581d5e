"""What the tests of the optional package share: a small made-up set, prepared."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="pip install 'zoneclf[deep]'")

from zoneclf.console import Console
from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.genre.preparing import PrepareOptions, prepare
from zoneclf.deep.genre.synthesis import make_set
from zoneclf.deep.readers.plain import read_plain
from zoneclf.deep.spectrograms import SpectrogramSettings


@pytest.fixture
def quiet() -> Console:
    """A voice that says nothing but warnings."""
    console = Console()
    console.quiet = True
    return console


@pytest.fixture(scope="session")
def clips_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of 60 made-up clips of 1.5 s and 12 genres, with an imbalance of 8."""
    folder = tmp_path_factory.mktemp("clips")
    return make_set(folder, clips=60, genres=12, imbalance=8, seconds=1.5, seed=1)


@pytest.fixture(scope="session")
def prepared_set(clips_table: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedSet:
    """The same clips prepared, with 64 mels.  Do not write to its folder."""
    folder = tmp_path_factory.mktemp("sets") / "small"
    console = Console()
    console.quiet = True
    options = PrepareOptions(spectrogram=SpectrogramSettings(mels=64), jobs=1)
    prepare(read_plain(clips_table), folder, options, source=str(clips_table), voice=console)
    return load_prepared(folder)

"""Files that need not be kept: frames in a folder that is gone when they have been used."""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from zoneclf.audio.files import expand
from zoneclf.errors import SettingsError
from zoneclf.frames.batch import Batch, Found
from zoneclf.frames.extractor import Frames
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.frames.takes import TrackFacts
from zoneclf.pipeline.telling import Teller
from zoneclf.pipeline.workspace import Voice
from zoneclf.settings import Settings
from zoneclf.store import TableNote

Used = TypeVar("Used")


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Return the audio files that files, folders and playlists stand for.

    Raises
    ------
    SettingsError
        If there is none.
    """
    named = list(paths)
    files = expand(named)
    if not files:
        raise SettingsError(f"{named[0]}: holds no audio file; name files, folders or playlists")
    return files


def listen(
    reader: SoundReader,
    settings: Settings,
    files: list[Found],
    *,
    voice: Voice,
    use: Callable[[Iterable[tuple[TrackFacts, Frames]]], Used],
) -> tuple[dict[str, TrackFacts], Used]:
    """Return the facts of files by track id, and what `use` makes of those that hold sound."""
    with tempfile.TemporaryDirectory(prefix="zoneclf-") as folder:
        store = FrameStore(Path(folder), TableNote(spec=reader.spec, origins=(reader.origin,)))
        batch = Batch(reader, store, settings.jobs, settings.audio.time_limit_s)
        teller = Teller("listen", batch.pending(files), voice)
        facts = batch.run(files, teller)
        teller.close()
        return facts, use(store.tracks())

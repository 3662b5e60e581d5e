"""How long a file's sound is, without decoding it where it says so itself."""

from pathlib import Path

from zoneclf.audio.decode import decoders
from zoneclf.audio.files import require_regular
from zoneclf.audio.sound import Sound
from zoneclf.errors import AudioError
from zoneclf.settings import AudioSettings


def length_s(path: Path, limits: AudioSettings | None = None) -> float:
    """Return the length in seconds: as announced, or as decoded where that would be a guess.

    Raises
    ------
    AudioError
        If it cannot be read as sound.
    """
    require_regular(path)
    sound = Sound(next(iter(decoders(path, limits or AudioSettings()))))
    if sound.header.declared_s is not None and not sound.header.guessed:
        return sound.header.declared_s
    for _ in sound.blocks():
        pass
    if not sound.sample_count:
        raise AudioError(*sound.status())
    return sound.duration_s

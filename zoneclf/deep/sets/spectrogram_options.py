"""Spectrogram settings as options of the command line say them, and as arrays need them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoneclf.deep.readers.arrays import load_array
from zoneclf.deep.readers.listing import Listed, Listing
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import SettingsError, TableError, UsageError

# What has an option of its own, or follows from what is read.
_OWN = {"mels": "--mels", "excerpt_s": "--max-seconds", "foreign": "--reader arrays"}


def one_of(option: str, value: str, known: Sequence[str]) -> str:
    """Return an option's value if it is known.

    Raises
    ------
    UsageError
        If it is not.
    """
    if value not in known:
        raise UsageError(f"option {option}: {value!r} must be one of {', '.join(known)}")
    return value


def spectrogram_changes(
    said: Sequence[str], mels: int | None, max_seconds: float | None
) -> dict[str, Any]:
    """Return the settings that options change: texts as ``hop=256``, and two of their own.

    Raises
    ------
    UsageError
        If a setting is unknown, said twice, or has a value that it cannot have.
    """
    default = SpectrogramSettings().as_json()
    changes: dict[str, Any] = {}
    for text in said:
        name, _, value = (part.strip() for part in text.partition("="))
        option = f"option --spectrogram {text!r}"
        if name not in default or name in _OWN:
            known = ", ".join(key for key in default if key not in _OWN)
            raise UsageError(f"{option}: {_OWN.get(name, f'it must be one of {known}')}")
        if name in changes:
            raise UsageError(f"{option}: {name} is said twice; say it once")
        changes[name] = value_of(value, default[name], option)
    own = {"mels": mels, "excerpt_s": max_seconds}
    changes |= {name: value for name, value in own.items() if value is not None}
    try:
        SpectrogramSettings(**changes)
    except SettingsError as error:
        raise UsageError(f"option: {error}") from error
    return changes


def value_of(text: str, default: Any, option: str) -> Any:
    """Return a text as the type of a setting's default.

    Raises
    ------
    UsageError
        If it is none of that type.
    """
    kinds = (float, str) if default == "max" else (type(default),)
    for kind in kinds:
        try:
            return kind(text)
        except ValueError:
            continue
    raise UsageError(f"{option}: {text!r} is no {'whole ' * (kinds[0] is int)}number")


def settings_for(listing: Listing[Listed], changes: Mapping[str, Any]) -> SpectrogramSettings:
    """Return the settings for a listing's tracks, which are either all sound or all arrays.

    Of arrays nothing is cut unless it is asked for; without `mels` they have 128 mel bands, or as
    many as the shorter side of the first.

    Raises
    ------
    TableError
        If sound and arrays are mixed, whose spectrograms are not the same thing.
    """
    arrays = [track.path.suffix.lower() == ".npy" for track in listing.tracks]
    if not any(arrays):
        return SpectrogramSettings(**changes)
    if not all(arrays):
        audio = listing.tracks[arrays.index(False)].path
        raise TableError(
            f"{audio}: is sound among arrays, whose spectrograms have other settings; "
            "never mix the two in one set"
        )
    found = {"excerpt_s": 0.0, **changes, "foreign": True}
    if "mels" not in found:
        found["mels"] = mels_of(listing)
    return SpectrogramSettings(**found)


def mels_of(listing: Listing[Listed]) -> int:
    """Return the mel bands of the first array that can be read."""
    default = SpectrogramSettings().mels
    for track in listing.tracks:
        try:
            whole = load_array(track.path)
            sides = np.squeeze(whole[track.row] if track.row >= 0 else whole).shape
        except (TableError, IndexError):
            continue
        if len(sides) == 2:
            return default if default in sides else min(sides)
    return default

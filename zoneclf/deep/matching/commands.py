"""``zoneclf deep spectrograms match``: which settings ready-made spectrograms were made with."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.console import console, printable, reports_errors
from zoneclf.deep.matching.grid import LEVEL, TRANSFORM, Grid
from zoneclf.deep.sets.spectrogram_options import value_of
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from zoneclf.deep.matching.matching import Match
    from zoneclf.deep.spectrograms import Spectrogram

_WAYS = ("auto", "exact", "distribution")
_ABOUT = {
    "exact": "of the clips' spread is left between them and their own sound",
    "shape": "of the clips' spread is left after a change of unit; no units of the grid fit",
    "distribution": "distance of distributions",
}


@reports_errors
def match(
    foreign: Annotated[
        Path, typer.Argument(metavar="FOREIGN", help="Array (.npy) of clips, or folder of arrays.")
    ],
    audio: Annotated[
        list[Path] | None,
        typer.Option(help="The clips' own sound, or music of that kind; may be repeated."),
    ] = None,
    mels: Annotated[int | None, typer.Option(help="Mel bands.  [128, or the shorter side]")] = None,
    try_: Annotated[
        list[str] | None,
        typer.Option("--try", metavar="NAME=VALUES", help="Values to try, as hop=160,256."),
    ] = None,
    by: Annotated[str, typer.Option(help="exact, distribution, or auto: exact if found.")] = "auto",
    clips: Annotated[int, typer.Option(min=1, help="Clips to compare, at most.")] = 32,
    top: Annotated[int, typer.Option(min=1, help="How many settings to print.")] = 10,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find the settings that ready-made spectrograms were made with, by trying many.

    Their own sound gives the same numbers with the right settings; other music, or without --audio
    music that is made up, is compared by its distribution.
    """
    from zoneclf.deep.matching.foreign import read_clips

    if by not in _WAYS:
        raise UsageError(f"--by {by}: must be {', '.join(_WAYS)}")
    if by == "exact" and not audio:
        raise UsageError("--by exact: needs the clips' own sound; name it with --audio")
    grid = grid_of(try_ or ())
    found = read_clips(foreign, mels=mels, most=clips)
    try:
        candidates = grid.candidates(found[0].shape[1])
    except SettingsError as error:
        raise UsageError(f"option --try: {error}") from error
    console.say(f"{len(found)} clips of {found[0].shape[1]} bands, {len(candidates)} settings")
    _tell(_matched(found, audio or (), candidates, by=by), len(candidates), top, as_json=json_)


def _matched(
    clips: "Sequence[Spectrogram]",
    audio: Sequence[Path],
    candidates: Sequence[SpectrogramSettings],
    *,
    by: str,
) -> "Match":
    from zoneclf.audio.files import expand
    from zoneclf.deep.matching.matching import match_by_distribution, match_exactly

    paths = expand(audio) if audio else []
    if audio and not paths:
        raise SettingsError(f"{audio[0]}: holds no audio file; name files, folders or playlists")
    done = None
    if paths and by != "distribution":
        done = match_exactly(clips, paths, candidates, voice=console)
        if done is None and by == "exact":
            raise SettingsError(
                f"{audio[0]}: the clips are not in this sound, or no setting of the grid is near; "
                "name other files, --try other values, or take --by distribution"
            )
        if done is None:
            console.say("the clips are not in the sound; it is compared by its distribution")
    return done or match_by_distribution(clips, paths, candidates, voice=console)


def grid_of(said: Sequence[str]) -> Grid:
    """Return the grid with the values that texts as ``hop=160,256`` say.

    Raises
    ------
    UsageError
        If a name is unknown or said twice, or a value is none that it can have.
    """
    default = {one.name: one.default for one in dataclasses.fields(SpectrogramSettings)}
    known = [one.name for one in dataclasses.fields(Grid)]
    changes: dict[str, Any] = {}
    for text in said:
        name, _, values = (part.strip() for part in text.partition("="))
        option = f"option --try {text!r}"
        if name not in known:
            raise UsageError(f"{option}: it must be one of {', '.join(known)}")
        if name in changes:
            raise UsageError(f"{option}: {name} is said twice; say it once")
        each = [one.strip() for one in values.split(",")]
        changes[name] = tuple(value_of(one, default[name], option) for one in each)
    for name, values in changes.items():
        for value in values:
            _require(name, value)
    return replace(Grid(), **changes)


def _require(name: str, value: Any) -> None:
    """Refuse a value that no spectrogram can have, whatever the other settings are."""
    roomy: dict[str, Any] = {"n_fft": 65_536, "rate_hz": 96_000, "hop": 1, "window_length": 1}
    try:
        SpectrogramSettings(**{**roomy, name: value})
    except SettingsError as error:
        raise UsageError(f"option --try: {error}") from error


def _tell(done: "Match", candidates: int, top: int, *, as_json: bool) -> None:
    console.close()
    best = done.ranking[0][0]
    if as_json:
        said = {
            "schema_version": 1,
            "by": done.by,
            "clips": done.clips,
            "candidates": candidates,
            "ranked": len(done.ranking),
            "options": options_of(best),
            "same": [settings.as_json() for settings in done.same],
            "ranking": [
                {"distance": round(distance, 6), "settings": settings.as_json()}
                for settings, distance in done.ranking[:top]
            ],
        }
        typer.echo(json.dumps(said, indent=2))
        return
    console.say(f"{done.clips} clips, {done.by}: {_ABOUT[done.by]}")
    if done.same:
        console.say(f"the first {len(done.same) + 1} give the same numbers on these clips")
    for settings, distance in done.ranking[:top]:
        values = " ".join(f"{name}={_text(settings, name)}" for name in (*TRANSFORM, *LEVEL))
        typer.echo(f"{distance:10.4f}  {values}")
    typer.echo(printable(f"zoneclf deep genre prepare PATH {' '.join(options_of(best))}"))


def options_of(settings: SpectrogramSettings) -> list[str]:
    """Return what to tell `zoneclf deep genre prepare` to make such spectrograms."""
    default = SpectrogramSettings().as_json()
    own = ("mels", "excerpt_s", "foreign")
    said = [
        f"--spectrogram {name}={_text(settings, name)}"
        for name, value in settings.as_json().items()
        if name not in own and value != default[name]
    ]
    return [f"--mels {settings.mels}", *said]


def _text(settings: SpectrogramSettings, name: str) -> str:
    value = getattr(settings, name)
    return value if isinstance(value, str) else f"{value:g}"

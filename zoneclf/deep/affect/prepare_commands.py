"""Commands that make sets of rated tracks: `prepare`, and `synthesise` of music that is made up."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from zoneclf.audio.files import absolute
from zoneclf.console import PARTIAL, console, printable, reports_errors
from zoneclf.deep.affect.affect_set import NAMES
from zoneclf.deep.affect.listing import SCALES, read_ratings
from zoneclf.deep.affect.preparing import Prepared, prepare
from zoneclf.deep.affect.synthesis import make_rated_set
from zoneclf.deep.sets.making import SetOptions
from zoneclf.deep.sets.prepare_options import (
    Audio,
    GroupBy,
    Jobs,
    Json,
    Limit,
    Mels,
    Name,
    Output,
    Seed,
    Settings,
    SharesOf,
    Splits,
    require_new,
    set_name,
    set_options,
    tell_problems,
)
from zoneclf.deep.sets.spectrogram_options import one_of, spectrogram_changes
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import UsageError

SETS = Path("dataset/affect")

_Table = Annotated[
    Path, typer.Argument(help="Table of `zoneclf targets`, or CSV: path,arousal,valence[,artist].")
]
_Scale = Annotated[str, typer.Option("--av-scale", help=f"Of a CSV: {', '.join(SCALES)}.")]
_Seconds = Annotated[
    float,
    typer.Option("--max-seconds", min=0.0, help="Of the middle of what was rated; 0: 1200."),
]


@reports_errors
def prepare_command(
    path: _Table,
    name: Name = "",
    output: Output = None,
    audio: Audio = None,
    av_scale: _Scale = "1..9",
    shares: SharesOf = "60/15/10/15",
    splits: Splits = "drawn",
    group: GroupBy = "artist",
    seed: Seed = 0,
    jobs: Jobs = 0,
    time_limit: Limit = 120.0,
    max_seconds: _Seconds = 45.0,
    mels: Mels = None,
    spectrogram: Settings = None,
    json_: Json = False,
) -> None:
    """Store the spectrograms of tracks with arousal and valence, and draw splits.

    Goes on where it was stopped.  Tracks that cannot be used are listed in problems.csv.
    """
    told = dict(locals())
    _tell(_prepared(path, output or SETS / set_name(name, path), told), as_json=json_)


def _prepared(path: Path, place: Path, told: Mapping[str, Any]) -> Prepared:
    """Prepare the tracks of `path` as the options of `prepare_command` tell, by their names."""
    said = spectrogram_changes(told["spectrogram"] or (), told["mels"], told["max_seconds"])
    options = SetOptions(spectrogram=SpectrogramSettings(**said), **set_options(told))
    scale = one_of("--av-scale", told["av_scale"], tuple(SCALES))
    if told["audio"] is not None and not told["audio"].is_dir():
        raise UsageError(f"option --audio: {told['audio']} is no folder")
    ratings = read_ratings(path, audio=told["audio"], scale=scale)
    return prepare(ratings, place, options, source=str(absolute(path)), voice=console)


@reports_errors
def synthesise_command(
    folder: Annotated[Path, typer.Argument(help="Folder for clips and their tables.")],
    clips: Annotated[int, typer.Option("--clips", min=2)] = 600,
    seconds: Annotated[float, typer.Option("--seconds", min=3.0, max=600.0)] = 12.0,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1)] = 0,
) -> None:
    """Make up rated clips: tempo, loudness, brightness, harmony follow arousal and valence."""
    require_new(folder)
    table = make_rated_set(folder, clips=clips, seconds=seconds, seed=seed, voice=console)
    console.close()
    typer.echo(printable(str(table)))


def _tell(done: Prepared, *, as_json: bool) -> None:
    """Print what was done; the first problems go to standard error."""
    tell_problems(done.problems, done.folder)
    typer.echo(json.dumps(_as_json(done), indent=2) if as_json else printable(_text(done)))
    if done.failed:
        raise typer.Exit(PARTIAL)


def _text(done: Prepared) -> str:
    lines = []
    for split, told in done.ratings.items():
        numbers = [(name, told[f"{name}_mean"], told[f"{name}_sd"]) for name in NAMES]
        said = ", ".join(f"{name} {mean:.2f} (sd {sd:.2f})" for name, mean, sd in numbers)
        lines.append(f"{split}: {told['tracks']:g} tracks, {said}")
    lines += [
        f"tracks whose ratings have a course in time: {done.courses}",
        f"tracks that cannot be used: {len(done.failed)}, problems: {len(done.problems)}",
        *([f"licence: {done.licence}"] if done.licence else []),
        f"set: {done.folder}",
    ]
    return "\n".join(lines)


def _as_json(done: Prepared) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "folder": str(done.folder),
        "splits": done.splits,
        "ratings": done.ratings,
        "courses": done.courses,
        "licence": done.licence,
        "failed": [vars(problem) for problem in done.failed],
        "problems": [vars(problem) for problem in done.problems],
    }

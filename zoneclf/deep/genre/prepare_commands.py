"""Commands that make sets: `prepare` of labelled music, `synthesise` of music that is made up."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from zoneclf.audio.files import absolute
from zoneclf.console import PARTIAL, console, printable, reports_errors
from zoneclf.deep.genre.preparing import Prepared, PrepareOptions, prepare
from zoneclf.deep.genre.synthesis import make_set
from zoneclf.deep.readers.fma import LEVELS, SUBSETS, Level
from zoneclf.deep.readers.sources import READERS, Reader, ReaderOptions, read_source, reader_of
from zoneclf.deep.sets.grouping import GROUPS, Group
from zoneclf.deep.sets.making import SPLITTING, Splitting
from zoneclf.deep.sets.spectrogram_options import one_of, settings_for, spectrogram_changes
from zoneclf.deep.sets.splitting import shares_from
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import UsageError

SETS = Path("dataset/genre")
_SHOWN = 5

_Source = Annotated[Path, typer.Argument(help="Folder, table or array of labelled music.")]
_Name = Annotated[str, typer.Option("--name", help="Name of the set; default: PATH's.")]
_Reader = Annotated[str, typer.Option("--reader", help=f"auto, {', '.join(READERS)}.")]
_Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Folder of the set; default: dataset/genre/NAME."),
]
_Audio = Annotated[Path | None, typer.Option("--audio", help="Folder of the sound.")]
_Level = Annotated[
    str, typer.Option("--genre-level", help=f"FMA: {', '.join(LEVELS)} (with parents).")
]
_Subset = Annotated[str, typer.Option("--subset", help=f"FMA: {', '.join(SUBSETS)}.")]
_Tags = Annotated[str, typer.Option("--tags", help="MTG-Jamendo: category of tags, or all.")]
_Labels = Annotated[Path | None, typer.Option("--labels", help="Arrays: array of labels.")]
_Names = Annotated[Path | None, typer.Option("--label-names", help="Arrays: names of classes.")]
_Least = Annotated[
    int, typer.Option("--min-samples-per-genre", min=1, help="Leave rarer genres out.")
]
_Most = Annotated[int, typer.Option("--max-genres", min=0, help="Most frequent ones only; 0: all.")]
_Shares = Annotated[str, typer.Option("--shares", help="Parts of train/valid/calib/test.")]
_Splits = Annotated[str, typer.Option("--splits", help="drawn, or given by the data set.")]
_GroupBy = Annotated[str, typer.Option("--group", help="Kept together: artist, album or none.")]
_Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Of the splits.")]
_Jobs = Annotated[int, typer.Option("--jobs", min=0, help="Worker processes; 0: one per core.")]
_Limit = Annotated[float, typer.Option("--time-limit", min=1.0, help="Seconds for one track.")]
_Seconds = Annotated[
    float | None,
    typer.Option(
        "--max-seconds",
        min=0.0,
        help="Of a track's middle, 1200 at most; 0: as much as that.  [30, arrays: 0]",
    ),
]
_Mels = Annotated[int | None, typer.Option("--mels", help="Mel bands.  [128]")]
_Settings = Annotated[
    list[str] | None,
    typer.Option("--spectrogram", help="Another setting, as hop=256; may be repeated."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@reports_errors
def prepare_command(
    path: _Source,
    name: _Name = "",
    reader: _Reader = "auto",
    output: _Output = None,
    audio: _Audio = None,
    genre_level: _Level = "top",
    subset: _Subset = "",
    tags: _Tags = "",
    labels: _Labels = None,
    label_names: _Names = None,
    min_samples_per_genre: _Least = 1,
    max_genres: _Most = 0,
    shares: _Shares = "60/15/10/15",
    splits: _Splits = "drawn",
    group: _GroupBy = "artist",
    seed: _Seed = 0,
    jobs: _Jobs = 0,
    time_limit: _Limit = 120.0,
    max_seconds: _Seconds = None,
    mels: _Mels = None,
    spectrogram: _Settings = None,
    json_: _Json = False,
) -> None:
    """Index labelled music, store its spectrograms, choose genres and draw splits.

    Goes on where it was stopped.  Tracks that cannot be used are listed in problems.csv.
    """
    told = dict(locals())
    place = output or SETS / _set_name(name, path)
    _tell(_prepared(path, place, told), as_json=json_)


def _prepared(path: Path, place: Path, told: Mapping[str, Any]) -> Prepared:
    """Prepare what lies at `path` as the options of `prepare_command` tell, by their names."""
    options = PrepareOptions(
        min_samples=told["min_samples_per_genre"],
        max_genres=told["max_genres"],
        shares=shares_from(told["shares"]),
        splits=cast(Splitting, one_of("--splits", told["splits"], SPLITTING)),
        group=cast(Group, one_of("--group", told["group"], GROUPS)),
        seed=told["seed"],
        jobs=told["jobs"],
        time_limit_s=told["time_limit"],
    )
    reading = ReaderOptions(
        audio=told["audio"],
        level=cast(Level, told["genre_level"]),
        subset=told["subset"],
        tags=told["tags"],
        labels=told["labels"],
        names=told["label_names"],
    )
    wanted = one_of("--reader", told["reader"], ("auto", *READERS))
    said = spectrogram_changes(told["spectrogram"] or (), told["mels"], told["max_seconds"])
    SpectrogramSettings(**said)  # what cannot be is told before anything is read
    reader = reader_of(path) if wanted == "auto" else cast(Reader, wanted)
    listing = read_source(path, reader, reading)
    options = replace(options, spectrogram=settings_for(listing, said))
    source = f"{absolute(path)} ({reader})"
    return prepare(listing, place, options, source=source, voice=console)


def _set_name(name: str, path: Path) -> str:
    found = name or absolute(path).stem or "set"
    if found in (".", "..") or any(mark in found for mark in "/\\\0"):
        raise UsageError(f"option --name: {found!r} must be the name of a folder")
    return found


def _tell(done: Prepared, *, as_json: bool) -> None:
    """Print what was done; the first problems go to standard error."""
    console.close()
    for problem in done.problems[:_SHOWN]:
        console.warn(f"{problem.where}: {problem.what}")
    if len(done.problems) > _SHOWN:
        more = len(done.problems) - _SHOWN
        console.warn(f"and {more} more, all in {done.folder / 'problems.csv'}")
    typer.echo(json.dumps(_as_json(done), indent=2) if as_json else printable(_text(done)))
    if done.failed:
        raise typer.Exit(PARTIAL)


def _text(done: Prepared) -> str:
    sizes = ", ".join(f"{name} {count}" for name, count in done.splits.items())
    return "\n".join(
        (
            f"before the filter: {done.before.text()}",
            f"after the filter:  {done.after.text()}",
            f"splits: {sizes}",
            f"tracks that cannot be used: {len(done.failed)}, problems: {len(done.problems)}",
            f"set: {done.folder}",
        )
    )


def _as_json(done: Prepared) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "folder": str(done.folder),
        "filter": {"before": done.before.as_json(), "after": done.after.as_json()},
        "splits": done.splits,
        "failed": [vars(problem) for problem in done.failed],
        "problems": [vars(problem) for problem in done.problems],
    }


@reports_errors
def synthesise_command(
    folder: Annotated[Path, typer.Argument(help="Folder for clips and their table.")],
    clips: Annotated[int, typer.Option("--clips", min=2)] = 2000,
    genres: Annotated[int, typer.Option("--genres", help="2 to 12.")] = 12,
    imbalance: Annotated[
        float, typer.Option("--imbalance", help="Most frequent genre for one of the rarest.")
    ] = 100.0,
    seconds: Annotated[float, typer.Option("--seconds", min=0.5, max=600.0)] = 3.0,
    seed: _Seed = 0,
) -> None:
    """Make up labelled clips whose genres can be heard, with a long tail of rare genres."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is there already; name a new folder")
    table = make_set(
        folder,
        clips=clips,
        genres=genres,
        imbalance=imbalance,
        seconds=seconds,
        seed=seed,
        voice=console,
    )
    console.close()
    typer.echo(printable(str(table)))

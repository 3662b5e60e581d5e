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
from zoneclf.deep.sets.spectrogram_options import one_of, settings_for, spectrogram_changes
from zoneclf.deep.spectrograms import SpectrogramSettings

SETS = Path("dataset/genre")

_Source = Annotated[Path, typer.Argument(help="Folder, table or array of labelled music.")]
_Reader = Annotated[str, typer.Option("--reader", help=f"auto, {', '.join(READERS)}.")]
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
_Seconds = Annotated[
    float | None,
    typer.Option(
        "--max-seconds",
        min=0.0,
        help="Of a track's middle, 1200 at most; 0: as much as that.  [30, arrays: 0]",
    ),
]


@reports_errors
def prepare_command(
    path: _Source,
    name: Name = "",
    reader: _Reader = "auto",
    output: Output = None,
    audio: Audio = None,
    genre_level: _Level = "top",
    subset: _Subset = "",
    tags: _Tags = "",
    labels: _Labels = None,
    label_names: _Names = None,
    min_samples_per_genre: _Least = 1,
    max_genres: _Most = 0,
    shares: SharesOf = "60/15/10/15",
    splits: Splits = "drawn",
    group: GroupBy = "artist",
    seed: Seed = 0,
    jobs: Jobs = 0,
    time_limit: Limit = 120.0,
    max_seconds: _Seconds = None,
    mels: Mels = None,
    spectrogram: Settings = None,
    json_: Json = False,
) -> None:
    """Index labelled music, store its spectrograms, choose genres and draw splits.

    Goes on where it was stopped.  Tracks that cannot be used are listed in problems.csv.
    """
    told = dict(locals())
    place = output or SETS / set_name(name, path)
    _tell(_prepared(path, place, told), as_json=json_)


def _prepared(path: Path, place: Path, told: Mapping[str, Any]) -> Prepared:
    """Prepare what lies at `path` as the options of `prepare_command` tell, by their names."""
    options = PrepareOptions(
        min_samples=told["min_samples_per_genre"],
        max_genres=told["max_genres"],
        **set_options(told),
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


def _tell(done: Prepared, *, as_json: bool) -> None:
    """Print what was done; the first problems go to standard error."""
    tell_problems(done.problems, done.folder)
    typer.echo(json.dumps(prepared_as_json(done), indent=2) if as_json else printable(_text(done)))
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


def prepared_as_json(done: Prepared) -> dict[str, Any]:
    """Return what `prepare` did as plain values."""
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
    seed: Seed = 0,
) -> None:
    """Make up labelled clips whose genres can be heard, with a long tail of rare genres."""
    require_new(folder)
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

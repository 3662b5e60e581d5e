"""Commands that show what is to be heard in a track: drops, zones over its time."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.cli.app import Config, Jobs, Json, ModelName, print_json, settings_of
from zoneclf.console import PARTIAL, console, printable, reports_errors

if TYPE_CHECKING:
    from zoneclf.pipeline.dropping import TrackDrops
    from zoneclf.pipeline.timeline import TrackTimeline


@reports_errors
def drops(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, playlists (.m3u8).")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the pictures.", show_default=False),
    ] = None,
    jobs: Jobs = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Print when the drops of each track come and draw its energy.

    Pictures go to results/drops in a workspace, elsewhere to the folder drops.
    """
    settings = settings_of(config, {"jobs": jobs})
    from zoneclf.pipeline.dropping import drops_of
    from zoneclf.pipeline.workspace import Workspace

    found = drops_of(Workspace(), settings, paths, output=output, voice=console)
    console.close()
    if json_:
        print_json({"settings": vars(settings.drops), "tracks": [vars(track) for track in found]})
    else:
        for track in found:
            typer.echo("\n".join(map(printable, _lines(track))))
    if any(track.status != "ok" for track in found):
        raise typer.Exit(PARTIAL)


def _lines(track: "TrackDrops") -> Iterator[str]:
    """Yield a track's name, tempo and picture, then a line per drop."""
    from zoneclf.report.energy_curve import clock

    name = PurePath(track.path).name
    mark = "" if track.status == "ok" else f"  ({track.status}: {track.reason})"
    if track.duration_s is None:
        yield f"{name}{mark}"
        return
    tempo = "no steady tempo" if track.tempo_bpm is None else f"{track.tempo_bpm:.1f} BPM"
    yield f"{name}{mark}"
    yield f"  {clock(track.duration_s)} long, {tempo}, picture: {track.picture}"
    if not track.drops:
        yield "  no drop"
        return
    yield "  drop     time  contrast  intensity"
    for number, drop in enumerate(track.drops, 1):
        times = f"{number:4}  {clock(drop.time_s):>7}"
        yield f"  {times}  {drop.contrast:8.2f}  {drop.intensity:9.2f}"


@reports_errors
def timeline(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, playlists (.m3u8).")],
    model: ModelName = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for pictures and tables.", show_default=False),
    ] = None,
    jobs: Jobs = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Print and draw the zones of each track over its time, every half second.

    It needs a model that zoneclf train --timeline made.  Pictures and CSV tables go to
    results/timeline in a workspace.
    """
    settings = settings_of(config, {"jobs": jobs})
    from zoneclf.pipeline.timeline import timelines_of
    from zoneclf.pipeline.workspace import Workspace
    from zoneclf.tracks.contexts import context_of

    found_model, found = timelines_of(
        Workspace(), settings, paths, name=model, output=output, voice=console
    )
    console.close()
    card = found_model.card
    if json_:
        said = {"model": card.name, "zones": list(card.zones), "context_s": context_of(card.spec)}
        tracks = [_as_json(track) for track in found]
        print_json({**said, "licence": card.licence, "tracks": tracks})
    else:
        for track in found:
            typer.echo("\n".join(map(printable, _zone_lines(track, card.zones))))
    if any(track.status != "ok" for track in found):
        raise typer.Exit(PARTIAL)


def _as_json(track: "TrackTimeline") -> dict[str, Any]:
    """Return a track's timeline with its columns as lists."""
    points = None if track.points is None else track.points.to_dict(orient="list")
    return {**vars(track), "points": points}


def _zone_lines(track: "TrackTimeline", zones: Sequence[str]) -> Iterator[str]:
    """Yield a track's name, the share of its time that each zone has, its drops, its files."""
    from zoneclf.report.energy_curve import clock

    mark = "" if track.status == "ok" else f"  ({track.status}: {track.reason})"
    yield f"{PurePath(track.path).name}{mark}"
    if track.duration_s is None or track.points is None:
        return
    shares = [f"{zone} {(track.points['zone'] == zone).mean():.0%}" for zone in zones]
    yield f"  {clock(track.duration_s)} long: {', '.join(shares)}"
    yield "  drops: " + (", ".join(clock(drop.time_s) for drop in track.drops) or "none")
    yield f"  picture: {track.picture}"
    yield f"  table: {track.table}"

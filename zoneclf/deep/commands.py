"""The commands of `zoneclf deep`."""

import typer

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Neural models: multi-label genre.",
)
genre_app = typer.Typer(no_args_is_help=True, help="Multi-label genre.")
app.add_typer(genre_app, name="genre")


@genre_app.callback()
def genre() -> None:
    """Prepare labelled music, train, tune thresholds, evaluate, predict, compare presets."""

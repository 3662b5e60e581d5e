"""The commands of `zoneclf deep`."""

import typer

from zoneclf.deep.affect import compare_commands as affect_comparing
from zoneclf.deep.affect import judging_commands as affect_judging
from zoneclf.deep.affect import predict_commands as affect_predicting
from zoneclf.deep.affect import prepare_commands as affect_sets
from zoneclf.deep.affect import train_commands as affect_training
from zoneclf.deep.encoders.commands import embed
from zoneclf.deep.genre.compare_commands import compare
from zoneclf.deep.genre.judging_commands import evaluate, tune_thresholds
from zoneclf.deep.genre.predict_commands import predict
from zoneclf.deep.genre.prepare_commands import prepare_command, synthesise_command
from zoneclf.deep.genre.train_commands import train
from zoneclf.deep.matching.commands import match
from zoneclf.deep.mood import judging_commands as mood_judging
from zoneclf.deep.mood import predict_commands as mood_predicting
from zoneclf.deep.mood import prepare_commands as mood_sets
from zoneclf.deep.mood import train_commands as mood_training
from zoneclf.deep.mood.cluster_commands import cluster
from zoneclf.deep.predict_commands import predict_newest

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Neural models: embeddings, multi-label genre, mood, arousal and valence.",
)
genre_app = typer.Typer(no_args_is_help=True, help="Multi-label genre.")
spectrograms_app = typer.Typer(no_args_is_help=True, help="Ready-made spectrograms.")
app.add_typer(genre_app, name="genre")
app.add_typer(spectrograms_app, name="spectrograms")
mood_app = typer.Typer(no_args_is_help=True, help="One mood per track.")
app.add_typer(mood_app, name="mood")
affect_app = typer.Typer(no_args_is_help=True, help="Arousal and valence.")
app.add_typer(affect_app, name="affect")
app.command()(embed)
app.command("predict")(predict_newest)


@genre_app.callback()
def genre() -> None:
    """Prepare labelled music, train, tune thresholds, evaluate, predict, compare presets."""


@mood_app.callback()
def mood() -> None:
    """Cluster tags to moods, prepare music that has them, learn one mood per track, judge it."""


@affect_app.callback()
def affect() -> None:
    """Prepare music with ratings of arousal and valence, train, evaluate, compare, predict."""


affect_app.command("prepare")(affect_sets.prepare_command)
affect_app.command("synthesise")(affect_sets.synthesise_command)
affect_app.command("train")(affect_training.train)
affect_app.command("evaluate")(affect_judging.evaluate)
affect_app.command("compare")(affect_comparing.compare)
affect_app.command("predict")(affect_predicting.predict)
genre_app.command("prepare")(prepare_command)
genre_app.command("synthesise")(synthesise_command)
genre_app.command()(train)
genre_app.command("tune-thresholds")(tune_thresholds)
genre_app.command()(evaluate)
genre_app.command()(predict)
genre_app.command()(compare)


@spectrograms_app.callback()
def spectrograms() -> None:
    """Find out how ready-made spectrograms were made."""


spectrograms_app.command()(match)
mood_app.command()(cluster)
mood_app.command("prepare")(mood_sets.prepare_command)
mood_app.command("train")(mood_training.train)
mood_app.command("evaluate")(mood_judging.evaluate)
mood_app.command("predict")(mood_predicting.predict)

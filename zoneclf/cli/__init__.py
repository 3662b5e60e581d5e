"""The command line: read options, call `zoneclf.pipeline`, print where the result is.

Nothing heavy is imported before a command runs.
"""

import typer

from zoneclf.cli import caring, hearing, judging, making, training
from zoneclf.cli.app import app, config_app
from zoneclf.cli.extra import deep_app
from zoneclf.console import prepare_process

__all__ = ["app", "run"]

# In the order of a user's way; names are those of the functions, with dashes.
for command in (
    caring.demo,
    caring.init,
    making.extract,
    making.label,
    making.targets,
    training.train,
    judging.analyze,
    judging.visualize_2d,
    judging.predict,
    hearing.drops,
    hearing.timeline,
    caring.doctor,
):
    app.command()(command)
config_app.command("show")(caring.config_show)
app.add_typer(deep_app, name="deep")


def run() -> None:
    """Start the program."""
    prepare_process()
    typer.main.get_command(app)()  # app() would put typer's own hook for uncaught errors in place

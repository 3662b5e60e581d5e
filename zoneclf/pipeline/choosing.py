"""Which model a command is about."""

from zoneclf.model.artifact import ZoneModel, load_model
from zoneclf.model.card import newest_model
from zoneclf.pipeline.workspace import Workspace


def chosen_model(workspace: Workspace, name: str) -> ZoneModel:
    """Return the model called `name`, or the newest one if that is empty.

    Raises
    ------
    ModelError
        If there is none, or it cannot be loaded safely.
    """
    return load_model(workspace.models / name if name else newest_model(workspace.models))

"""Which model a command is about."""

from zoneclf.labels.zones import ZoneMap, load_zones
from zoneclf.model.artifact import ZoneModel, load_model
from zoneclf.model.card import models_in, newest_model
from zoneclf.model.starter import STARTER, load_starter, under_rule
from zoneclf.pipeline.labelling import zone_map
from zoneclf.pipeline.starting import shipped_config
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.settings import LabelSettings, Settings


def chosen_model(workspace: Workspace, name: str) -> ZoneModel:
    """Return the model called `name`, or the newest one if that is empty.

    Raises
    ------
    ModelError
        If there is none, or it cannot be loaded safely.
    """
    return load_model(workspace.models / name if name else newest_model(workspace.models))


def answering_model(workspace: Workspace, settings: Settings, name: str, voice: Voice) -> ZoneModel:
    """Return the model called `name`, the newest one, or the starter where there is none.

    The starter, which is also had by its name, gets the zones of the rule in force.

    Raises
    ------
    ModelError
        If there is no model of that name, or it cannot be loaded safely.
    SettingsError
        If the starter is asked and the zones' rule does not say what it must.
    """
    alone = not name and not models_in(workspace.models)
    if name != STARTER and not alone:
        return chosen_model(workspace, name)
    starter = load_starter()
    why = " because there is no model of your own here" if alone else ""
    voice.warn(
        f"the starter answers{why}: it comes with zoneclf, was learnt from DEAM, is not fitted to "
        "your music, and is for non-commercial use only"
    )
    found = under_rule(starter, _rule(settings))
    if found is not starter:
        voice.say(
            f"the starter's arousal and valence are put into the zones of your rule: "
            f"{', '.join(found.card.zones)}"
        )
    return found


def _rule(settings: Settings) -> ZoneMap:
    """Return the rule in force; where there is no workspace, the one that comes with zoneclf."""
    usual = LabelSettings().zone_mapping
    if settings.labels.zone_mapping == usual and not usual.is_file():
        return load_zones(shipped_config() / usual.name, settings.labels.preset)
    return zone_map(settings)

"""What a strategy is given to learn from, by the settings: with the starter where that is asked."""

import numpy as np

from zoneclf.errors import SettingsError
from zoneclf.labels.regions import regions_of
from zoneclf.labels.table import LabelledTable
from zoneclf.labels.zones import ZoneMap
from zoneclf.model.starter import affect_under, load_starter
from zoneclf.model.task import Task
from zoneclf.settings import TrainSettings

_WITH_STARTER = frozenset({"affect", "auto"})


def task_for(
    table: LabelledTable, own: frozenset[str], settings: TrainSettings, zones: ZoneMap
) -> Task:
    """Return the task of learning from rows; from the user's alone where the starter is the source.

    Raises
    ------
    SettingsError
        If the starter does not go with the other settings.
    ModelError
        If the rows have other features than the starter's.
    """
    regions = regions_of(zones)
    if not settings.from_starter:
        return Task(table, own, settings, regions)
    require_fit_for_starter(settings)
    starter = load_starter()
    starter.require_spec(table.spec, {})
    mine = table.take(np.isin(table.source, list(own)))
    return Task(mine, own, settings, regions, starter=affect_under(starter, zones))


def require_fit_for_starter(settings: TrainSettings) -> None:
    """Check that the settings go with the starter as the source.

    Raises
    ------
    SettingsError
        If they do not.
    """
    if settings.strategy not in _WITH_STARTER:
        raise SettingsError(
            f"train.from_starter: goes with the strategies {' and '.join(sorted(_WITH_STARTER))}, "
            f"not {settings.strategy}; choose one of them"
        )
    if (settings.normalise, settings.domain_adapt) != ("none", "none"):
        raise SettingsError(
            "train.from_starter: the starter reads features as they were extracted; set "
            "train.normalise and train.domain_adapt to none"
        )

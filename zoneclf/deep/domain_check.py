"""How far apart a network sees two sets, before and after it was made to adapt to the second.

In: networks, and held-out clips of the labelled and of the target set, of which no label is read.
Out: how well a fresh classifier tells the sets apart by what the last layer sees.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from torch import nn

from zoneclf.deep.adaptation import AdaptSettings
from zoneclf.deep.batches import Floats, Inputs, answers
from zoneclf.deep.checkpoint import load_checkpoint
from zoneclf.deep.layers import Headed
from zoneclf.deep.material import Material
from zoneclf.deep.recipe import LearningRecipe
from zoneclf.deep.run_card import Run, runs_in
from zoneclf.deep.sets.track_set import TrackSet
from zoneclf.deep.target_set import inputs_of
from zoneclf.deep.task import Task

# So many clips of each set are enough to tell.
_MOST_CLIPS = 1000
_FOLDS = 2


@dataclass(frozen=True)
class DomainCheck:
    """How well a fresh classifier tells both sets apart by what a network's last layer sees.

    It is a logistic regression on features of clips that nothing was learnt from (the splits valid,
    calib and test), fitted on half of the artists and asked about the others, and the other way
    round.  `inputs` are those that the network learns from.
    """

    material: Material[Any]
    recipe: LearningRecipe
    inputs: Inputs
    device: str

    def accuracy(self, network: nn.Module) -> float | None:
        """Return the balanced accuracy: 0.5 is by chance; None where there are too few artists."""
        network.to(self.device)
        target = self.material.target
        assert target is not None
        rows, domains, groups = [], [], []
        for domain, one in enumerate((self.material, target)):
            places = held_out(one.prepared)
            inputs = replace(inputs_of(one, self.inputs), augmenter=None)
            rows.append(answers(_Features(network), inputs, places, self.device))
            domains.append(np.full(len(places), domain))
            groups.append(one.prepared.groups[places])
        if min(len(np.unique(some)) for some in groups) < _FOLDS:
            return None
        features = np.concatenate(rows)
        return domain_accuracy(features, np.concatenate(domains), np.concatenate(groups))

    def told(self, task: Task[Any, Any], run: Run, start: float | None) -> dict[str, Any]:
        """Return what a run's train.json says, when the run has its best checkpoint.

        ``start``
            The network as learning began.
        ``without``
            The best of the run that learnt the same without adapting, if it is there: what to
            compare ``after`` with, since learning to classify changes features, too.
        ``after``
            The best of this run.
        """
        twin = self._twin(task, run.folder.parent)
        of_best = [
            one and self.accuracy(load_checkpoint(one.folder, task=task.name).network)
            for one in (twin, run)
        ]
        return {
            "start": start,
            "without": of_best[0],
            "without_run": twin.folder.name if twin else None,
            "after": of_best[1],
            **self.counts,
        }

    def _twin(self, task: Task[Any, Any], root: Path) -> Run | None:
        """Return the finished run that learnt the same, but adapted to nothing."""
        recipe = replace(self.recipe, **vars(AdaptSettings()))
        digest = replace(self.material, target=None).digest(recipe)
        same = (run for run in runs_in(task, root) if run.card.digest == digest)
        return next((run for run in same if run.card.finished), None)

    @property
    def counts(self) -> dict[str, int]:
        """How many clips of each set are told apart."""
        assert self.material.target is not None
        return {
            "source_clips": len(held_out(self.material.prepared)),
            "target_clips": len(held_out(self.material.target.prepared)),
        }


def held_out(prepared: TrackSet) -> npt.NDArray[np.int64]:
    """Return places that nothing is learnt from, of a large set some that are evenly spread."""
    places = np.sort(np.concatenate([prepared.places(s) for s in ("valid", "calib", "test")]))
    if len(places) <= _MOST_CLIPS:
        return places
    return places[np.linspace(0, len(places) - 1, _MOST_CLIPS).round().astype(np.int64)]


def domain_accuracy(
    features: Floats, domains: npt.NDArray[np.int64], groups: npt.NDArray[np.str_]
) -> float:
    """Return the balanced accuracy of logistic regressions in two folds of whole groups.

    Parameters
    ----------
    features
        Shape (clips, features).
    domains, groups
        Shape (clips,): 0 or 1, and what stays together.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=5000)
    )
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    said = cross_val_predict(classifier, features, domains, groups=groups, cv=folds)
    return float(balanced_accuracy_score(domains, said))


class _Features(nn.Module):
    """A network that answers with what its last layer sees."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = cast(Headed, network)

    def forward(self, batch: Any) -> Any:
        return self.network.embed(batch)

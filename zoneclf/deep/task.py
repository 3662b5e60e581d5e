"""What a task is to a run of training: genre, mood and affect each give one."""

from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch import nn

from zoneclf.deep.material import Material
from zoneclf.deep.recipe import LearningRecipe
from zoneclf.deep.training import Keeper, Lesson

R = TypeVar("R", bound=LearningRecipe)
M = TypeVar("M", bound=Material[Any])


class Task(Protocol[R, M]):
    """A kind of question that networks learn to answer.

    Its runs lie in ``models/<name>/``; `name` is the task on their checkpoints' cards.
    """

    @property
    def name(self) -> str:
        """Return ``genre``, ``mood`` or ``affect``."""

    @property
    def recipe(self) -> type[R]:
        """Return the class of its recipes."""

    def material(self, set_folder: Path, recipe: R, embeddings: str) -> M:
        """Return what a recipe learns from; `embeddings` chooses among a set's tables."""

    def lesson(self, material: M, recipe: R, device: str) -> tuple[Lesson, list[str]]:
        """Return what is learnt, and lines of debug output about it."""

    def network(self, material: M, recipe: R, lesson: Lesson) -> tuple[nn.Module, dict[str, Any]]:
        """Return the network as learning begins, and its parameters.

        Weights that do not require a gradient stay as they are.
        """

    def keeper(self, folder: Path, material: M, recipe: R, *, parameters: dict[str, Any]) -> Keeper:
        """Return what stores the run's checkpoints in its folder."""

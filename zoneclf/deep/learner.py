"""A network that learns: its optimizer, mixed precision, and everything that a step changes."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from zoneclf.deep.adaptation import Adaptation, Beside
from zoneclf.deep.layers import Headed

Loss = Callable[[Tensor, Tensor], Tensor]


class Learner:
    """A network, AdamW (Loshchilov and Hutter, 2019), and half precision where there is a GPU.

    Weights that do not require a gradient are frozen: they stay as they are, and so do the running
    means of frozen parts, which always answer as they would after training.
    `clip` is the longest that a step's gradient may be, 0 for any; `weight_decay` AdamW's;
    `adaptation` is there if the network learns for other sound, too.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        weight_decay: float,
        clip: float,
        device: str = "cpu",
        adaptation: Adaptation | None = None,
    ) -> None:
        self.network = network.to(device)
        self.clip, self.device, self.adaptation = clip, device, adaptation
        self.learnt = [weight for weight in network.parameters() if weight.requires_grad]
        if adaptation is not None:
            self.learnt += adaptation.head.to(device).parameters()
        self.optimizer = torch.optim.AdamW(self.learnt, weight_decay=weight_decay)
        self.half = _half(device)
        # Numbers below 6e-8 vanish in float16; bfloat16 has the reach of float32.
        self.scaler = torch.amp.GradScaler("cuda", enabled=self.half == torch.float16)

    def begin(self) -> None:
        """Make the network ready to learn: what is not frozen, for that answers as it is."""
        self.network.train()
        for part in self.network.modules():
            weights = list(part.parameters())
            if weights and not any(weight.requires_grad for weight in weights):
                part.eval()

    def step(
        self,
        batch: dict[str, Tensor],
        targets: Tensor,
        *,
        loss: Loss,
        rate: float,
        beside: Beside | None = None,
    ) -> float:
        """Learn from a batch at a learning rate; return its loss before.

        With an adaptation, `beside` is what it drew; its own loss is not in what is returned.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        logits, more = self._answer(batch, beside)
        found = loss(logits.float(), targets.to(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(found if more is None else found + more).backward()
        self.scaler.unscale_(self.optimizer)
        if self.clip > 0:
            nn.utils.clip_grad_norm_(self.learnt, self.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return float(found.detach())

    def _answer(
        self, batch: dict[str, Tensor], beside: Beside | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the logits of a batch, and what adapting adds to the loss.

        Batch normalisation sees both sets at once, as later its running means are those of both.
        """
        inputs = {name: value.to(self.device) for name, value in batch.items()}
        mixed = torch.autocast("cuda", dtype=self.half, enabled=self.half is not None)
        if self.adaptation is None or beside is None:
            with mixed:
                return self.network(inputs), None
        network = cast(Headed, self.network)
        there = {name: value.to(self.device) for name, value in beside.batch.items()}
        with mixed:
            both = {name: torch.cat([inputs[name], there[name]]) for name in inputs}
            features = network.embed(both)
            logits = network.answer(features[: len(features) // 2])
        return logits, self.adaptation.loss(features.float(), beside.strength)

    def tensors(self) -> dict[str, Tensor]:
        """Return everything that learning changes, by name."""
        found = {f"network/{name}": value for name, value in self.network.state_dict().items()}
        if self.adaptation is not None:
            head = self.adaptation.head.state_dict()
            found |= {f"adaptation/{name}": value for name, value in head.items()}
        for number, moments in self.optimizer.state_dict()["state"].items():
            found |= {f"optimizer/{number}/{name}": value for name, value in moments.items()}
        return found

    def restore(self, tensors: dict[str, Tensor], scaler: dict[str, Any]) -> None:
        """Take what `tensors` and the scaler's ``state_dict`` were.

        Raises
        ------
        ValueError, KeyError, RuntimeError
            If they are another network's.
        """
        weights: dict[str, Tensor] = {}
        head: dict[str, Tensor] = {}
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            part, _, rest = key.partition("/")
            if part == "network":
                weights[rest] = value
            elif part == "adaptation":
                head[rest] = value
            else:
                number, _, name = rest.partition("/")
                moments.setdefault(int(number), {})[name] = value
        self._require_moments(moments)
        self.network.load_state_dict(weights)
        if self.adaptation is not None:
            self.adaptation.head.load_state_dict(head)
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        if self.scaler.is_enabled() and scaler:
            self.scaler.load_state_dict(scaler)

    def _require_moments(self, moments: dict[int, dict[str, Tensor]]) -> None:
        shapes = {number: weight.shape for number, weight in enumerate(self.learnt)}
        for number, found in moments.items():
            names = {"step", "exp_avg", "exp_avg_sq"}
            fits = number in shapes and found.keys() == names
            if not fits or any(found[n].shape != shapes[number] for n in names - {"step"}):
                raise ValueError(f"the optimizer's numbers of weight {number} do not fit")


def seed_batch(*key: int) -> np.random.Generator:
    """Return the random numbers of a batch, and start torch's for it.

    They follow from `key` (seed, epoch, batch) alone, so nothing of them has to be stored.
    """
    sequence = np.random.SeedSequence(key)
    torch.manual_seed(int(sequence.generate_state(1)[0]))
    return np.random.default_rng(sequence)


def _half(device: str) -> torch.dtype | None:
    """Return the type of mixed precision; None on a processor."""
    if device != "cuda":
        return None
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native else torch.float16

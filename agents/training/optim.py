"""The paper's two optimizers, AdamATan2 for the weights and sign-SGD for the prefix vector; and AdamW and Muon.

AdamATan2 is Adam with atan2 in place of division by the root (Everett et al., 2024, arXiv 2407.05872): no epsilon, and
invariant to the gradient's scale. Its step counts live on the device, so that a CUDA graph may hold it; ``lr`` may be
a tensor there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from agents.config.training import TrainConfig
from agents.models.air import AIR
from agents.models.layers import Linear


class AdamATan2(Optimizer):
    """p <- (1 - lr * decay) * p - lr * a * atan2(m, b * sqrt(v)), with m and v Adam's bias-corrected moments."""

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.95),
        weight_decay: float = 1.0,
        a: float = 1.27,
        b: float = 1.0,
    ):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "a": a, "b": b})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step; parameters without a gradient are left alone."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            for p in params:
                if not self.state[p]:
                    step = torch.zeros((), device=p.device)
                    self.state[p].update(step=step, m=torch.zeros_like(p), v=torch.zeros_like(p))
            for dtype in dict.fromkeys(p.dtype for p in params):  # one kernel takes tensors of one dtype
                self._move([p for p in params if p.dtype == dtype], group)
        return loss

    def _move(self, params: list[Tensor], group: dict[str, Any]) -> None:
        """Take the step of some parameters of one dtype, all of which have a gradient."""
        lr, (beta1, beta2), a, b = group["lr"], group["betas"], group["a"], group["b"]
        gradients = [p.grad for p in params if p.grad is not None]
        m, v, steps = ([self.state[p][key] for p in params] for key in ("m", "v", "step"))
        torch._foreach_add_(steps, 1)
        torch._foreach_lerp_(m, gradients, 1 - beta1)
        torch._foreach_mul_(v, beta2)
        torch._foreach_addcmul_(v, gradients, gradients, 1 - beta2)
        # atan2 sees the ratio of the moments alone, so that one factor corrects the bias of both.
        step = torch.stack(steps)
        corrections = (b * (1 - beta1**step) / (1 - beta2**step).sqrt()).unbind()
        updates = torch._foreach_sqrt(v)
        torch._foreach_mul_(updates, corrections)
        for update, m_p in zip(updates, m, strict=True):
            torch.atan2(m_p, update, out=update)
        torch._foreach_mul_(updates, lr * a)
        torch._foreach_mul_(params, 1 - lr * group["weight_decay"])
        torch._foreach_sub_(params, updates)


class SignSGD(Optimizer):
    """p <- (1 - lr * decay) * p - lr * sign(gradient)."""

    def __init__(self, params: Iterable[nn.Parameter], lr: float = 1e-4, weight_decay: float = 1.0):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step; parameters without a gradient are left alone."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.mul_(1 - group["lr"] * group["weight_decay"]).add_(p.grad.sign(), alpha=-group["lr"])
        return loss


def state_names(optimizer: Optimizer) -> frozenset[str]:
    """Return what Adam, or an optimizer of ``build_optimizers``, keeps of a parameter once it has moved it."""
    return _STATE[type(optimizer).__name__]


_STATE = {
    "AdamATan2": frozenset({"step", "m", "v"}),
    "SignSGD": frozenset[str](),
    "Adam": frozenset({"step", "exp_avg", "exp_avg_sq"}),
    "AdamW": frozenset({"step", "exp_avg", "exp_avg_sq"}),
    "Muon": frozenset({"momentum_buffer"}),
}


def build_optimizers(model: AIR, config: TrainConfig) -> list[Optimizer]:
    """Build what ``config.optimizer`` names, over all of the model's parameters.

    Raises:
        ValueError: this torch is too old for Muon.
    """
    lr, decay = config.lr, config.weight_decay
    if config.optimizer == "adam_atan2":
        weights = [parameter for parameter in model.parameters() if parameter is not model.prefix]
        return [AdamATan2(weights, lr, weight_decay=decay), SignSGD([model.prefix], lr, weight_decay=decay)]
    if config.optimizer == "adamw":
        return [_adamw(model.parameters(), lr, decay)]
    if not hasattr(torch.optim, "Muon"):
        raise ValueError(f"optimizer 'muon' needs torch 2.9 or newer, found {torch.__version__}")
    matrices = [m.weight for m in model.modules() if isinstance(m, Linear) and m is not model.lm_head]
    rest = set(model.parameters()) - set(matrices)
    # Scaled to the size of AdamW's updates, so that one learning rate and decay serve both.
    muon = torch.optim.Muon(matrices, lr, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
    return [muon, _adamw([parameter for parameter in model.parameters() if parameter in rest], lr, decay)]


def _adamw(parameters: Iterable[nn.Parameter], lr: float, decay: float) -> Optimizer:
    return torch.optim.AdamW(parameters, lr, (0.9, 0.95), weight_decay=decay, fused=True)


@torch.no_grad()
def average_weights(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move a moving average of the weights, in float32, towards a model's, without waiting for the device."""
    torch._foreach_lerp_(list(average.parameters()), [p.float() for p in model.parameters()], 1 - decay)


def clip_gradients(parameters: Iterable[Tensor], norm: float | None) -> None:
    """Scale the gradients down to a joint norm of at most ``norm``; None leaves them."""
    if norm is not None:
        nn.utils.clip_grad_norm_(parameters, norm)

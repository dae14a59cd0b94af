"""Optimizers on NumPy arrays: a thin adapter over `torch.optim`, its schedulers and its averaging; no gradients here.

Torch is imported when the first optimizer is made. The arrays are shared with torch, so nothing is copied at a step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.training import State

if TYPE_CHECKING:
    import torch

Solver = Literal["lbfgs", "adam", "sgd"]
Schedule = Literal[
    "constant", "hyperbolic", "exponential", "cosine", "warmup-cosine", "polynomial", "piecewise", "restarts"
]
Arrays = Mapping[str, NDArray[np.float64]]
Evaluate = Callable[[], tuple[float, Arrays]]
"""Cost at the optimizer's present arrays, and its gradient by every array that is to move."""

DEFAULT_DECAY = {"hyperbolic": 0.1, "exponential": 0.05, "polynomial": 1.0, "piecewise": 0.1}
N_STEPS = {"warmup-cosine": "one number, the iterations of warm-up", "restarts": "one number, the first period"}
LINE_SEARCH_EVALUATIONS = 20


@dataclass(frozen=True)
class Plan:
    """How to optimize.

    Attributes
    ----------
    solver : {"lbfgs", "adam", "sgd"}
        L-BFGS has a strong Wolfe line search, and neither rate nor schedule.
    rates : mapping of str to float
        Learning rate α₀ of each array, by its name.
    momentum : float
        Of "sgd".
    schedule : str
        Rate at iteration t of `n_iterations` T, as a multiple of α₀, with δ the `decay`: hyperbolic 1/(1 + δt);
        exponential exp(-δt); cosine (1 + cos(πt/T))/2; warmup-cosine rising linearly for `steps[0]` iterations,
        then cosine; polynomial (1 - t/T)^δ; piecewise δ^(number of `steps` passed); restarts, cosine over periods
        of `steps[0]` iterations.
    average : float
        Decay of the exponential moving average of the arrays; 0 for none.
    """

    solver: Solver
    rates: Mapping[str, float]
    n_iterations: int
    momentum: float = 0.0
    schedule: Schedule = "constant"
    decay: float | None = None
    steps: tuple[int, ...] = ()
    average: float = 0.0

    def __post_init__(self) -> None:
        if self.solver == "lbfgs" and (self.momentum or self.schedule != "constant" or self.average):
            raise ValueError("momentum, schedule and averaging have no effect with solver='lbfgs': leave them out.")
        if self.solver == "adam" and self.momentum:
            raise ValueError("momentum has no effect with solver='adam', which has its own: leave it out.")
        if self.decay is not None and self.schedule not in DEFAULT_DECAY:
            raise ValueError(f"decay has no effect with schedule={self.schedule!r}: leave it out.")
        if self.schedule in N_STEPS and len(self.steps) != 1:
            raise ValueError(f"schedule={self.schedule!r} needs schedule_steps, {N_STEPS[self.schedule]}.")
        if self.schedule == "piecewise" and not self.steps:
            raise ValueError("schedule='piecewise' needs schedule_steps, the iterations at which the rate falls.")
        if self.steps and self.schedule not in (*N_STEPS, "piecewise"):
            raise ValueError(f"schedule_steps has no effect with schedule={self.schedule!r}: leave it out.")


class Optimizer:
    """Moves a few named arrays downhill, one update at a time.

    Parameters
    ----------
    start : mapping of str to float64 array
        Where to begin; copied.
    plan : Plan

    Attributes
    ----------
    arrays : dict of str to float64 array
        The present values. They change in place at a step; they may also be written to between steps of
        "adam" and "sgd".
    """

    _optimizer: torch.optim.Optimizer

    def __init__(self, start: Arrays, plan: Plan) -> None:
        torch = torch_module()
        self._plan = plan
        self._tensors = {name: torch.from_numpy(np.array(values, order="C")) for name, values in start.items()}
        self.arrays: dict[str, NDArray[np.float64]] = {name: t.numpy() for name, t in self._tensors.items()}
        self._averages = {name: t.clone() for name, t in self._tensors.items()} if plan.average else None
        self._make()

    def step(self, evaluate: Evaluate, moving: Collection[str]) -> bool:
        """Do one update of the arrays named in `moving`; the others keep their bits.

        Returns
        -------
        bool
            Whether anything moved. L-BFGS that finds no lower point does not move; it then forgets its curvature.
        """
        torch = torch_module()
        before = {name: values.copy() for name, values in self.arrays.items()}

        def closure() -> float:
            cost, gradients = evaluate()
            for name, tensor in self._tensors.items():
                tensor.grad = torch.from_numpy(np.array(gradients[name], order="C")) if name in moving else None
            return cost

        with on_one_thread():
            self._optimizer.step(closure)
        if self._averages is not None:
            average = torch.optim.swa_utils.get_ema_multi_avg_fn(self._plan.average)
            average(list(self._averages.values()), list(self._tensors.values()), 1)
        moved = any(not np.array_equal(before[name], values) for name, values in self.arrays.items())
        if not moved and self._plan.solver == "lbfgs":
            self.forget()
        return moved

    def end_iteration(self) -> None:
        """Go on to the rate of the next iteration."""
        if self._scheduler is not None:
            self._scheduler.step()

    def forget(self) -> None:
        """Drop momenta and curvature, keep the arrays and the place in the schedule."""
        self._optimizer.state.clear()

    @property
    def has_memory(self) -> bool:
        """Whether there are momenta or curvature to forget."""
        return bool(self._optimizer.state)

    @property
    def rate(self) -> float:
        """The present learning rate of the first array."""
        return float(self._optimizer.param_groups[0]["lr"])

    @property
    def averaged(self) -> dict[str, NDArray[np.float64]]:
        """The moving average of the arrays, or the arrays themselves where none was planned."""
        if self._averages is None:
            return self.arrays
        return {name: t.numpy() for name, t in self._averages.items()}

    def keep(self) -> Callable[[], None]:
        """What takes everything back to how it is now; quicker than `state`, for steps that may be broken off."""
        tensors = [*self._tensors.values(), *(self._averages or {}).values()]
        before = [t.clone() for t in tensors]
        memory = {key: {name: _kept(v) for name, v in held.items()} for key, held in self._optimizer.state.items()}

        def put_back() -> None:
            for tensor, values in zip(tensors, before, strict=True):
                tensor.copy_(values)
            self._optimizer.state.clear()
            self._optimizer.state.update(memory)

        return put_back

    def state(self) -> State:
        """Everything that `load_state` needs to go on bit for bit: copies of arrays, and JSON values."""
        found: list[NDArray[Any]] = []
        tree = {
            "optimizer": pack(self._optimizer.state_dict(), found),
            "scheduler": None if self._scheduler is None else pack(self._scheduler.state_dict(), found),
        }
        state: State = {"tree": tree, **{f"tensor.{k}": array for k, array in enumerate(found)}}
        state |= {f"array.{name}": values.copy() for name, values in self.arrays.items()}
        if self._averages is not None:
            state |= {f"average.{name}": t.numpy().copy() for name, t in self._averages.items()}
        return state

    def load_state(self, state: State) -> None:
        """Take up what `state` gave.

        Raises
        ------
        ValueError
            If it is of another kind of optimizer or of other arrays.
        """
        torch = torch_module()
        try:
            for name, values in self.arrays.items():
                if state[f"array.{name}"].shape != values.shape:
                    raise ValueError(f"{name} has another shape")
                values[...] = state[f"array.{name}"]
                if self._averages is not None:
                    self._averages[name] = torch.from_numpy(np.array(state[f"average.{name}"]))
            self._make()
            self._optimizer.load_state_dict(unpack(state["tree"]["optimizer"], state))
            if self._scheduler is not None:
                self._scheduler.load_state_dict(unpack(state["tree"]["scheduler"], state))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"The state to resume does not fit the optimizer ({error}).") from None

    def _make(self) -> None:
        torch, plan = torch_module(), self._plan
        for tensor in self._tensors.values():
            tensor.grad = None
        groups = [{"params": [t], "lr": plan.rates[name]} for name, t in self._tensors.items()]
        if plan.solver == "lbfgs":
            self._optimizer = torch.optim.LBFGS(
                list(self._tensors.values()),
                max_iter=1,
                max_eval=1 + LINE_SEARCH_EVALUATIONS,
                tolerance_grad=1e-10,
                tolerance_change=1e-14,
                history_size=20,
                line_search_fn="strong_wolfe",
            )
        elif plan.solver == "adam":
            self._optimizer = torch.optim.Adam(groups, fused=True)
        else:
            self._optimizer = torch.optim.SGD(groups, momentum=plan.momentum, fused=True)
        self._scheduler = _scheduler(self._optimizer, plan)


def _scheduler(optimizer: torch.optim.Optimizer, plan: Plan) -> torch.optim.lr_scheduler.LRScheduler | None:
    of = torch_module().optim.lr_scheduler
    decay = DEFAULT_DECAY.get(plan.schedule, 0.0) if plan.decay is None else plan.decay
    found: torch.optim.lr_scheduler.LRScheduler | None = None
    match plan.schedule:
        case "hyperbolic":
            found = of.LambdaLR(optimizer, lambda t: 1 / (1 + decay * t))
        case "exponential":
            found = of.ExponentialLR(optimizer, math.exp(-decay))
        case "cosine":
            found = of.CosineAnnealingLR(optimizer, plan.n_iterations)
        case "warmup-cosine":
            warmup = plan.steps[0]
            rise = of.LinearLR(optimizer, 1 / (warmup + 1), total_iters=warmup)
            fall = of.CosineAnnealingLR(optimizer, max(1, plan.n_iterations - warmup))
            found = of.SequentialLR(optimizer, [rise, fall], [warmup])
        case "polynomial":
            found = of.PolynomialLR(optimizer, plan.n_iterations, decay)
        case "piecewise":
            found = of.MultiStepLR(optimizer, sorted(plan.steps), decay)
        case "restarts":
            found = of.CosineAnnealingWarmRestarts(optimizer, plan.steps[0])
    return found


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Torch on one thread: its others take longer to wake than small arrays take, and would change the bits of sums."""
    torch = torch_module()
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def _kept(value: Any) -> Any:
    """A copy of a number in an optimizer's memory; of lists, whose tensors are never written to, only the list."""
    if isinstance(value, torch_module().Tensor):
        return value.clone()
    return list(value) if isinstance(value, list) else value


def pack(value: Any, found: list[NDArray[Any]]) -> Any:
    """A nested state of torch as JSON; its tensors are copied to the end of `found` and named by their place."""
    if isinstance(value, torch_module().Tensor):
        found.append(value.detach().cpu().numpy().copy())
        return {"tensor": len(found) - 1}
    if isinstance(value, Mapping):
        return {"items": [[key, pack(v, found)] for key, v in value.items()]}
    if isinstance(value, list | tuple):
        return [pack(v, found) for v in value]
    return value


def unpack(value: Any, state: State) -> Any:
    if isinstance(value, dict):
        if "tensor" in value:
            return torch_module().from_numpy(np.array(state[f"tensor.{value['tensor']}"]))
        return {key: unpack(v, state) for key, v in value["items"]}
    if isinstance(value, list):
        return [unpack(v, state) for v in value]
    return value


@cache
def torch_module() -> Any:
    import torch

    for name in ("add_param_group", "load_state_dict", "state_dict", "zero_grad"):
        # Torch shields these from its compiler by importing it, seconds of work for what is never compiled here.
        plain = getattr(getattr(torch.optim.Optimizer, name), "__wrapped__", None)
        if plain is not None and not hasattr(plain, "__dynamo_disable"):
            setattr(plain, "__dynamo_disable", plain)
    return torch

"""Training of DeepVQ: epochs of pre-training layer by layer, then epochs on the whole; each is one step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds, map_blocks
from engines.deep.batches import mean_and_scale, shuffled_batches
from engines.deep.bits import tally_of, usage
from engines.deep.coder import Coder, flat
from engines.deep.codes import best_codes, fit, straight_through
from engines.deep.network import MOMENTUM, Network
from engines.deep.settings import Settings
from engines.optimize import on_one_thread, pack, torch_module, unpack
from engines.rows import RowSource
from engines.training import Learner, Snapshot, State, StopToken

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[Any]
FIRST_ROWS = 1024
"""Rows, at most, from which the first running statistics of batch normalisation are taken."""


@dataclass(frozen=True, eq=False)
class Point:
    """What is shown of one step: fitted attributes and figures, all of the same networks."""

    iteration: int
    cost: float
    metrics: Mapping[str, float]
    fitted: Mapping[str, Any]
    finished: bool
    message: str = ""


class DeepLearner(Learner):
    """Descends the auto-encoder's error by mini-batches; a step is an epoch, the first ones of pre-training.

    Parameters
    ----------
    weights : (n,) float64
    device : {"cpu", "cuda"}
    n_jobs : int
        Threads of scoring; learning takes one, so that its bits do not depend on their number.
    """

    def __init__(
        self,
        rows: RowSource,
        weights: NDArray[np.float64],
        n_bits: int,
        settings: Settings,
        rng: np.random.Generator,
        device: str,
        n_jobs: int,
        validation: RowSource | None,
    ) -> None:
        self._rows, self._weights, self._settings, self._rng = rows, weights, settings, rng
        self._device, self._n_jobs, self._validation = device, n_jobs, validation
        sizes = (rows.shape[1], *settings.hidden, n_bits)
        self._network = Network(sizes, settings.tied, settings.activation)
        self._n_pretrain = settings.pretrain_iter * self._network.depth
        self._point: Point
        self._mean: Floats
        self._scale: Floats

    # --- the training's side

    def start(self, stop: StopToken) -> None:
        self._mean, self._scale = mean_and_scale(self._rows, self._weights, self._n_jobs, stop)
        stop.check()
        first = self._rows.read(0, min(FIRST_ROWS, self._rows.shape[0]))
        with on_one_thread():
            self._set_out()
            with torch_module().no_grad():
                self._network.decode(self._network.encode(self._scaled(first), 1.0), 1.0)
        self._point = self._look(0, stop)

    def step(self, stop: StopToken) -> None:
        put_back, iteration = self._keep(), self._point.iteration + 1
        try:
            with on_one_thread():
                self._epoch(stop)
            point = self._look(iteration, stop) if self._is_finite() else replace(self._point, cost=math.nan)
        except BaseException:
            put_back()
            raise
        if not math.isfinite(point.cost):
            put_back()
            message = "the cost is no longer finite, the last good state is kept: try a lower learning rate"
            point = replace(self._point, iteration=iteration, finished=True, message=message)
        self._point = point

    @property
    def finished(self) -> bool:
        return self._point.finished

    def snapshot(self) -> Snapshot:
        point = self._point
        arrays = {name[:-1]: values for name, values in point.fitted.items()}
        most = self._n_pretrain + self._settings.max_iter
        return Snapshot(point.iteration, most, point.cost, point.metrics, point.message, lambda: arrays)

    def fitted(self) -> Mapping[str, Any]:
        return {**self._point.fitted, "inertia_": self._point.cost, "n_iter_": self._point.iteration}

    def state(self) -> State:
        point, found = self._point, list[NDArray[Any]]()
        state: State = {
            "sizes": list(self._network.sizes),
            "n_rows": self._rows.shape[0],
            "rng": generator_state(self._rng),
            "noise": self._noise.get_state().numpy().copy(),
            "mean": self._mean,
            "scale": self._scale,
            "optimizer": pack(self._optimizer.state_dict(), found),
            "point": [point.iteration, point.cost, dict(point.metrics), point.finished, point.message],
            "counts": point.fitted["counts_"],
        }
        state |= {f"tensor.{k}": array for k, array in enumerate(found)}
        return state | {f"network.{k}": v.detach().cpu().numpy().copy() for k, v in self._tensors().items()}

    def load_state(self, state: State) -> None:
        if list(state["sizes"]) != list(self._network.sizes) or state["n_rows"] != self._rows.shape[0]:
            raise ValueError(
                f"The state to resume is of {state['n_rows']} rows and layers of {state['sizes']} values, which does "
                f"not fit {self._rows.shape[0]} rows and layers of {list(self._network.sizes)}."
            )
        torch = torch_module()
        self._mean, self._scale = (np.asarray(state[name], self._rows.dtype) for name in ("mean", "scale"))
        with on_one_thread():
            self._set_out()
            with torch.no_grad():
                for name, tensor in self._tensors().items():
                    tensor.copy_(torch.from_numpy(np.array(state[f"network.{name}"])))
            self._optimizer.load_state_dict(unpack(state["optimizer"], state))
        self._rng = generator_from_state(state["rng"])
        self._noise.set_state(torch.from_numpy(np.array(state["noise"])))
        iteration, cost, metrics, finished, message = state["point"]
        fitted = self._fitted(self._coder(), np.asarray(state["counts"]))
        self._point = Point(iteration, cost, metrics, fitted, finished, message)

    # --- one epoch

    def _epoch(self, stop: StopToken) -> None:
        torch, settings, done = torch_module(), self._settings, self._point.iteration
        layer = done // settings.pretrain_iter if done < self._n_pretrain else None
        rate = settings.learning_rate
        if layer is None and settings.schedule == "cosine":
            rate *= (1 + math.cos(math.pi * (done - self._n_pretrain) / settings.max_iter)) / 2
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        mean_weight = float(self._weights.mean())
        for block, which in shuffled_batches(self._rows, settings.batch_size, self._rng, stop):
            Z = self._scaled(block)
            weight = (self._weights[which, None] / mean_weight).astype(block.dtype)
            loss = self._errors(Z, layer) * torch.from_numpy(weight).to(self._device)
            self._optimizer.zero_grad(set_to_none=True)
            (loss.mean() / self._network.sizes[layer or 0]).backward()
            if settings.clip is not None:
                torch.nn.utils.clip_grad_norm_(list(self._network.values.values()), settings.clip)
            self._optimizer.step()

    def _errors(self, Z: Tensor, layer: int | None) -> Tensor:
        """What each row adds to the loss, (n, 1): its whole error, or that of one layer in giving back what it got."""
        torch, network, settings = torch_module(), self._network, self._settings
        if layer is not None:
            with torch.no_grad():
                given = network.encode(Z, None, stop_before=layer)
            back = network.layer("decoder", layer, network.layer("encoder", layer, given, MOMENTUM), MOMENTUM)
            return ((back - given) ** 2).sum(dim=1, keepdim=True)
        F = network.encode(Z, MOMENTUM)
        if settings.penalty is None:
            B = straight_through(F, self._noise if settings.noisy else None)
            return ((network.decode(B, MOMENTUM) - Z) ** 2).sum(dim=1, keepdim=True)
        B = best_codes(lambda bits: network.decode(bits, None), Z, F.detach(), settings.penalty)
        return fit(lambda bits: network.decode(bits, MOMENTUM), Z, F, B, settings.penalty.gamma)

    # --- tensors

    def _set_out(self) -> None:
        """New networks, optimizer and noise; draws from the generator."""
        torch, settings, network = torch_module(), self._settings, self._network
        network.start(self._rng, self._rows.dtype, self._device)
        tensors = list(network.values.values())
        if settings.solver == "adam":
            self._optimizer = torch.optim.Adam(tensors, lr=settings.learning_rate, fused=True)
        else:
            self._optimizer = torch.optim.SGD(
                tensors, lr=settings.learning_rate, momentum=settings.momentum, fused=True
            )
        self._noise = torch.Generator(device=self._device)
        self._noise.manual_seed(int(self._rng.integers(2**31)))

    def _tensors(self) -> dict[str, Tensor]:
        return {**self._network.values, **self._network.statistics}

    def _is_finite(self) -> bool:
        torch = torch_module()
        return all(bool(torch.isfinite(tensor).all()) for tensor in self._tensors().values())

    def _scaled(self, block: Floats) -> Tensor:
        tensor: Tensor = torch_module().from_numpy((block - self._mean) / self._scale).to(self._device)
        return tensor

    def _keep(self) -> Callable[[], None]:
        """What takes everything back to how it is now."""
        torch, found = torch_module(), list[NDArray[Any]]()
        tensors = {name: tensor.detach().clone() for name, tensor in self._tensors().items()}
        optimizer, rng, noise = pack(self._optimizer.state_dict(), found), self._rng, self._noise.get_state()
        before, state = generator_state(rng), {f"tensor.{k}": array for k, array in enumerate(found)}

        def put_back() -> None:
            with torch.no_grad():
                for name, tensor in self._tensors().items():
                    tensor.copy_(tensors[name])
            self._optimizer.load_state_dict(unpack(optimizer, state))
            self._noise.set_state(noise)
            rng.bit_generator.state = before

        return put_back

    # --- looking at it

    def _coder(self) -> Coder:
        encoder, decoder = self._network.folded()
        return Coder(self._mean, self._scale, encoder, decoder, self._settings.activation)

    def _fitted(self, coder: Coder, counts: NDArray[np.float64]) -> dict[str, Any]:
        return {
            "mean_": coder.mean,
            "scale_": coder.scale,
            "encoder_": flat(coder.encoder),
            "decoder_": flat(coder.decoder),
            "layer_sizes_": np.array(self._network.sizes, np.int64),
            "counts_": counts,
        }

    def _look(self, iteration: int, stop: StopToken) -> Point:
        """Encode and decode all rows with the present networks."""
        coder, n, d = self._coder(), *self._rows.shape

        def one(block: Floats, start: int) -> Any:
            weights = self._weights[start : start + len(block)]
            with np.errstate(over="ignore", invalid="ignore"):  # of networks that ran away, whose cost tells it
                signs = coder.signs(block)
                return coder.squared_errors(block, signs) @ weights, tally_of(signs)

        bounds = block_bounds(n, d, self._rows.dtype.itemsize, sum(self._network.sizes[1:]))
        found = list(map_blocks(self._rows, one, bounds, n_jobs=self._n_jobs, stop=stop))
        tally = found[0][1]
        for _, other in found[1:]:
            tally = tally + other
        cost = float(sum(part for part, _ in found))
        error = cost / float(self._weights.sum())
        metrics = {"error_per_row": error, "error_per_component": error / d, **usage(tally)}
        metrics["pretraining"] = float(0 < iteration <= self._n_pretrain)
        if self._validation is not None:
            metrics["validation_error_per_row"] = mean_error(self._validation, coder, self._n_jobs, stop)
        finished = iteration >= self._n_pretrain + self._settings.max_iter
        message = "the last epoch is done" if finished else ""
        return Point(iteration, cost, metrics, self._fitted(coder, tally.counts), finished, message)


def mean_error(rows: RowSource, coder: Coder, n_jobs: int, stop: StopToken | None = None) -> float:
    """Mean over rows of ‖x - g(sign f(x))‖²."""
    return float(np.mean(squared_errors(rows, coder, n_jobs, stop)))


def squared_errors(rows: RowSource, coder: Coder, n_jobs: int, stop: StopToken | None = None) -> NDArray[np.float64]:
    """‖x - g(sign f(x))‖² of each row, (n,)."""
    coder, found = coder.astype(rows.dtype), np.empty(rows.shape[0])

    def one(block: Floats, start: int) -> None:
        found[start : start + len(block)] = coder.squared_errors(block, coder.signs(block))

    for _ in map_blocks(rows, one, coding_bounds(rows.shape[0], coder), n_jobs=n_jobs, stop=stop):
        pass
    return found


def coding_bounds(n: int, coder: Coder) -> list[tuple[int, int]]:
    """Blocks of `n` rows by the work that the networks are."""
    widths = sum(len(bias) for _, bias in (*coder.encoder, *coder.decoder))
    return block_bounds(n, len(coder.mean), coder.mean.dtype.itemsize, widths)

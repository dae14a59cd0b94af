"""Training of auto-encoders, whatever stands between encoder and decoder: epochs of mini-batches; each is one step."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds, map_blocks
from engines.deep.batches import Batches, mean_and_scale, room_on
from engines.deep.coder import LatentLayer, flat
from engines.deep.network import MOMENTUM, Network, Tell
from engines.deep.scoring import RowCoder, squared_errors
from engines.deep.settings import Settings
from engines.optimize import on_one_thread, pack, torch_module, unpack
from engines.rows import RowSource, SelectedRows
from engines.training import Learner, Snapshot, State, StopToken

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

Floats = NDArray[Any]
FIRST_ROWS = 1024
"""Rows, at most, from which the first running statistics of batch normalisation are taken."""
LOOKED_AT = 10_000
"""Rows, at most, that figures are taken from between epochs; to look at all would take a quarter of the time."""


@dataclass(frozen=True, eq=False)
class Job:
    """What to learn from, and with what.

    Attributes
    ----------
    weights : (n,) float64
    device : {"cpu", "cuda"}
    n_jobs : int
        Threads of scoring; learning takes one, so that its bits do not depend on their number.
    validation : RowSource or None
        Rows that are scored and never learned from.
    """

    rows: RowSource
    weights: NDArray[np.float64]
    rng: np.random.Generator
    device: str
    n_jobs: int
    validation: RowSource | None


@dataclass(frozen=True, eq=False)
class Point:
    """What is shown of one step: fitted attributes and figures, all of the same networks."""

    iteration: int
    cost: float
    metrics: Mapping[str, float]
    fitted: Mapping[str, Any]
    finished: bool
    message: str = ""


class Counted(Protocol):
    """Use of the codes, of which that of several blocks of rows may be added."""

    @property
    def counts(self) -> NDArray[np.float64]: ...

    def __add__(self, other: Self) -> Self: ...


AnySettings = TypeVar("AnySettings", bound=Settings)
AnyCoder = TypeVar("AnyCoder", bound=RowCoder)
AnyTally = TypeVar("AnyTally", bound=Counted)


class AutoencoderLearner(Learner, Generic[AnySettings, AnyCoder, AnyTally]):
    """Moves the weights of an encoder and a decoder by mini-batches; a subclass tells the loss and what codes are.

    The first epochs are those in which one layer after the other learns alone to give back what it gets, if any are
    asked for. A subclass that learns more than networks names these tensors in `_extras`.

    Parameters
    ----------
    links : tuple of int
        Latent values of each link of the encoder's last layer, L in all.
    latent : {"tanh", "normalised", "linear"}
        The encoder's last layer.
    """

    def __init__(self, job: Job, links: tuple[int, ...], settings: AnySettings, latent: LatentLayer) -> None:
        self._job, self._settings, self._rng = job, settings, job.rng
        sizes = (job.rows.shape[1], *settings.hidden, sum(links))
        self._network = Network(
            sizes, links, settings.tied, settings.activation, latent, settings.mixed, settings.residual
        )
        self._n_pretrain = settings.layer_iter * self._network.depth
        self._optimizers: dict[str, Optimizer]
        self._batches: Batches
        self._point: Point
        self._mean: Floats
        self._scale: Floats

    # --- what a subclass tells

    @abstractmethod
    def _learn(self, Z: Tensor, weight: Tensor, done: int) -> None:
        """One update by scaled rows (b, d) of weights (b, 1), whose mean over all rows is 1, in the epoch after `done`.

        `done` counts the epochs in which all layers have learned.
        """

    @abstractmethod
    def _coder(self) -> AnyCoder:
        """What gives codes with the present networks, in NumPy."""

    @property
    def _networks(self) -> dict[str, Any]:
        """What every coder is made of."""
        network = self._network
        encoder, decoder = network.folded()
        return {
            "mean": self._mean,
            "scale": self._scale,
            "encoder": encoder,
            "decoder": decoder,
            "activation": network.activation,
            "latent_layer": network.latent,
            "residual": network.residual,
        }

    @abstractmethod
    def _measure(self, coder: AnyCoder, block: Floats, weights: NDArray[np.float64]) -> tuple[float, AnyTally]:
        """Σ w‖x - decode(encode(x))‖² of rows (b, d), and the use of their codes."""

    @abstractmethod
    def _figures(self, tally: AnyTally, iteration: int) -> dict[str, float]:
        """Metrics of the use of codes by all rows after that many steps, and of the training's way."""

    @property
    def _stages(self) -> tuple[int, ...]:
        """Epochs of each stage in which all layers learn; the schedule of the learning rate goes over each."""
        return (self._settings.max_iter,)

    def _extras(self) -> Mapping[str, Tensor]:
        """Tensors beside the networks' that a state must hold; made by `_set_out`, written to in place."""
        return {}

    def _begin(self, stop: StopToken) -> None:
        """Give the extras their first values, with the untrained networks."""

    def _begin_epoch(self, done: int, stop: StopToken) -> None:
        """Before the batches of the epoch that follows `done` epochs of all layers."""

    def _end_epoch(self, done: int, stop: StopToken) -> None:
        """After the batches of the epoch with which `done` of all layers are done."""

    def _fitted(self, coder: AnyCoder, counts: NDArray[np.float64]) -> dict[str, Any]:
        """Attributes, with underscore, of an engine that codes as `coder` does."""
        encoder, decoder = self._network.folded()
        return {
            "mean_": self._mean,
            "scale_": self._scale,
            "encoder_": flat(encoder),
            "decoder_": flat(decoder),
            "layer_sizes_": np.array(self._network.sizes, np.int64),
            "counts_": counts,
        }

    # --- the training's side

    def start(self, stop: StopToken) -> None:
        job = self._job
        self._mean, self._scale = mean_and_scale(job.rows, job.weights, job.n_jobs, stop)
        stop.check()
        with on_one_thread():
            self._set_out(stop)
            first = self._batches.scaled(job.rows.read(0, min(FIRST_ROWS, job.rows.shape[0])))
            with torch_module().no_grad():
                self._network.decode(self._network.encode(first, 1.0), 1.0)
                self._begin(stop)
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
        return Snapshot(point.iteration, self._n_epochs, point.cost, point.metrics, point.message, lambda: arrays)

    def fitted(self) -> Mapping[str, Any]:
        return {**self._point.fitted, "inertia_": self._point.cost, "n_iter_": self._point.iteration}

    def state(self) -> State:
        point, found = self._point, list[NDArray[Any]]()
        state: State = {
            "sizes": list(self._network.sizes),
            "links": list(self._network.links),
            "n_rows": self._job.rows.shape[0],
            "rng": generator_state(self._rng),
            "noise": self._noise.get_state().numpy().copy(),
            "mean": self._mean,
            "scale": self._scale,
            "optimizers": pack(self._memories(), found),
            "point": [point.iteration, point.cost, dict(point.metrics), point.finished, point.message],
            "counts": point.fitted["counts_"],
        }
        state |= {f"tensor.{k}": array for k, array in enumerate(found)}
        return state | {f"learned.{k}": v.detach().cpu().numpy().copy() for k, v in self._tensors().items()}

    def load_state(self, state: State) -> None:
        rows = self._job.rows
        if list(state["sizes"]) != list(self._network.sizes) or state["n_rows"] != rows.shape[0]:
            raise ValueError(
                f"The state to resume is of {state['n_rows']} rows and layers of {state['sizes']} values, which does "
                f"not fit {rows.shape[0]} rows and layers of {list(self._network.sizes)}."
            )
        if list(state["links"]) != list(self._network.links):
            raise ValueError(
                f"The state to resume has links of {state['links']} latent values, not of {list(self._network.links)}."
            )
        torch = torch_module()
        self._mean, self._scale = (np.asarray(state[name], rows.dtype) for name in ("mean", "scale"))
        with on_one_thread():
            self._set_out(StopToken())
            with torch.no_grad():
                for name, tensor in self._tensors().items():
                    kept = np.array(state[f"learned.{name}"])
                    if kept.shape != tuple(tensor.shape):
                        raise ValueError(f"The state to resume has {name} of shape {kept.shape}: it is of other codes.")
                    tensor.copy_(torch.from_numpy(kept))
            self._remember(unpack(state["optimizers"], state))
        self._rng = generator_from_state(state["rng"])
        self._noise.set_state(torch.from_numpy(np.array(state["noise"])))
        iteration, cost, metrics, finished, message = state["point"]
        fitted = self._fitted(self._coder(), np.asarray(state["counts"]))
        self._point = Point(iteration, cost, metrics, fitted, finished, message)

    # --- one epoch

    @property
    def _n_epochs(self) -> int:
        return self._n_pretrain + sum(self._stages)

    def _epoch(self, stop: StopToken) -> None:
        torch, settings, done = torch_module(), self._settings, self._point.iteration
        layer = done // settings.layer_iter if done < self._n_pretrain else None
        if layer is None:
            self._begin_epoch(done - self._n_pretrain, stop)
        share = self._rate_share(done - self._n_pretrain)
        for optimizer in self._optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = share * group["initial_lr"]
        mean_weight = float(self._job.weights.mean())
        for whole, which in self._batches.shuffled(settings.batch_size, self._rng, stop):
            Z = settings.augmentation.moved(whole, self._noise)
            weight = (self._job.weights[which, None] / mean_weight).astype(self._job.rows.dtype)
            on_device = torch.from_numpy(weight).to(self._job.device)
            if layer is None:
                self._learn(Z, on_device, done - self._n_pretrain)
            else:
                self._descend((self._layer_errors(Z, layer) * on_device).mean() / self._network.sizes[layer])
        if layer is None:
            self._end_epoch(done - self._n_pretrain + 1, stop)

    def _encoded(self, Z: Tensor, tell: Tell | None = None) -> Tensor:
        """f of scaled rows (b, d) as they are seen while learning, (b, L); batch statistics are taken along."""
        return self._network.encode(self._settings.augmentation.noisy(Z, self._noise), MOMENTUM, tell)

    def _rate_share(self, done: int) -> float:
        """Part of the learning rate that there is after `done` epochs of all layers."""
        for length in self._stages:
            if self._settings.schedule == "constant" or done < 0:
                break
            if done < length:
                return (1 + math.cos(math.pi * done / length)) / 2
            done -= length
        return 1.0

    def _layer_errors(self, Z: Tensor, layer: int) -> Tensor:
        """Each row's error (b, 1) of one layer in giving back what it got."""
        network = self._network
        with torch_module().no_grad():
            given = network.encode(Z, None, stop_before=layer)
        back = network.layer("decoder", layer, network.encoded_by(layer, given, MOMENTUM), MOMENTUM)
        return ((back - given) ** 2).sum(dim=1, keepdim=True)

    def _descend(self, loss: Tensor) -> None:
        """One update of the networks' weights."""
        self._optimizers["networks"].zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._update()

    def _update(self) -> None:
        """One update of the networks' weights by the gradients that they have."""
        if self._settings.clip is not None:
            torch_module().nn.utils.clip_grad_norm_(list(self._network.values.values()), self._settings.clip)
        self._optimizers["networks"].step()

    # --- tensors

    def _set_out(self, stop: StopToken) -> None:
        """New networks, extras, optimizers, noise and batches; draws from the generator."""
        job, network = self._job, self._network
        network.start(self._rng, job.rows.dtype, job.device)
        self._optimizers = {"networks": self._optimizer(list(network.values.values()), self._settings.learning_rate)}
        self._noise = torch_module().Generator(device=job.device)
        self._noise.manual_seed(int(self._rng.integers(2**31)))
        self._batches = Batches(job.rows, self._mean, self._scale, job.device, room_on(job.device), stop)

    def _optimizer(self, tensors: list[Tensor], rate: float) -> Optimizer:
        of, settings = torch_module().optim, self._settings
        group = [{"params": tensors, "lr": rate, "initial_lr": rate}]
        if settings.solver == "adam":
            return of.Adam(group, fused=True)  # type: ignore[no-any-return]
        return of.SGD(group, momentum=settings.momentum, fused=True)  # type: ignore[no-any-return]

    def _tensors(self) -> dict[str, Tensor]:
        network = self._network
        return {f"network.{k}": v for k, v in (network.values | network.statistics).items()} | dict(self._extras())

    def _is_finite(self) -> bool:
        torch = torch_module()
        return all(bool(torch.isfinite(tensor).all()) for tensor in self._tensors().values())

    def _memories(self) -> dict[str, Any]:
        return {name: optimizer.state_dict() for name, optimizer in self._optimizers.items()}

    def _remember(self, memories: Mapping[str, Any]) -> None:
        for name, optimizer in self._optimizers.items():
            optimizer.load_state_dict(memories[name])

    def _keep(self) -> Callable[[], None]:
        """What takes everything back to how it is now."""
        torch, found = torch_module(), list[NDArray[Any]]()
        tensors = {name: tensor.detach().clone() for name, tensor in self._tensors().items()}
        memories, rng, noise = pack(self._memories(), found), self._rng, self._noise.get_state()
        before, state = generator_state(rng), {f"tensor.{k}": array for k, array in enumerate(found)}

        def put_back() -> None:
            with torch.no_grad():
                for name, tensor in self._tensors().items():
                    tensor.copy_(tensors[name])
            self._remember(unpack(memories, state))
            self._noise.set_state(noise)
            rng.bit_generator.state = before

        return put_back

    # --- looking at it

    def _look(self, iteration: int, stop: StopToken) -> Point:
        """Encode and decode rows with the present networks: all after the last epoch, before it evenly spaced ones."""
        job, coder, d = self._job, self._coder(), self._job.rows.shape[1]
        finished = iteration >= self._n_epochs
        rows, weights = (job.rows, job.weights) if finished else spaced(job.rows, job.weights, LOOKED_AT)

        def one(block: Floats, start: int) -> tuple[float, AnyTally]:
            with np.errstate(over="ignore", invalid="ignore"):  # of networks that ran away, whose cost tells it
                return self._measure(coder, block, weights[start : start + len(block)])

        bounds = block_bounds(rows.shape[0], d, rows.dtype.itemsize, sum(self._network.sizes[1:]))
        found = list(map_blocks(rows, one, bounds, n_jobs=job.n_jobs, stop=stop))
        tally = found[0][1]
        for _, other in found[1:]:
            tally = tally + other
        error = float(sum(part for part, _ in found)) / float(weights.sum())
        cost, counts = error * float(job.weights.sum()), tally.counts * float(job.weights.sum() / weights.sum())
        metrics = {"error_per_row": error, "error_per_component": error / d, **self._figures(tally, iteration)}
        if self._job.validation is not None:
            errors = squared_errors(self._job.validation, coder, job.n_jobs, stop)
            metrics["validation_error_per_row"] = float(np.mean(errors))
        message = "the last epoch is done" if finished else ""
        return Point(iteration, cost, metrics, self._fitted(coder, counts), finished, message)


def spaced(rows: RowSource, weights: NDArray[np.float64], most: int) -> tuple[RowSource, NDArray[np.float64]]:
    """Every so many of the rows, so that they are not more than `most`, with their weights, some of which count."""
    step = -(-rows.shape[0] // most)
    chosen = np.arange(0, rows.shape[0], step)
    return (rows, weights) if step == 1 else (SelectedRows(rows, chosen), weights[chosen])

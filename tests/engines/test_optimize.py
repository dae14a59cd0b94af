"""The optimizer adapter against formulas, against torch driven directly, and against itself resumed."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from engines.optimize import Optimizer, Plan

START = {"a": np.array([[-1.2, 1.0], [0.3, 2.0]]), "b": np.array([0.5, -0.7, 0.1])}
BOTH = frozenset(START)


def rosenbrock(arrays):
    """A curved valley in `a`, a bowl in `b`, and a term that ties them."""
    a, b = arrays["a"], arrays["b"]
    x, y = a[:, 0], a[:, 1]
    cost = float(np.sum(100 * (y - x**2) ** 2 + (1 - x) ** 2) + np.sum(b**2) + x[0] * b[0])
    by_a = np.stack([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)], axis=1)
    by_a[0, 0] += b[0]
    by_b = 2 * b
    by_b[0] += x[0]
    return cost, {"a": by_a, "b": by_b}


def plan(solver="adam", n_iterations=20, rate=0.01, **more):
    return Plan(solver, {"a": rate, "b": 2 * rate}, n_iterations, **more)


def run(optimizer, n, moving=BOTH):
    trail = []
    for _ in range(n):
        optimizer.step(lambda: rosenbrock(optimizer.arrays), moving)
        optimizer.end_iteration()
        trail.append({name: values.copy() for name, values in optimizer.averaged.items()})
    return trail


def test_sgd_follows_its_formula_with_a_rate_for_each_array():
    optimizer = Optimizer(START, plan("sgd", rate=1e-3, momentum=0.5))
    expected, velocity = {k: v.copy() for k, v in START.items()}, {k: np.zeros_like(v) for k, v in START.items()}
    for found in run(optimizer, 5):
        gradient = rosenbrock(expected)[1]
        for name, rate in (("a", 1e-3), ("b", 2e-3)):
            velocity[name] = 0.5 * velocity[name] + gradient[name]
            expected[name] = expected[name] - rate * velocity[name]
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-13)


def test_lbfgs_in_single_steps_goes_where_torch_goes_in_one_call():
    tensors = {name: torch.tensor(values, requires_grad=True) for name, values in START.items()}
    whole = torch.optim.LBFGS(
        list(tensors.values()), max_iter=15, max_eval=1000, history_size=20, line_search_fn="strong_wolfe"
    )

    def closure():
        cost, gradient = rosenbrock({name: t.detach().numpy() for name, t in tensors.items()})
        for name, tensor in tensors.items():
            tensor.grad = torch.tensor(gradient[name])
        return cost

    whole.step(closure)
    optimizer = Optimizer(START, plan("lbfgs"))
    found = run(optimizer, 15)[-1]
    for name, tensor in tensors.items():
        np.testing.assert_allclose(found[name], tensor.detach().numpy(), rtol=1e-6)


def test_lbfgs_reaches_a_minimum_and_then_says_that_nothing_moves():
    optimizer = Optimizer(START, plan("lbfgs"))
    moved = [optimizer.step(lambda: rosenbrock(optimizer.arrays), BOTH) for _ in range(200)]
    assert max(np.abs(g).max() for g in rosenbrock(optimizer.arrays)[1].values()) < 1e-6
    assert moved[0]
    assert not moved[-1]
    assert not optimizer.has_memory


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
def test_arrays_that_are_not_to_move_keep_their_bits(solver):
    optimizer = Optimizer(START, plan(solver, rate=1e-3))
    found = run(optimizer, 5, frozenset({"b"}))[-1]
    assert found["a"].tobytes() == START["a"].tobytes()
    assert not np.array_equal(found["b"], START["b"])


SCHEDULES = {
    "constant": ({}, lambda t: 1.0),
    "hyperbolic": ({"decay": 0.3}, lambda t: 1 / (1 + 0.3 * t)),
    "exponential": ({"decay": 0.2}, lambda t: math.exp(-0.2 * t)),
    "cosine": ({}, lambda t: (1 + math.cos(math.pi * t / 20)) / 2),
    "warmup-cosine": (
        {"steps": (4,)},
        lambda t: (t + 1) / 5 if t < 4 else (1 + math.cos(math.pi * (t - 4) / 16)) / 2,
    ),
    "polynomial": ({"decay": 2.0}, lambda t: (1 - t / 20) ** 2),
    "piecewise": ({"steps": (3, 8), "decay": 0.5}, lambda t: 0.5 ** ((t >= 3) + (t >= 8))),
    "restarts": ({"steps": (6,)}, lambda t: (1 + math.cos(math.pi * (t % 6) / 6)) / 2),
}


@pytest.mark.parametrize("schedule", list(SCHEDULES))
def test_rates_follow_the_formula_of_the_schedule(schedule):
    more, formula = SCHEDULES[schedule]
    optimizer = Optimizer(START, plan("sgd", rate=1e-4, schedule=schedule, **more))
    rates = []
    for _ in range(20):
        rates.append(optimizer.rate)
        run(optimizer, 1)
    np.testing.assert_allclose(rates, [1e-4 * formula(t) for t in range(20)], rtol=1e-9, atol=1e-18)


def test_average_is_the_exponential_moving_average_of_the_arrays():
    plain = Optimizer(START, plan())
    averaged = Optimizer(START, plan(average=0.8))
    expected = {name: values.copy() for name, values in START.items()}
    for at, found in zip(run(plain, 6), run(averaged, 6), strict=True):
        for name in START:
            expected[name] = 0.8 * expected[name] + 0.2 * at[name]
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-12)


KINDS = [("lbfgs", {}), ("sgd", {"momentum": 0.9}), ("adam", {"average": 0.7})]
KINDS += [("adam", {"schedule": name, **more}) for name, (more, _) in SCHEDULES.items()]


@pytest.mark.parametrize(("solver", "more"), KINDS)
@pytest.mark.parametrize("n_before", [0, 1, 6])
def test_resumed_run_has_the_bits_of_the_uninterrupted_one(solver, more, n_before):
    optimizer = Optimizer(START, plan(solver, rate=1e-3, **more))
    run(optimizer, n_before)
    state = optimizer.state()
    plain = json.loads(json.dumps({k: v for k, v in state.items() if not isinstance(v, np.ndarray)}))
    expected = run(optimizer, 8)
    other = Optimizer({name: np.zeros_like(values) for name, values in START.items()}, plan(solver, rate=1e-3, **more))
    other.load_state({**{k: v for k, v in state.items() if isinstance(v, np.ndarray)}, **plain})
    for one, two in zip(expected, run(other, 8), strict=True):
        assert {k: v.tobytes() for k, v in one.items()} == {k: v.tobytes() for k, v in two.items()}


def test_state_of_other_arrays_is_refused():
    state = Optimizer({"a": np.zeros(3), "b": np.zeros(3)}, plan()).state()
    with pytest.raises(ValueError, match="does not fit"):
        Optimizer(START, plan()).load_state(state)
    with pytest.raises(ValueError, match="does not fit"):
        Optimizer(START, plan()).load_state({})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"solver": "lbfgs", "momentum": 0.5}, "no effect with solver='lbfgs'"),
        ({"solver": "lbfgs", "schedule": "cosine"}, "no effect with solver='lbfgs'"),
        ({"solver": "lbfgs", "average": 0.5}, "no effect with solver='lbfgs'"),
        ({"solver": "adam", "momentum": 0.5}, "no effect with solver='adam'"),
        ({"decay": 0.5}, "decay has no effect"),
        ({"schedule": "cosine", "steps": (3,)}, "schedule_steps has no effect"),
        ({"schedule": "restarts"}, "needs schedule_steps"),
        ({"schedule": "warmup-cosine", "steps": (3, 4)}, "needs schedule_steps"),
        ({"schedule": "piecewise"}, "needs schedule_steps"),
    ],
)
def test_options_without_effect_are_refused(more, words):
    with pytest.raises(ValueError, match=words):
        plan(**more)


def test_lbfgs_does_not_wait_for_the_compiler_of_torch():
    program = (
        "import sys, numpy as np; from engines.optimize import Optimizer, Plan\n"
        "one = Optimizer({'a': np.ones(2)}, Plan('lbfgs', {'a': 0.1}, 3))\n"
        "one.step(lambda: (float(one.arrays['a'] @ one.arrays['a']), {'a': 2 * one.arrays['a']}), {'a'})\n"
        "one.load_state(one.state())\n"
        "print('torch._dynamo' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"

"""A network in training, its passes and its updates: what all methods share."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.devices import collectives
from gan_jax.method import Condition

Tree = Any


class NetworkState(NamedTuple):
    """One network in training."""

    params: Tree
    stats: Tree  # running statistics of BatchNorm
    opt: Tree


def split(variables: Any) -> tuple[Tree, Tree]:
    """The parameters and the statistics of a network's variables."""
    return variables["params"], variables.get("batch_stats", {})


def train_pass(
    network: nn.Module, params: Tree, *, stats: Tree, x: jax.Array, condition: Condition, rngs=None
) -> tuple[Any, Tree]:
    """The output for x [n, ...] in training mode, and the running statistics that follow."""
    variables = {"params": params, "batch_stats": stats}
    output, changed = network.apply(
        variables, x, condition, train=True, mutable=["batch_stats"], rngs=rngs
    )
    return output, changed.get("batch_stats", {})


def infer(network: nn.Module, weights: Any, x: jax.Array, condition: Condition) -> Any:
    """The output for x [n, ...] in inference mode; `weights` has `params` and `stats`."""
    variables = {"params": weights.params, "batch_stats": weights.stats}
    return network.apply(variables, x, condition, train=False)


def descend(
    optimizer: optax.GradientTransformation,
    network: NetworkState,
    objective: Callable[[Tree], tuple[jax.Array, tuple[Tree, Any]]],
) -> tuple[NetworkState, jax.Array, jax.Array, Any]:
    """One update on an objective of the parameters: the network, the loss and the norm of the
    gradient, scalars, and the rest."""
    (loss, (stats, rest)), grads = jax.value_and_grad(objective, has_aux=True)(network.params)
    network, norm = apply_gradient(optimizer, network, grads, stats)
    return network, loss, norm, rest


def apply_gradient(
    optimizer: optax.GradientTransformation, network: NetworkState, grads: Tree, stats: Tree
) -> tuple[NetworkState, jax.Array]:
    """The one place where gradients are averaged over devices and applied. Also their norm, a
    scalar."""
    grads = collectives.mean(grads)
    updates, opt = optimizer.update(grads, network.opt, network.params)
    params = optax.apply_updates(network.params, updates)
    return NetworkState(params, stats, opt), _norm(grads)


def _norm(tree: Tree) -> jax.Array:
    """The Euclidean norm [] of a tree of real arrays.

    Products, unlike sums of squares, are made without writing the squares.
    """
    squared = optax.tree.vdot(tree, tree)  # at the highest precision
    return jnp.sqrt(squared)

"""A network in training, its passes and its updates: what all methods share."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import optax

from gan_jax.devices import collectives

Tree = Any


class Player(NamedTuple):
    """One network in training."""

    params: Tree
    stats: Tree  # running statistics of BatchNorm
    opt: Tree


def split(variables: Any) -> tuple[Tree, Tree]:
    """The parameters and the statistics of a network's variables."""
    return variables["params"], variables.get("batch_stats", {})


def train_pass(
    network: nn.Module, params: Tree, *, stats: Tree, x: jax.Array, labels: jax.Array, rngs=None
) -> tuple[Any, Tree]:
    """The output in training mode, and the running statistics that follow."""
    variables = {"params": params, "batch_stats": stats}
    output, changed = network.apply(
        variables, x, labels, train=True, mutable=["batch_stats"], rngs=rngs
    )
    return output, changed.get("batch_stats", {})


def infer(network: nn.Module, weights: Any, x: jax.Array, labels: jax.Array) -> Any:
    """The output in inference mode; `weights` has `params` and `stats`."""
    variables = {"params": weights.params, "batch_stats": weights.stats}
    return network.apply(variables, x, labels, train=False)


def descend(
    optimizer: optax.GradientTransformation,
    player: Player,
    objective: Callable[[Tree], tuple[jax.Array, tuple[Tree, Any]]],
) -> tuple[Player, jax.Array, jax.Array, Any]:
    """One update on an objective of the parameters: (player, loss, gradient norm, the rest)."""
    (loss, (stats, rest)), grads = jax.value_and_grad(objective, has_aux=True)(player.params)
    player, norm = apply_gradient(optimizer, player, grads, stats)
    return player, loss, norm, rest


def apply_gradient(
    optimizer: optax.GradientTransformation, player: Player, grads: Tree, stats: Tree
) -> tuple[Player, jax.Array]:
    """The one place where gradients are averaged over devices and applied. Also their norm."""
    grads = collectives.mean(grads)
    updates, opt = optimizer.update(grads, player.opt, player.params)
    params = optax.apply_updates(player.params, updates)
    return Player(params, stats, opt), optax.tree.norm(grads)

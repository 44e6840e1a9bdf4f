"""Peers in other libraries against gan_jax; only where the bench extra is installed."""

from functools import partial
from importlib import import_module

import flax.linen as nn
import jax
import numpy as np
import pytest

from benchmarks import problem, train_step
from benchmarks.peers import ours
from gan_jax.networks.attention import SelfAttention
from gan_jax.networks.settings import NetworkSettings
from gan_jax.objectives import augmentations

CARS = "dcgan_cifar_cars"
SMALL = ["data.height=8", "data.width=8"]
PICTURES = [
    *("data.height=16", "data.width=16", "gen.features=8,9,6,7", "disc.features=4,6,8"),
]
RESNET = [*SMALL, "gen.features=8,4,4", "disc.features=6,6,8"]
ATTENTION = ["gen.attention=4", "disc.attention=4", "gen.features=8,32,4", "disc.features=32,6,8"]


@pytest.mark.parametrize(
    ("peer", "experiment", "settings"),
    [
        ("pytorch", CARS, []),
        ("pytorch", "gan_mnist", []),
        ("pytorch", "gan_mnist", ["gen.norm=batch", "penalty.name=wgan_gp", "disc.features=9,8"]),
        ("pytorch", CARS, ["penalty.name=r1", "train.disc_update=joint", "disc.norm=none"]),
        ("pytorch", CARS, ["penalty.name=wgan_gp", "train.disc_update=joint", "disc.norm=none"]),
        ("pytorch", "sngan_cifar10", [*RESNET, "train.disc_updates=2"]),
        ("pytorch", "wgan_gp_cifar10", [*RESNET, "train.disc_updates=2"]),
        ("pytorch", "sagan_cifar10", [*SMALL, *ATTENTION]),
        ("pytorch", "sndcgan_cifar10", [*SMALL, "gen.features=8,4,4", "disc.features=4,6,8"]),
        ("pytorch", "r3gan_cifar_cars", [*SMALL, "gen.features=32,16", "disc.features=16,32"]),
        ("pytorch", "r3gan_cifar10", [*SMALL, "gen.features=32,16", "disc.features=16,16"]),
        ("pytorch", "inpaint_cifar10", [*PICTURES, "condition.name=gray"]),
        ("pytorch", "pix2pix_colour_cifar10", PICTURES),
        ("keras_tensorflow", CARS, []),
        ("keras_tensorflow", CARS, ["train.disc_update=joint", "latents.name=uniform"]),
    ],
)
def test_peers_compute_the_same_first_losses(peer, experiment, settings):
    """Only where the bench extra is installed."""
    pytest.importorskip({"pytorch": "torch", "keras_tensorflow": "tensorflow"}[peer])
    config = problem.configure(experiment, [*settings, "train.batch_size=8"])
    made = problem.for_comparison(problem.make(config))
    theirs = import_module(f"benchmarks.peers.{peer}").make(made).first()
    expected = ours.make(made).first()
    np.testing.assert_allclose(theirs, expected, rtol=train_step.LOSS_TOLERANCE)
    assert theirs.penalty == pytest.approx(expected.penalty, rel=1e-4)  # before any update
    assert (expected.penalty > 0) == (config.penalty.choice != "none")


def test_the_layout_of_memory_changes_no_loss():
    pytest.importorskip("torch")
    peer = import_module("benchmarks.peers.pytorch")
    made = problem.make(problem.configure("sngan_cifar10", [*RESNET, "train.batch_size=4"]))
    plain, other = (
        peer.make(problem.for_comparison(made)._replace(variant=variant)).first()
        for variant in ("", "channels_last")
    )
    np.testing.assert_allclose(plain, other, rtol=train_step.LOSS_TOLERANCE)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("experiment", ["r3gan_cifar_cars", "sagan_cifar10"])
def test_a_step_runs_with_augmentation_in_both_precisions(experiment, dtype):
    pytest.importorskip("torch")
    small = ["gen.features=32,16", "disc.features=16,32"]
    if experiment == "sagan_cifar10":
        small = ATTENTION
    settings = [*SMALL, *small, "train.batch_size=4", f"train.compute_dtype={dtype}"]
    made = problem.make(problem.configure(experiment, settings), "channels_last")
    step = import_module("benchmarks.peers.pytorch").make(made)
    step.run(2)  # it raises where a loss is not finite
    assert step.device_mib() is None


def test_graphs_are_refused_on_a_cpu():
    pytest.importorskip("torch")
    made = problem.make(problem.configure(CARS, ["train.batch_size=4"]), "graphs")
    with pytest.raises(Exception, match="CUDA graphs need --device=gpu"):
        import_module("benchmarks.peers.pytorch").make(made)


def test_a_spectral_vector_is_kept_by_updates_alone():
    torch = pytest.importorskip("torch")
    layers = import_module("benchmarks.peers.pytorch_networks.layers")
    weight = torch.tensor([[3.0, 0.0], [0.0, 1.0]], requires_grad=True)
    norm = layers.Spectral(torch.tensor([0.6, 0.8]), 0)
    with torch.no_grad():
        norm(weight)
    norm(weight.detach())
    assert norm.u.tolist() == pytest.approx([0.6, 0.8])
    norm(weight)  # u goes to W W^T u, (5.4, 0.8), of length 1
    assert norm.u.tolist() == pytest.approx([0.98920, 0.14655], abs=1e-4)


def test_attention_is_that_of_gan_jax():
    torch = pytest.importorskip("torch")
    layers = import_module("benchmarks.peers.pytorch_networks.layers")
    theirs = import_module("benchmarks.peers.pytorch_networks.resnet").SelfAttention(32)
    module = SelfAttention(partial(nn.Dense, kernel_init=nn.initializers.normal(0.5)))
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 32)).astype(np.float32)
    params = jax.device_get(module.init(jax.random.key(0), x)["params"]) | {
        "gamma": np.float32(0.5)
    }
    layers.load(theirs, params, {}, NetworkSettings())
    found = theirs(torch.from_numpy(x).permute(0, 3, 1, 2), None).permute(0, 2, 3, 1)
    expected = module.apply({"params": params}, x)
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(8, 6, 3), (5, 7, 3)], ids=str)
@pytest.mark.parametrize("name", ["color", "translation", "cutout"])
def test_augmentations_are_those_of_gan_jax(name, shape):
    """With the numbers that gan_jax draws."""
    torch = pytest.importorskip("torch")
    theirs = getattr(import_module("benchmarks.peers.pytorch_augment"), name)
    images = np.random.default_rng(0).uniform(-1, 1, (6, *shape)).astype(np.float32)
    keys = jax.random.split(jax.random.key(0), len(images))
    sides = np.array(shape[:2])
    reach, holes = (sides + 4) // 8, (sides + 1) // 2
    draw = {
        "color": lambda key: jax.random.uniform(key, (3,)),
        "translation": lambda key: jax.random.randint(key, (2,), -reach, reach + 1),
        "cutout": lambda key: jax.random.randint(key, (2,), 0, sides + (1 - holes % 2)),
    }[name]
    drawn = torch.from_numpy(np.array(jax.vmap(draw)(keys)))
    expected = jax.vmap(augmentations.AUGMENTATIONS[name])(keys, images)
    found = theirs(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()), *drawn.T)
    np.testing.assert_allclose(found.numpy().transpose(0, 2, 3, 1), expected, atol=1e-5)


def test_an_augmentation_is_made_with_its_probability():
    torch = pytest.importorskip("torch")
    augment = import_module("benchmarks.peers.pytorch_augment").augment
    torch.manual_seed(0)
    images = torch.ones(2000, 3, 4, 4)
    changed = augment(images, ("cutout",), 0.3) != images
    assert changed.flatten(1).any(1).float().mean().item() == pytest.approx(0.3, abs=0.04)

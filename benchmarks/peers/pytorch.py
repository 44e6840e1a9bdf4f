"""PyTorch. A variant is any of the words `compiled`, `graphs` and `channels_last`.

`compiled` compiles both networks. `graphs` captures the whole step, its random numbers and its
optimizers included, in one CUDA graph and replays it. On a GPU convolutions and matrix products
are computed in TF32, as JAX computes them, but for the comparison of first losses.
"""

import copy
import math

import torch

from benchmarks.peers import KNOWN, Losses, Problem, Step, check
from benchmarks.peers import pytorch_networks as networks
from benchmarks.peers.pytorch_step import Draws, stepper
from gan_jax.errors import UserError

FREE = (
    *("data.num_classes", "data.flip", "train.disc_updates", "train.schedule", "disc.pooling"),
    "content.l1",
)
KNOWN_HERE = {name: values for name, values in KNOWN.items() if name not in FREE} | {
    "condition.name": ("none", "gray"),
    "gen.name": (*networks.GENERATORS, "unet"),
    "gen.output": ("tanh", "linear"),
    "gen.norm": ("batch", "conditional_batch", "instance", "none"),
    "gen.kernel_norm": ("none", "spectral"),
    "gen.conditioning": ("none", "embedding"),
    "disc.name": (*networks.BODIES, "patch"),
    "disc.norm": ("batch", "instance", "none"),
    "disc.kernel_norm": ("none", "spectral"),
    "disc.conditioning": ("none", "projection", "source"),
    "loss.name": ("non_saturating", "hinge", "wasserstein", "relativistic_pairing"),
    "penalty.name": ("none", "r1", "r2", "r1_r2", "wgan_gp"),
    "train.gen_latents": ("shared", "fresh"),
    "augment.name": ("none", "fixed"),
}

WARM_UP = 3
"""Steps before a capture, in which PyTorch chooses its algorithms."""


def make(problem: Problem) -> Step:
    """The step in eager mode, compiled or captured, in either memory layout."""
    _check(problem)
    torch.manual_seed(0)
    device = "cuda" if problem.device == "gpu" else "cpu"
    gen, disc = (network.to(device) for network in networks.make(problem))
    real = networks.images(problem).to(device)
    if "channels_last" in problem.variant:
        for part in gen.modules():
            part.memory_format = torch.channels_last
        gen, disc = (network.to(memory_format=torch.channels_last) for network in (gen, disc))
        real = real.contiguous(memory_format=torch.channels_last)
    given = (problem.labels, problem.latents, problem.mix)
    labels, latents, mix = (torch.from_numpy(x).to(device) for x in given)
    labels = labels.long()

    def first() -> Losses:
        _set_precision(exact=True)
        twins = copy.deepcopy(gen), copy.deepcopy(disc)
        step = stepper(problem._replace(variant=""), *twins, real, labels)
        return Losses(*(float(x.detach()) for x in step(Draws(lambda: latents, lambda: mix))))

    def draw_latents() -> torch.Tensor:
        if problem.config.latents.choice == "uniform":
            return torch.rand_like(latents) * 2 - 1
        return torch.randn_like(latents)

    draws = Draws(draw_latents, lambda: torch.rand_like(mix))
    replay = None

    def run(count: int) -> None:
        nonlocal replay
        replay = replay or _prepared(problem, gen, disc, real, labels, draws)
        for _ in range(count):
            values = replay()
        if not all(math.isfinite(float(value.detach())) for value in values):
            raise UserError("a loss is no longer finite.")

    def device_mib() -> float | None:
        return torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else None

    return Step(first, run, device_mib)


def _check(problem: Problem) -> None:
    config, variant = problem.config, problem.variant
    check("PyTorch", config, KNOWN_HERE)
    if "graphs" in variant and problem.device != "gpu":
        raise UserError("CUDA graphs need --device=gpu.")
    if problem.device == "gpu" and not torch.cuda.is_available():
        raise UserError("PyTorch finds no GPU here.")
    if "compiled" in variant and config.penalty.choice != "none":
        raise UserError("torch.compile cannot differentiate twice, as a penalty needs.")
    if "channels_last" in variant and "mlp" in (config.gen.choice, config.disc.choice):
        raise UserError("dense layers have no memory layout to choose.")
    if config.disc.kernel_norm == "spectral" and config.penalty.choice == "wgan_gp":
        raise UserError("the peer in PyTorch knows no WGAN-GP with spectral normalisation.")


def _set_precision(exact: bool) -> None:
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = not exact
    torch.backends.cudnn.benchmark = not exact


def _prepared(problem, gen, disc, real, labels, draws: Draws):
    """The step as it is timed, warmed up on a GPU, where the peak of memory counts from then on."""
    _set_precision(exact=False)
    make_step = stepper(problem, gen, disc, real, labels)

    def step():
        return make_step(draws)

    if problem.device == "cpu":
        return step
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # a capture needs another stream than the default one
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    if "graphs" not in problem.variant:
        return step
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        values = step()

    def replay():
        graph.replay()
        return values

    return replay

"""PyTorch; variants `channels_last`, `compiled`, `compiled_channels_last`."""

import copy

import torch
import torch.nn.functional as F

from benchmarks.peers import KNOWN, Losses, Problem, Step, check
from benchmarks.peers import pytorch_networks as networks
from gan_jax.errors import UserError

TINY = 1e-12
"""As in `gan_jax.objectives.penalties`."""


def make(problem: Problem) -> Step:
    """The step in eager mode, or compiled, in either memory layout."""
    config = problem.config
    check("PyTorch", config, KNOWN)
    if "compiled" in problem.variant and config.penalty.choice != "none":
        raise UserError("torch.compile cannot differentiate twice, as a penalty needs.")
    if "channels_last" in problem.variant and "mlp" in (config.gen.choice, config.disc.choice):
        raise UserError("dense layers have no memory layout to choose.")
    if problem.device == "gpu" and not torch.cuda.is_available():
        raise UserError("PyTorch finds no GPU here.")
    torch.manual_seed(0)
    device = "cuda" if problem.device == "gpu" else "cpu"
    gen, disc = (network.to(device) for network in networks.make(problem))
    real = networks.images(problem).to(device)
    if "channels_last" in problem.variant:
        gen.channels_last = True
        gen, disc = (network.to(memory_format=torch.channels_last) for network in (gen, disc))
        real = real.contiguous(memory_format=torch.channels_last)
    step = _stepper(problem, gen, disc, real)
    latents, mix = (torch.from_numpy(x).to(device) for x in (problem.latents, problem.mix))

    def first() -> Losses:
        twins = copy.deepcopy(gen), copy.deepcopy(disc)
        losses = _stepper(problem._replace(variant=""), *twins, real)(latents, mix)
        return Losses(*(float(value.detach()) for value in losses))

    def draw() -> torch.Tensor:
        if config.latents.choice == "uniform":
            return torch.rand_like(latents) * 2 - 1
        return torch.randn_like(latents)

    def run(count: int) -> None:
        for _ in range(count):
            step(draw(), torch.rand_like(mix))
        if device == "cuda":
            torch.cuda.synchronize()

    return Step(first, run)


def _stepper(problem: Problem, gen, disc, real):
    config = problem.config
    optimizers = []
    for network, o in ((gen, config.gen_optimizer), (disc, config.disc_optimizer)):
        optimizers.append(
            torch.optim.Adam(network.parameters(), o.learning_rate, (o.b1, o.b2), o.epsilon)
        )
    gen_opt, disc_opt = optimizers
    if "compiled" in problem.variant:
        run_gen, run_disc = torch.compile(gen), torch.compile(disc)
    else:
        run_gen, run_disc = gen, disc
    bfloat16 = config.train.compute_dtype == "bfloat16"
    autocast = torch.autocast(real.device.type, torch.bfloat16, enabled=bfloat16)
    penalty, none = config.penalty.choice, torch.zeros(())

    def judge(images):
        with autocast:
            return run_disc(images)

    def cross_entropy(logits, target: float):
        logits = logits.float()
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))

    def descend(loss):
        disc_opt.zero_grad()
        loss.backward()
        disc_opt.step()

    def in_turn(fake, mix):
        on_real = cross_entropy(judge(real), config.loss.real_target)
        descend(on_real)
        on_fake = cross_entropy(judge(fake), config.loss.fake_target)
        descend(on_fake)
        return on_real, on_fake, none

    def joint(fake, mix):
        images = real.detach().requires_grad_(penalty == "r1")
        logits = judge(images)
        on_real = cross_entropy(logits, config.loss.real_target)
        on_fake = cross_entropy(judge(fake), config.loss.fake_target)
        if penalty == "none":
            descend(on_real + on_fake)
            return on_real, on_fake, none
        if penalty == "r1":
            value = _squared_norm(logits, images).mean() / 2
        else:
            between = (fake + mix[:, None, None, None] * (real - fake)).requires_grad_()
            norm = torch.sqrt(_squared_norm(judge(between), between) + TINY)
            value = ((norm - 1) ** 2).mean()
        descend(on_real + on_fake + config.penalty.weight * value)
        return on_real, on_fake, value

    update_disc = in_turn if config.train.disc_update == "in_turn" else joint

    def step(z, mix):
        with autocast:
            fake = run_gen(z)
        fake = fake.float()
        disc_losses = update_disc(fake.detach(), mix)
        gen_opt.zero_grad()
        disc.requires_grad_(False)
        loss = cross_entropy(judge(fake), 1.0)
        loss.backward()
        disc.requires_grad_(True)
        gen_opt.step()
        return *disc_losses, loss

    return step


def _squared_norm(logits, images):
    """Of the gradient of each logit by its image; [n], to be differentiated again."""
    (gradient,) = torch.autograd.grad(logits.float().sum(), images, create_graph=True)
    return gradient.square().flatten(1).sum(1)

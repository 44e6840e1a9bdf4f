"""A training step in PyTorch: D's updates, G's, and the average of G's weights."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F

from benchmarks.peers import Problem
from benchmarks.peers.pytorch_augment import augment, column
from gan_jax.data.conditions import LUMA
from gan_jax.methods.gan_settings import GameTrain
from gan_jax.objectives import losses

TINY = 1e-12
"""As in `gan_jax.objectives.penalties`."""


class Draws(NamedTuple):
    """What an update has by chance."""

    latents: Callable[[], torch.Tensor]  # [n, d]
    mix: Callable[[], torch.Tensor]  # [n] in [0, 1]


class Terms(NamedTuple):
    """A loss: means of logits [n] that D minimises, of real and of fake ones, and that G does."""

    disc_real: Callable[[torch.Tensor], torch.Tensor]
    disc_fake: Callable[[torch.Tensor], torch.Tensor]
    gen: Callable[[torch.Tensor], torch.Tensor]


def terms(loss: losses.Loss) -> Terms:
    """Of a loss that is a sum over real and fake."""
    if isinstance(loss, losses.NonSaturating):
        return Terms(
            lambda logits: cross_entropy(logits, loss.real_target),
            lambda logits: cross_entropy(logits, loss.fake_target),
            lambda logits: cross_entropy(logits, 1.0),
        )
    if isinstance(loss, losses.Hinge):
        return Terms(
            lambda logits: F.relu(1 - logits).mean(),
            lambda logits: F.relu(1 + logits).mean(),
            lambda logits: -logits.mean(),
        )
    assert isinstance(loss, losses.Wasserstein)
    return Terms(lambda x: -x.mean(), torch.mean, lambda x: -x.mean())


def cross_entropy(logits: torch.Tensor, target: float) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


Step = Callable[[Draws], tuple[torch.Tensor, ...]]
"""One step -> D's losses of its first update on real and on fake, its penalty, and G's loss."""


def stepper(problem: Problem, gen, disc, real, labels) -> Step:
    """The step on a real batch [n, c, h, w] and its labels [n]."""
    config, train, penalty = problem.config, problem.config.train, problem.config.penalty
    captured, device = "graphs" in problem.variant, real.device
    gen_opt, disc_opt = (
        torch.optim.Adam(
            network.parameters(), o.learning_rate, (o.b1, o.b2), o.epsilon,
            fused=True, capturable=captured,
        )
        for network, o in ((gen, config.gen_optimizer), (disc, config.disc_optimizer))
    )  # fmt: skip
    run_gen, run_disc = gen, disc
    if "compiled" in problem.variant:
        run_gen, run_disc = torch.compile(gen), torch.compile(disc)
    bfloat16 = train.compute_dtype == "bfloat16"
    none, pairing = torch.zeros((), device=device), config.loss.choice == "relativistic_pairing"
    loss = None if pairing else terms(config.loss)
    update_average = averaging(gen, train)

    def autocast():
        return torch.autocast(device.type, torch.bfloat16, enabled=bfloat16)

    takes_gray = config.condition.choice == "gray"
    condition = labels

    def make(z):
        with autocast():
            return run_gen(z, condition).float()

    def judge(images):
        if config.augment.names:
            images = augment(images, config.augment.names, config.augment.probability)
        with autocast():
            return run_disc(images, condition)

    def descend(loss):
        disc_opt.zero_grad()
        loss.backward()
        disc_opt.step()

    def in_turn(real, fake, mix):
        on_real = loss.disc_real(judge(real))
        descend(on_real)
        on_fake = loss.disc_fake(judge(fake))
        descend(on_fake)
        return on_real, on_fake, none

    def joint(real, fake, mix):
        real.requires_grad_(penalty.choice in ("r1", "r1_r2"))
        fake.requires_grad_(penalty.choice in ("r2", "r1_r2"))
        on_real, on_fake = judge(real), judge(fake)
        if pairing:
            both = F.softplus(on_fake - on_real).mean(), none
        else:
            both = loss.disc_real(on_real), loss.disc_fake(on_fake)
        value = none
        if penalty.choice == "wgan_gp":
            between = torch.lerp(fake, real, column(mix())).requires_grad_()
            norm = torch.sqrt(squared_norm(judge(between), between) + TINY)
            value = ((norm - 1) ** 2).mean()
        elif penalty.choice != "none":
            pairs = [(on_real, real), (on_fake, fake)]
            terms = [squared_norm(*pair) for pair in pairs if pair[1].requires_grad]
            value = sum(terms).mean() / 2
        descend(sum(both) if value is none else sum(both) + penalty.weight * value)
        return *both, value

    def mirrored(images):
        if not config.data.is_mirrored:
            return images
        flips = torch.rand(len(images), device=device) < 0.5
        return torch.where(column(flips), images.flip(3), images)

    update_disc = in_turn if train.disc_update == "in_turn" else joint
    fresh = train.gen_latents == "fresh"

    def step(draws: Draws):
        nonlocal condition
        first = None
        for update in range(train.disc_updates):
            kept = update == train.disc_updates - 1 and not fresh
            seen = mirrored(real).detach()
            condition = gray(seen) if takes_gray else labels
            with torch.set_grad_enabled(kept):
                fake = make(draws.latents())
            found = update_disc(seen, fake.detach(), draws.mix)
            first = first or found
        if fresh:
            fake = make(draws.latents())
        gen_opt.zero_grad()
        disc.requires_grad_(False)
        if pairing:
            with torch.no_grad():
                on_real = judge(seen)
            gen_loss = F.softplus(on_real - judge(fake)).mean()
        else:
            gen_loss = loss.gen(judge(fake))
            if config.content.l1:
                gen_loss = gen_loss + config.content.l1 * F.l1_loss(fake, seen)
        gen_loss.backward()
        disc.requires_grad_(True)
        gen_opt.step()
        update_average()
        return *first, gen_loss

    return step


def gray(images: torch.Tensor) -> torch.Tensor:
    """Those of `gan_jax.data.conditions.Gray`: images [n, 3, h, w] to [n, 1, h, w]."""
    luma = torch.tensordot(images, images.new_tensor(LUMA), ([1], [0]))[:, None]
    return torch.round((luma.clamp(-1, 1) + 1) * 127.5) / 127.5 - 1


def averaging(gen: torch.nn.Module, train: GameTrain) -> Callable[[], None]:
    """Moves an average of G's weights and statistics towards them, at the last half-life of its
    schedule."""
    half_life = train.final_ema_half_life_images or train.ema_half_life_images
    if not half_life:
        return lambda: None
    share = -math.expm1(-math.log(2) * train.batch_size / half_life)
    now = [x for x in (*gen.parameters(), *gen.buffers()) if x.is_floating_point()]
    average = [x.detach().clone() for x in now]

    @torch.no_grad()
    def update() -> None:
        torch._foreach_lerp_(average, now, share)

    return update


def squared_norm(logits, images):
    """Of the gradient of each logit by its image; [n], to be differentiated again."""
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().flatten(1).sum(1)

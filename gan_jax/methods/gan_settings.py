"""The settings of a GAN: its parts, and how its networks take turns."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Gt, Le

from gan_jax.config import Count, Natural, NonNegative, Share
from gan_jax.data.conditions import NOTHING, Given
from gan_jax.methods.augmenting import Augment, NoAugment
from gan_jax.methods.optimizers import Adam, Optimizer
from gan_jax.methods.sections import Config, Train
from gan_jax.networks import DCGANDisc, DiscSettings
from gan_jax.objectives import losses, penalties
from gan_jax.objectives.auxiliary import Auxiliary, NoAuxiliary
from gan_jax.objectives.content import Content

TopShare = Annotated[float, Gt(0), Le(1)]


@dataclass(frozen=True)
class GameTrain(Train):
    """How the two networks take turns.

    disc_update: joint: one update on the losses of real and fake, which pass D apart;
        concatenated: the same, in one batch; in_turn: one update on real, then one on fake.
    disc_updates: of D in a step, a real batch each.
    gen_updates: of G in a step, after those of D.
    gen_latents: whether G's update has the latents of D's last fakes, or fresh ones.
    gen_top_share: the share of the fakes, the most real ones by D, that G learns from (arXiv
        2002.06224); `final_gen_top_share` is where `schedule` leads.
    pool_size: of the pool of earlier fakes, of which D is shown some in place of new ones (arXiv
        1612.07828); 0 is none.
    instance_noise: the deviation, in the model's range, of the normal noise on all that D sees in
        training, real and fake (arXiv 1610.04490); `final_instance_noise` is where `schedule`
        leads, 0 in the paper.
    real_label_flips, fake_label_flips: the probability that D's loss takes a real example for a
        fake, and a fake for a real one. G's loss and what is reported take each for what it is.
    """

    disc_update: Literal["joint", "concatenated", "in_turn"] = "joint"
    disc_updates: Count = 1
    gen_updates: Count = 1
    gen_latents: Literal["shared", "fresh"] = "shared"
    gen_top_share: TopShare = 1.0
    final_gen_top_share: TopShare | None = None
    pool_size: Natural = 0
    instance_noise: NonNegative = 0.0
    final_instance_noise: NonNegative | None = None
    real_label_flips: Share = 0.0
    fake_label_flips: Share = 0.0

    @property
    def examples_per_step(self) -> int:
        """How many training examples a step takes over all devices, a batch for each D update."""
        return self.batch_size * self.disc_updates


@dataclass(frozen=True)
class GAN(Config, name="gan"):
    """The adversarial game of G and D; `condition` is what both are given of an example."""

    condition: Given = NOTHING
    gen_optimizer: Optimizer = Adam()
    disc: DiscSettings = DCGANDisc()
    disc_optimizer: Optimizer = Adam()
    loss: losses.Loss = losses.NonSaturating()
    auxiliary: Auxiliary = NoAuxiliary()
    content: Content = Content()
    penalty: penalties.Penalty = penalties.NoPenalty()
    augment: Augment = NoAugment()
    train: GameTrain = GameTrain()

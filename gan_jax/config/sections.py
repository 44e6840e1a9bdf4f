"""The sections of a config, frozen dataclasses.

An experiment states its differences from these defaults. Durations are in steps or images, and
their names say which.
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Data:
    """Which images, and the shape they are brought to.

    A 1x1 image of two channels is a point of the plane, in [-1, 1] and never rounded.
    """

    source: str = "procedural_cars"  # a name in gan_jax.data.SOURCES
    name: str = ""  # tfds: the data set; points: the density
    train_split: str = "train"  # tfds
    test_split: str = "test"  # tfds
    classes: tuple[str, ...] = ()  # keep these class names only; () keeps all
    path: str = ""  # folder: searched recursively
    pattern: str = "*"  # folder: which file names, such as *.jpg
    height: int = field(default=32, metadata={"minimum": 1})
    width: int = field(default=32, metadata={"minimum": 1})
    channels: Literal[1, 2, 3, 4] = 3
    num_classes: int = field(default=0, metadata={"minimum": 0})  # that the networks are told of
    flip: Literal["none", "horizontal"] = "none"  # mirrors half of the real images that D sees
    crop: tuple[int, ...] = ()  # centre crop (height, width) first; () is the largest of our aspect
    feed: Literal["auto", "device", "host"] = "auto"  # where the images live while training
    fallback: str = "none"  # the source to use when this one cannot be had
    stands_in_for: str = ""  # set by the run when `fallback` was taken
    data_dir: str = ""  # tfds: where prepared data sets are

    @property
    def is_points(self) -> bool:
        """Whether the data are points of the plane."""
        return self.height == self.width == 1


@dataclass(frozen=True)
class Latents:
    """The distribution of z, one draw per example."""

    dimension: int = field(default=100, metadata={"minimum": 1})
    distribution: Literal["normal", "uniform"] = "normal"  # N(0, 1) or U(-1, 1)
    categories: tuple[int, ...] = ()  # InfoGAN: the classes of each categorical code that Q finds
    continuous: int = field(default=0, metadata={"minimum": 0})  # InfoGAN: codes in U(-1, 1)


@dataclass(frozen=True)
class Optimizer:
    """A row of gan_jax.methods.optimizers.OPTIMIZERS and its rates."""

    name: str = "adam"
    learning_rate: float = 2e-4
    b1: float = 0.5  # the momentum of sgd
    b2: float = 0.999  # the decay of rmsprop
    epsilon: float = 1e-8
    final_learning_rate: float | None = None  # where `train.schedule` leads; None is no change
    final_b2: float | None = None


@dataclass(frozen=True)
class Network:
    """One of the networks, and how it is optimised."""

    name: str = "dcgan"
    # channels, from input to output
    features: tuple[int, ...] = field(default=(64, 128, 256), metadata={"minimum": 1})
    kernel_size: int = field(default=5, metadata={"minimum": 1})
    negative_slope: float = 0.2  # of LeakyReLU
    kernel_stddev: float = 0.02  # convolutions start at N(0, this)
    norm: Literal["batch", "conditional_batch", "virtual_batch", "none"] = "batch"
    kernel_norm: Literal["none", "spectral"] = "none"  # what kernels are divided by
    batch_norm_momentum: float = 0.9
    batch_norm_epsilon: float = 1e-5
    dropout_rate: float = 0.0
    output: Literal["tanh", "linear"] = "tanh"  # of a generator
    pooling: Literal["flatten", "sum", "mean"] = "flatten"  # the last map of a discriminator
    resampled: int = field(default=0, metadata={"minimum": 0})  # blocks that halve, in a resnet's D
    attention: int = field(default=0, metadata={"minimum": 0})  # resnet: at maps of this height
    minibatch: Literal["none", "stddev", "discrimination"] = "none"  # features of a D's batch
    # how the labels enter beside what the network itself does; see gan_jax.networks
    conditioning: Literal["none", "embedding", "projection", "classifier"] = "none"
    embedding_features: int = field(default=0, metadata={"minimum": 0})  # 0 is the one-hot label
    code_features: int = field(default=128, metadata={"minimum": 1})  # of Q's hidden layer; began's
    energy: Literal["squared", "absolute"] = "squared"  # error of an autoencoder's pixels
    optimizer: Optimizer = Optimizer()


@dataclass(frozen=True)
class Loss:
    """A row of gan_jax.objectives.losses.LOSSES and its constants."""

    name: str = "non_saturating"
    real_target: float = 1.0  # of D, below 1 to smooth the labels
    fake_target: float = 0.0  # of D
    gen_weight: float = 1.0  # of the loss in G's, beside `auxiliary`
    gen_target: float = 1.0  # of G, in least_squares
    margin: float = 10.0  # ebgan: the energy up to which D raises that of fakes
    diversity: float = 0.5  # began: gamma, the ratio of the energies of fake and real
    control_rate: float = 1e-3  # began: lambda_k


@dataclass(frozen=True)
class Auxiliary:
    """A row of gan_jax.objectives.auxiliary.AUXILIARIES, a term beside the loss."""

    name: str = "none"
    weight: float = 1.0


@dataclass(frozen=True)
class Penalty:
    """What keeps D regular.

    A row of gan_jax.objectives.penalties.PENALTIES, which D's update adds to its loss, and a bound
    on weights.
    """

    name: str = "none"
    weight: float = 10.0  # lambda of WGAN-GP, gamma of R1
    final_weight: float | None = None  # where `train.schedule` leads
    every_steps: int = field(default=1, metadata={"minimum": 1})  # and so many times as heavy
    clip_weights: float = field(default=0.0, metadata={"minimum": 0})  # of D, after its updates


@dataclass(frozen=True)
class Augment:
    """What all that D sees goes through, real and fake.

    The probability is that of each change of each image. With a target above 0 it adapts, from
    `probability` on, so that the mean sign of D's logits on real examples comes to the target.
    """

    names: tuple[str, ...] = ()  # rows of gan_jax.objectives.augmentations.AUGMENTATIONS
    probability: float = 1.0
    final_probability: float | None = None  # where `train.schedule` leads
    adapt_target: float = 0.0  # 0.6 in StyleGAN2-ADA; 0 leaves the probability alone
    adapt_images: float = field(default=500_000.0, metadata={"minimum": 1})  # for a change of 1
    adapt_every_steps: int = field(default=4, metadata={"minimum": 1})


@dataclass(frozen=True)
class Train:
    """How long, in which batches, in what order, at which precision."""

    num_steps: int = field(default=10_000, metadata={"minimum": 0})
    batch_size: int = field(default=64, metadata={"minimum": 1})  # over all devices
    num_seeds: int = field(default=1, metadata={"minimum": 1})  # seed, seed + 1, ... in one program
    # one D update on real and fake passed apart, one on both in one batch, or real then fake
    disc_update: Literal["joint", "concatenated", "in_turn"] = "joint"
    disc_updates: int = field(default=1, metadata={"minimum": 1})  # of D in a step, a batch each
    gen_updates: int = field(default=1, metadata={"minimum": 1})  # of G in a step, after those of D
    gen_latents: Literal["shared", "fresh"] = "shared"  # those of D's fakes, or new ones
    gen_top_share: float = 1.0  # of the fakes, the most real ones by D, that G learns from
    final_gen_top_share: float | None = None  # where `schedule` leads
    compute_dtype: Literal["float32", "bfloat16"] = "float32"
    ema_half_life_images: float = field(default=10_000.0, metadata={"minimum": 0})  # of G
    final_ema_half_life_images: float | None = None  # where `schedule` leads
    ema_ramp: float = field(default=0.05, metadata={"minimum": 0})  # most half-life, of images seen
    # the way of all values that have a `final` one, and its length; constant after it
    schedule: Literal["none", "linear", "cosine"] = "none"
    schedule_images: float = field(default=0.0, metadata={"minimum": 0})

    @property
    def examples_per_step(self) -> int:
        """How many training examples a step takes over all devices, a batch for each D update."""
        return self.batch_size * self.disc_updates


@dataclass(frozen=True)
class Log:
    every_steps: int = field(default=50, metadata={"minimum": 0})


@dataclass(frozen=True)
class Sample:
    every_steps: int = field(default=200, metadata={"minimum": 0})
    num_images: int = field(default=16, metadata={"minimum": 1})  # grid and evaluation


@dataclass(frozen=True)
class Checkpoint:
    every_steps: int = field(default=500, metadata={"minimum": 0})
    keep_last: int = field(default=2, metadata={"minimum": 1})
    keep_every_steps: int = field(default=0, metadata={"minimum": 0})  # 0 keeps the last ones only


@dataclass(frozen=True)
class Pyramid:
    """method=pyramid: how many levels, and the coarsest one's networks; `gen`, `disc` are of all
    others."""

    levels: int = field(default=3, metadata={"minimum": 1})
    latent_dimension: int = field(default=100, metadata={"minimum": 1})  # of the coarsest
    gen: Network = Network(name="mlp")
    disc: Network = Network(name="mlp")


@dataclass(frozen=True)
class Config:
    """A whole run. Two runs with equal configs, versions and devices are equal."""

    experiment: str = ""
    seed: int = field(default=0, metadata={"minimum": 0, "maximum": 2**32 - 1})
    method: str = "adversarial"  # a name in gan_jax.methods.METHODS
    data: Data = Data()
    latents: Latents = Latents()
    gen: Network = Network()
    disc: Network = Network()
    encoder: Network = Network(name="mlp")  # of a VAE
    pyramid: Pyramid = Pyramid()
    loss: Loss = Loss()
    auxiliary: Auxiliary = Auxiliary()
    penalty: Penalty = Penalty()
    augment: Augment = Augment()
    train: Train = Train()
    log: Log = Log()
    sample: Sample = Sample()
    checkpoint: Checkpoint = Checkpoint()

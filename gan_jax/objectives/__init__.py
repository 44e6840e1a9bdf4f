"""What G and D minimise, and what the images that D sees go through."""

from gan_jax.objectives.auxiliary import (
    Auxiliary,
    Classifier,
    CodesBound,
    FeatureMatching,
    NoAuxiliary,
    PullAway,
)
from gan_jax.objectives.losses import (
    BEGAN,
    EBGAN,
    Hinge,
    LeastSquares,
    Loss,
    Minimax,
    NonSaturating,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)
from gan_jax.objectives.penalties import (
    DRAGAN,
    R1,
    R1R2,
    R2,
    WGANGP,
    NoPenalty,
    Penalty,
    WGANGPOneSided,
)

__all__ = [
    "BEGAN",
    "DRAGAN",
    "EBGAN",
    "R1",
    "R1R2",
    "R2",
    "WGANGP",
    "Auxiliary",
    "Classifier",
    "CodesBound",
    "FeatureMatching",
    "Hinge",
    "LeastSquares",
    "Loss",
    "Minimax",
    "NoAuxiliary",
    "NoPenalty",
    "NonSaturating",
    "Penalty",
    "PullAway",
    "RelativisticAverage",
    "RelativisticPairing",
    "WGANGPOneSided",
    "Wasserstein",
]

"""Whether a generator repeats its training images: how near samples come to them.

An image is compared in two spaces, at 16x16 or its own size where that is smaller. `pixels` is the
image itself; `features` is the strength of its edges, as 16 fixed random 5x5 filters see it, pooled
over 2x2, which forgives small shifts and other colours (random filters tell images apart almost as
learnt ones do: Saxe et al. 2011, ICML, On random weights and unsupervised feature learning). No
network is downloaded, none is trained, so that values compare between steps and runs. In both
spaces a vector is centred and scaled to length 1: the distance is sqrt(2 - 2 correlation), 0 for
the same picture, whatever its brightness and contrast, 1.41 for unrelated ones.

Distance alone would accuse a blurred image, which is near to many others and copies none. So a
sample counts as `nearer` when it passes two bounds that real images set, each passed by 5 % of
them: the distance to the nearest training image, and the ratio of it to the distance to the second
nearest. The share of samples that are nearer, by features, is the finding: a generator of new
images, however good, comes to 5 % at most but for chance, one that repeats its training images to
100 %.

Real images are the test images where there are some, else each training image as the others see
it (leave one out): a new image of the same law lies as far from the training images as they do from
each other, while augmented ones would lie as far as the augmentation moves them. A picture that the
data hold several times would be near to itself, so each space holds distinct pictures only; where
fewer than `FEWEST_IMAGES` are left, nothing can be said.
"""

from gan_jax.metrics.memorisation.finding import (
    ALARM,
    NUM_SAMPLES,
    PREFIX,
    by_heart,
    exceeds,
    report,
    sentence,
    with_highest,
)
from gan_jax.metrics.memorisation.nearness import (
    FEWEST_IMAGES,
    Comparison,
    Survey,
    compare,
    figures,
    survey,
)
from gan_jax.metrics.memorisation.spaces import SPACES

__all__ = [
    "ALARM",
    "FEWEST_IMAGES",
    "NUM_SAMPLES",
    "PREFIX",
    "SMALL_DATA",
    "SPACES",
    "Comparison",
    "Survey",
    "by_heart",
    "compare",
    "exceeds",
    "figures",
    "report",
    "sentence",
    "survey",
    "with_highest",
]

SMALL_DATA = 2_000
"""Training sets of fewer images are watched while a run trains."""

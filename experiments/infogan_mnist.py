"""Handwritten digits by codes that nobody labelled: InfoGAN on MNIST.

    python launch.py --experiment=infogan_mnist

60,000 training images of MNIST, 28x28 in [-1, 1], without their labels. Latents: 62 from U(-1, 1),
a categorical code of ten classes and two codes from U(-1, 1).

G: dense 1024 and dense 7x7x128, each with BatchNorm and ReLU; transposed convolution 4x4, stride 2,
to 64 channels with BatchNorm and ReLU, and to the image with tanh. D: convolution 4x4, stride 2, of
64 channels with LeakyReLU 0.1; of 128, and dense 1024, each with BatchNorm and LeakyReLU; dense to
a logit, and Q: dense 128 with BatchNorm and LeakyReLU, dense to the codes (Chen et al. 2016, arXiv
1606.03657, table 1). Kernels from N(0, 0.02).

Both minimise the loss less the bound on the mutual information of codes and images (equation 6), of
which metrics.jsonl has the categorical part in nats; it is at most ln 10 = 2.303. In Q a continuous
code is normal with variance 1. Adam with beta1 0.5, rate 2e-4 for D and 1e-3 for G; batches of 128
for 5,000 steps. `--mode=visualize --what=sweep` shows what each code does. Variance, weight of the
bound (1) and number of steps are those of the authors' program.

Run to step 1,200 in six minutes on two CPU cores, seed 0: the categorical bound passes 2.0 nats by
step 200 and is 2.287 at the end. Clean digits; each class of the categorical code makes one digit,
but one mixes 5 and 3, one 3 and 5, and one 4 and 9. One continuous code slants and narrows them,
the other turns them.

Where MNIST can be neither found nor prepared, the run trains on scikit-learn's 1,797 digits,
enlarged from 8x8, and says so.
"""

from gan_jax.config import Auxiliary, Config, Data, Latents, Log, Network, Optimizer, Sample, Train

PAPER = "InfoGAN, arXiv 1606.03657"


def get_config() -> Config:
    return Config(
        data=Data(source="tfds", name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Latents(dimension=62, distribution="uniform", categories=(10,), continuous=2),
        gen=Network(
            name="infogan",
            features=(1024, 128, 64),
            kernel_size=4,
            negative_slope=0.0,
            optimizer=Optimizer("adam", learning_rate=1e-3, b1=0.5),
        ),
        disc=Network(
            name="infogan",
            features=(64, 128, 1024),
            kernel_size=4,
            negative_slope=0.1,
            optimizer=Optimizer("adam", learning_rate=2e-4, b1=0.5),
        ),
        auxiliary=Auxiliary("codes"),
        train=Train(num_steps=5_000, batch_size=128),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=100),
    )

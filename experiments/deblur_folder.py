"""GalaxyGAN on a folder of your own: sharp pictures from blurred ones.

    python launch.py --experiment=deblur_folder --set=data.path=FOLDER

pix2pix on blurred pictures, as Schawinski et al. 2017, arXiv 1702.00403, do it to galaxies; here
under a Gaussian of `condition.deviation` pixels. Theirs have noise too: `--set=condition.noise=0.1`
adds it, of a deviation in the range [-1, 1] of pictures.
"""

from experiments import pix2pix_folder
from gan_jax.config import override
from gan_jax.methods import GAN

PAPER = "GalaxyGAN, arXiv 1702.00403"


def get_config() -> GAN:
    return override(pix2pix_folder.get_config(), {"condition.name": "blurred"})

"""The same features through the packages that others measure by, where they are installed:

pip install torch numpy scipy scikit-learn pillow tqdm requests packaging
pip install --no-deps torch-fidelity clean-fid prdc torchmetrics lightning-utilities pytorch-fid
"""

import sys
from importlib.machinery import ModuleSpec
from unittest.mock import MagicMock

import numpy as np
import pytest
from formula_features import AS_MANY, FAKE, REAL, pictures

from gan_jax.metrics import classes, frechet, kernel, moments, similarity, support

LOGITS = 2 * np.sin(1 + 0.7 * np.arange(40)[:, None] * np.arange(1, 6))
R, F = moments.of(REAL), moments.of(FAKE)
TORCHVISION = ["", ".transforms", ".transforms.functional", ".models", ".models.vgg", ".datasets"]

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def torch(monkeypatch):
    """PyTorch, with a stand-in for torchvision, which some packages import for other things."""
    for name in (f"torchvision{part}" for part in (*TORCHVISION, ".ops")):
        stand_in = MagicMock()
        stand_in.__spec__, stand_in.__version__ = ModuleSpec(name, None), "0.29.1"
        monkeypatch.setitem(sys.modules, name, stand_in)
    return pytest.importorskip("torch")


def test_torch_fidelity(torch):
    pytest.importorskip("torch_fidelity")
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

    real, fake, as_many = map(torch.tensor, (REAL, FAKE, AS_MANY))
    statistics = [metric_fid.fid_features_to_statistics(x) for x in (real, fake)]
    fid = metric_fid.fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]
    assert frechet.distance(R, F) == pytest.approx(fid, rel=1e-9)
    kid = metric_kid.kid_features_to_metric(
        real, as_many, kid_subsets=1, kid_subset_size=64, verbose=False
    )
    found = kernel.distance(REAL, AS_MANY)
    assert found == pytest.approx(kid["kernel_inception_distance_mean"], rel=1e-9)
    isc = metric_isc.isc_features_to_metric(torch.tensor(LOGITS), 4, False)
    expected = isc["inception_score_mean"], isc["inception_score_std"]
    assert classes.score(LOGITS, splits=4) == pytest.approx(expected, rel=1e-9)
    prc = metric_prc.prc_features_to_metric(fake, real, verbose=False)
    found = support.overlap(REAL, FAKE)
    assert (found.precision, found.recall) == pytest.approx((prc["precision"], prc["recall"]))


@pytest.mark.parametrize("k", [3, 5])
def test_prdc(k):
    expected = pytest.importorskip("prdc").compute_prdc(REAL, FAKE, k)
    found = support.overlap(REAL, FAKE, k, k)
    assert found._asdict() == pytest.approx(expected, rel=1e-9)


def test_torchmetrics(torch):
    pytest.importorskip("torchmetrics")
    from torchmetrics.image.fid import _compute_fid
    from torchmetrics.image.kid import poly_mmd

    fid = _compute_fid(*map(torch.tensor, (R.mean, R.covariance, F.mean, F.covariance)))
    assert frechet.distance(R, F) == pytest.approx(float(fid), rel=1e-9)
    kid = float(poly_mmd(torch.tensor(REAL), torch.tensor(AS_MANY)))
    assert kernel.distance(REAL, AS_MANY) == pytest.approx(kid, rel=1e-9)


def test_torchmetrics_ms_ssim_keeps_reflected_borders_in_its_last_scale(torch):
    """So it differs a little, and the more the smaller the image."""
    pytest.importorskip("torchmetrics")
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure as peer

    images = pictures(3, 192)
    first, second = np.triu_indices(3, 1)
    x, y = (torch.tensor(images[i]).permute(0, 3, 1, 2) for i in (first, second))
    found = similarity.diversity(images, 100, seed=0)
    assert found == pytest.approx(float(peer(x, y, data_range=255.0)), abs=0.005)


def test_clean_fid(torch):
    pytest.importorskip("cleanfid")
    from cleanfid.fid import frechet_distance, kernel_distance

    expected = frechet_distance(R.mean, R.covariance, F.mean, F.covariance)
    assert frechet.distance(R, F) == pytest.approx(float(expected), rel=1e-9)
    expected = kernel_distance(REAL, AS_MANY, num_subsets=1)
    assert kernel.distance(REAL, AS_MANY) == pytest.approx(expected, rel=1e-9)


def test_pytorch_fid(torch):
    pytest.importorskip("pytorch_fid")
    from pytorch_fid.fid_score import calculate_frechet_distance

    expected = calculate_frechet_distance(R.mean, R.covariance, F.mean, F.covariance)
    assert frechet.distance(R, F) == pytest.approx(float(expected), rel=1e-9)

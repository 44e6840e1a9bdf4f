import dataclasses
import io
import socket
import time
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import TEST_DATA
from PIL import Image

from gan_jax import data
from gan_jax.config import override
from gan_jax.data import TFDS, Digits, Folder, ProceduralCars, room, tfds
from gan_jax.errors import UserError
from gan_jax.methods import GAN

CARS = TFDS(name="cifar10", classes=("automobile",), fallback="procedural_cars")


def test_digits_keep_their_labels_and_their_range():
    made = data.load(Digits(height=8, width=8, channels=1))
    assert made.train.x.shape == (1500, 8, 8, 1)
    assert made.test.x.shape == (297, 8, 8, 1)
    assert made.train.x.max() == 255
    assert made.train.x.min() == 0
    assert made.class_names[int(made.train.label[0])] == "0"
    assert set(made.test.label) == set(range(10))
    assert data.load(Digits(height=28, width=28)).train.x.shape[1:] == (
        28,
        28,
        3,
    )


def test_procedural_cars_have_five_thousand_and_one_thousand():
    made = data.load(ProceduralCars(height=8, width=8))
    assert made.train.x.shape == (5000, 8, 8, 3)
    assert made.test.x.shape == (1000, 8, 8, 3)
    assert (made.train.x[:100] != made.test.x[:100]).any()
    with pytest.raises(UserError, match="are in colour"):
        data.load(ProceduralCars(channels=1))
    with pytest.raises(UserError, match="procedural_cars has no field 'crop'"):
        override(GAN(), {"data.crop": "8,8"})
    with pytest.raises(UserError, match=r"crop=\(8,\) must be a height and a width"):
        data.resolve(TFDS(name="mnist", crop=(8,)))


@pytest.mark.parametrize("source", ["", "tfdz"])
def test_an_unknown_source_lists_those_there_are(source):
    known = "digits, folder, pairs, points, polygons, procedural_cars, tfds, stacked_mnist"
    with pytest.raises(UserError, match=known):
        override(GAN(), {"data.source": source})


def test_data_that_cannot_be_had_is_replaced_within_seconds(tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(tfds.importlib.util, "find_spec", lambda name: True)  # as if installed
    began = time.monotonic()
    taken, why = data.resolve(dataclasses.replace(CARS, data_dir=str(tmp_path)))
    assert time.monotonic() - began < 10
    assert taken.choice == "procedural_cars"
    assert taken.stands_in_for == "tfds cifar10 (automobile)"
    assert "cifar10 is not in" in why
    assert data.describe(taken) == "procedural_cars, in place of tfds cifar10 (automobile)"


def no_network(*_args, **_options):
    raise socket.gaierror(-2, "Name or service not known")


def test_a_name_server_that_does_not_answer_costs_seconds(monkeypatch):
    monkeypatch.setattr(tfds, "NETWORK_PATIENCE_SECONDS", 0.2)

    def slow(*_args, **_options):
        time.sleep(3)
        no_network()

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    began = time.monotonic()
    with pytest.raises(OSError, match="no answer"):
        tfds._reach("https://example.org/data.zip")
    assert time.monotonic() - began < 2


def test_without_a_fallback_it_is_an_error_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(tfds.importlib.util, "find_spec", lambda name: None)
    chosen = TFDS(name="cifar10", data_dir=str(tmp_path))
    left = tmp_path / "cifar10" / "incomplete.AB12CD_3.0.2"  # by a preparation that was killed
    left.mkdir(parents=True)
    for name in ("dataset_info.json", "cifar10-train.array_record-00000-of-00001"):
        (left / name).touch()
    with pytest.raises(data.Unavailable, match=r"pip install -e .\.\[prepare\]"):
        data.resolve(chosen)
    with pytest.raises(UserError, match="add --set=data"):
        data.resolve(TFDS())


def test_the_data_dir_is_the_flags_then_the_environments(monkeypatch, tmp_path):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "environment"))
    assert tfds.data_dir(TFDS(data_dir=str(tmp_path / "flag"))) == tmp_path / "flag"
    assert tfds.data_dir(TFDS()) == tmp_path / "environment"
    monkeypatch.delenv("TFDS_DATA_DIR")
    assert tfds.data_dir(TFDS()).name == "tensorflow_datasets"


@pytest.fixture
def few(monkeypatch):
    """A TFDS of six gray pictures, the i-th of shade 40 i and of class i modulo 2."""

    def example(i):
        content = io.BytesIO()
        Image.new("L", (4, 4), 40 * i).save(content, "PNG")
        return {"image": content.getvalue(), "label": i % 2}

    module = SimpleNamespace(
        data_source=lambda *_arguments, **_options: [example(i) for i in range(6)],
        decode=SimpleNamespace(SkipDecoding=lambda: None),
    )
    monkeypatch.setattr(tfds, "_module", lambda: module)
    return TFDS(name="few", classes=("odd",), height=4, width=4, channels=1)


@pytest.mark.parametrize("most", [0, 1 << 20])
def test_images_too_many_for_memory_are_decoded_to_the_disk(few, most, monkeypatch):
    monkeypatch.setattr(room, "MEMORY_BYTES", most)
    split = tfds._read(few, "train", ("even", "odd"))
    assert isinstance(split.x, np.memmap) == (most == 0)
    np.testing.assert_array_equal(split.x[:, 0, 0, 0], [40, 120, 200])
    np.testing.assert_array_equal(split.label, [0, 0, 0])


def test_a_disk_too_small_to_decode_to_says_how_much_it_takes(few, monkeypatch):
    monkeypatch.setattr(room, "MEMORY_BYTES", 0)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda folder: SimpleNamespace(free=100))
    with pytest.raises(UserError, match=r"GAN_JAX_CACHE_DIR.*data\.train_split=train"):
        tfds._read(few, "train", ("even", "odd"))


def prepared(folder, name="mnist", kind="array_record"):
    place = folder / name / "3.0.1"
    place.mkdir(parents=True)
    for file in ("dataset_info.json", f"{name}-train.{kind}-00000-of-00001"):
        (place / file).touch()
    return TFDS(name=name, data_dir=str(folder), fallback="digits")


def test_data_in_another_file_format_are_never_replaced(tmp_path):
    chosen = prepared(tmp_path, kind="tfrecord")
    sentence = r"mnist in .* is prepared as tfrecord, and gan_jax reads array_record; give another"
    for door in (data.resolve, data.load):
        with pytest.raises(UserError, match=sentence) as error:
            door(chosen)
        assert not isinstance(error.value, data.Unavailable)


def test_a_folder_that_names_code_is_not_opened(tmp_path):
    """TFDS would import the module of any class that features.json names."""
    chosen = prepared(tmp_path)
    (features,) = (file.parent / "features.json" for file in tmp_path.rglob("dataset_info.json"))
    features.write_text('{"pythonClassName": "tensorflow_datasets.core.features.Text"}')
    assert data.resolve(chosen) == (chosen, "")
    for key in ("pythonClassName", "python_class_name", "python\\u0043lassName"):
        features.write_text('{"a": {"b": {"KEY" : "antigravity.Image"}}}'.replace("KEY", key))
        with pytest.raises(UserError, match=r"names antigravity\.Image, which would be imported"):
            data.load(chosen)
    features.write_text("{")
    with pytest.raises(UserError, match=r"features\.json cannot be read"):
        data.load(chosen)


def test_a_mistyped_name_is_never_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(tfds.importlib.util, "find_spec", lambda name: True)
    for name, sentence in {
        "mnistt": "TFDS has no data set 'mnistt', and .* holds none; did you mean 'mnist'?",
        "zzzzzz": "holds none; check --set=data.name",
    }.items():
        chosen = TFDS(name=name, data_dir=str(tmp_path), fallback="digits")
        with pytest.raises(UserError, match=sentence) as error:
            data.resolve(chosen)
        assert len(str(error.value)) < 200


def test_data_that_are_not_there_any_more_are_one_sentence(tmp_path):
    chosen = TFDS(name="mnist", data_dir=str(tmp_path))
    with pytest.raises(data.Unavailable, match=f"mnist is not in {tmp_path}; give --data_dir"):
        data.load(chosen)


def test_places_are_those_of_the_source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photos, mnist = Folder(path="/old"), TFDS(name="mnist")
    assert data.with_places(photos, path="new").path == str(tmp_path / "new")
    assert data.with_places(photos) == photos
    assert data.with_places(mnist, data_dir="d").data_dir == str(tmp_path / "d")
    with pytest.raises(UserError, match="this run's data are folder /old"):
        data.with_places(photos, data_dir="d")
    with pytest.raises(UserError, match="this run's data are tfds mnist"):
        data.with_places(mnist, path="new")


needs_tfds = pytest.mark.skipif(
    not (TEST_DATA / "tfds").is_dir(), reason="needs the prepared TFDS data of the test data"
)


@needs_tfds
def test_tfds_reads_the_classes_asked_for():
    chosen = dataclasses.replace(CARS, data_dir=str(TEST_DATA / "tfds"))
    assert data.resolve(chosen) == (chosen, "")
    made = data.load(chosen)
    assert made.train.x.shape == (5000, 32, 32, 3)
    assert made.test.x.shape == (1000, 32, 32, 3)
    assert set(made.train.label) == {0}
    assert made.class_names == ("automobile",)
    np.testing.assert_array_equal(data.load(chosen).train.x, made.train.x)


@needs_tfds
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"classes": ("car",)}, "no class 'car'.*automobile"),
        ({"train_split": "trian"}, "The split 'trian' of cifar10 holds no image .*Unknown split"),
        ({"train_split": "train[:0%]"}, "The split .* of cifar10 holds no image"),
        ({"name": "cifar10:9.9.9"}, "cifar10"),
    ],
)
def test_tfds_mistakes_are_one_sentence(changes, sentence):
    made = dataclasses.replace(CARS, data_dir=str(TEST_DATA / "tfds"), **changes)
    with pytest.raises(UserError, match=sentence):
        data.load(made)

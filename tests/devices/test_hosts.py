"""What processes tell each other, with a dictionary in place of JAX's store."""

import json
import threading

import numpy as np
import pytest

from gan_jax.devices import hosts
from gan_jax.devices.hosts import watch
from gan_jax.devices.hosts.watch import Watch
from gan_jax.errors import UserError


class Store:
    """The key-value store of the coordination service, as far as it is used."""

    def __init__(self):
        self.values, self.answers = {}, True

    def key_value_set(self, key, value, allow_overwrite=False):
        self._check()
        if key in self.values and not allow_overwrite:
            raise RuntimeError("ALREADY_EXISTS")
        self.values[key] = value

    def key_value_dir_get(self, key):
        self._check()
        return [(name, v) for name, v in self.values.copy().items() if name.startswith(f"{key}/")]

    def key_value_delete(self, key):
        self.values = {n: v for n, v in self.values.items() if not n.startswith(f"{key}/")}

    def _check(self):
        if not self.answers:
            raise RuntimeError("UNAVAILABLE")


# in place of the process, an exception ends its thread
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def ends(monkeypatch):
    """The sentences and codes of watches that would have ended their process."""
    found = []

    def leave(sentence, code):
        found.append((sentence, code))
        raise SystemExit  # which ends the thread

    monkeypatch.setattr(watch, "_exit", leave)
    monkeypatch.setattr(watch, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(watch, "LOST_SECONDS", 0.3)
    monkeypatch.setattr(watch, "SOON_SECONDS", 0.05)
    return found


@pytest.fixture
def pair(ends):
    store = Store()
    both = [Watch(store, index, 2, host) for index, host in enumerate("AB")]
    yield store, both
    for one in both:
        one.stop()


def wait(condition):
    waits = threading.Event()
    for _ in range(500):
        if condition():
            return True
        waits.wait(0.01)
    return False


def test_processes_that_are_alive_leave_each_other_alone(pair, ends):
    assert wait(lambda: int(pair[0].values.get("gan_jax/beat/0", 0)) > 60)
    assert ends == []


def test_a_process_that_is_lost_ends_the_other(pair, ends):
    _, both = pair
    assert wait(lambda: "gan_jax/beat/1" in pair[0].values)
    both[1].stop()
    assert wait(lambda: ends)
    sentence, code = ends[0]
    assert sentence.startswith("Process 1 on B has not answered for 0 s, so this process ends too")
    assert code == 75


def test_a_process_that_died_as_soon_as_it_was_connected_is_lost(ends, monkeypatch):
    """It was waited for half an hour."""
    store = Store()
    monkeypatch.setattr(watch, "BEAT_SECONDS", 60.0)
    died = Watch(store, 1, 2, "B")
    died.stop()
    monkeypatch.setattr(watch, "BEAT_SECONDS", 0.01)
    other = Watch(store, 0, 2, "A")
    assert wait(lambda: ends)
    assert ends[0][0].startswith("Process 1 on B has not answered for")
    other.stop()


def test_a_process_that_has_not_begun_yet_is_not_lost(ends):
    alone = Watch(Store(), 0, 2, "A")
    threading.Event().wait(0.5)
    assert ends == []
    alone.stop()


def test_a_service_that_does_not_answer_ends_both(pair, ends):
    pair[0].answers = False
    assert wait(lambda: len(ends) == 2)
    for sentence, code in ends:
        assert sentence.startswith("The coordination service of process 0 has not answered")
        assert code == 75


def test_after_a_failed_collective_a_lost_process_is_found_sooner(pair, ends, monkeypatch):
    monkeypatch.setattr(watch, "LOST_SECONDS", 60)
    _, both = pair
    assert wait(lambda: "gan_jax/beat/1" in pair[0].values)
    both[1].stop()
    threading.Event().wait(0.2)
    assert ends == []
    both[0].suspect()
    assert wait(lambda: ends)


def test_the_first_that_ends_is_heard_by_the_others_with_its_sentence(pair, ends):
    store, both = pair
    both[1].end("There is no space left.", 1)
    both[0].end("Something that follows from it.", 2)
    assert json.loads(store.values["gan_jax/ended/0"])["index"] == 1
    assert wait(lambda: ends)
    assert ends[0] == ("Process 1 on B ended: There is no space left.", 1)


def test_one_process_alone_agrees_with_itself(tmp_path):
    np.testing.assert_array_equal(hosts.gather(3.5), [3.5])
    assert hosts.exchange("x") == ["x"]
    assert hosts.agree(0, None) == ""
    assert hosts.agree(15, None) == "SIGTERM"
    assert hosts.agree(15, ValueError()) == "a failure"
    hosts.agree_on({"a": 1})
    hosts.share(tmp_path)
    hosts.wait()
    hosts.end("", 1)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyError), hosts.ending_together():
        raise KeyError


class Told:
    """A watch of the second process whose names are known."""

    index = 1

    def name(self, index):
        return f"process {index} on {'AB'[index]}"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"seed": 0}, {"seed": 1}, "seed is 1 in process 1 on B and 0 in process 0 on A"),
        ({"a": 1, "b": [2]}, {"a": 1}, r"b is None in process 1 on B and \[2\] in process 0"),
        ({"a": 1}, {"a": 1, "c": "x"}, "c is 'x' in process 1 on B and None in process 0"),
    ],
)
def test_facts_that_differ_are_named_with_their_hosts(monkeypatch, first, second, said):
    monkeypatch.setattr(hosts, "_watch", Told())
    monkeypatch.setattr(hosts, "exchange", lambda text: [json.dumps(first), json.dumps(second)])
    with pytest.raises(UserError, match=f"were not started alike: {said}.*same command"):
        hosts.agree_on(second)
    monkeypatch.setattr(hosts, "exchange", lambda text: [json.dumps(first)] * 2)
    hosts.agree_on(first)


def test_a_port_in_use_is_a_sentence(monkeypatch):
    monkeypatch.setattr(hosts.subprocess, "Popen", Refused)
    with pytest.raises(UserError, match=r"cannot listen on \[::\]:9 \(Address already in use\)"):
        hosts._start_service("[::]:9", 2)


class Refused:
    def __init__(self, *_arguments, **_options):
        self.stdout = type("Pipe", (), {"readline": lambda self: "Address already in use\n"})()

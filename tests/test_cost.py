"""What a run takes, told before it is begun."""

import jax
from conftest import tiny_config

from gan_jax import cost, keys, methods
from gan_jax.config import override
from gan_jax.methods.network_state import NetworkState


def test_what_a_run_takes_is_told_by_its_state_and_its_step():
    config = tiny_config()
    state = jax.jit(methods.make(config).init)(keys.root(0))
    few, many = (cost.of(override(config, {"train.batch_size": n})) for n in (8, 64))
    assert few.state_bytes == sum(leaf.nbytes for leaf in jax.tree.leaves(state))
    assert few.parameters == {
        name: sum(leaf.size for leaf in jax.tree.leaves(getattr(state, name).params))
        for name in ("gen", "disc")
    }
    assert few.parameters == many.parameters
    assert 7 < many.flop / few.flop < 8.5  # all but the updates of weights is by the image
    assert many.step_bytes > 2 * few.step_bytes
    parameters, operations, memory = many.sentences()
    counts = few.parameters
    assert parameters == f"Parameters: gen {counts['gen']:,}, disc {counts['disc']:,}."
    assert operations == f"A step takes {many.flop / 1e9:,.3g} GFLOP."
    assert f" cpu: {-(-many.state_bytes // 2**20):,} MiB for the state and " in memory


def test_networks_are_named_by_their_place_in_the_state():
    state = {"levels": [of_size(3), of_size(5)]}
    assert cost._parameters(state) == {"['levels'][0]": 3, "['levels'][1]": 5}


def of_size(size):
    return NetworkState({"kernel": jax.ShapeDtypeStruct((size,), "float32")}, {}, {})

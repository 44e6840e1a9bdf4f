import pytest

from gan_jax.run.intervals import Pace, is_due, next_due, was_due


@pytest.mark.parametrize(
    ("step", "every", "total", "due"),
    [
        (0, 10, 100, True),
        (9, 10, 100, False),
        (10, 10, 100, True),
        (11, 10, 100, False),
        (95, 10, 95, True),  # the last step, which is no multiple
        (94, 10, 95, False),
        (0, 0, 5, False),  # 0 leaves only the last step
        (5, 0, 5, True),
        (0, 7, 0, True),
    ],
)
def test_due_at_multiples_and_at_the_last_step(step, every, total, due):
    assert is_due(step, every, total) is due


@pytest.mark.parametrize("every", [0, 1, 3, 10])
@pytest.mark.parametrize("total", [1, 10, 17])
def test_next_due_is_the_first_later_step_that_is_due(every, total):
    for step in range(total):
        later = (s for s in range(step + 1, total + 1) if is_due(s, every, total))
        assert next_due(step, every, total) == next(later)


@pytest.mark.parametrize("every", [0, 1, 3, 10])
def test_was_due_looks_at_every_step_since(every):
    for step in range(1, 18):
        for since in range(step):
            passed = any(is_due(s, every, 17) for s in range(since + 1, step + 1))
            assert was_due(since, step, every, 17) == passed, (since, step)


def test_pace_stops_at_what_is_due_and_learns_the_length_of_a_call():
    pace = Pace((10, 4), total=18, most_steps=6)
    assert pace.count(0) == 1  # nothing is known yet, so progress shows soon
    pace.note(1, seconds=0.5)
    assert pace.count(0) == 3  # 1.5 s at 0.5 s a step
    assert pace.count(3) == 1  # step 4 is due
    pace.note(1, seconds=0.001)
    assert pace.count(4) == 4  # step 8 is due
    assert pace.count(16) == 2  # the end
    assert pace.count(18) == 0
    assert Pace((0,), total=100, most_steps=6).count(0) == 1
    fast = Pace((0,), total=100, most_steps=6)
    fast.note(1, seconds=1e-9)
    assert fast.count(0) == 6


def test_pace_never_stalls_when_a_step_takes_minutes():
    pace = Pace((10,), total=20, most_steps=6)
    pace.note(1, seconds=300)
    assert pace.count(0) == 1

"""When something that happens every so many steps is due, and how far to run until then."""

from collections.abc import Iterable


def is_due(step: int, every: int, total: int) -> bool:
    """True at each multiple of `every` (step 0 included) and at the last step, `total`.

    `every=0` leaves only the last step.
    """
    return step == total or (every > 0 and step % every == 0)


def was_due(since: int, step: int, every: int, total: int) -> bool:
    """Whether `is_due` held at `step` or at an earlier one after `since`."""
    return step == total or (every > 0 and step // every > since // every)


def next_due(step: int, every: int, total: int) -> int:
    """The first step after `step` at which `is_due` holds; `total` when none is left."""
    return total if every == 0 else min(total, (step // every + 1) * every)


class Pace:
    """How many steps the next compiled call runs.

    A call ends at the next step at which anything is due, and else after about `CALL_SECONDS`: long
    enough that calls cost nothing, short enough that a signal is soon obeyed.
    """

    CALL_SECONDS = 1.5

    def __init__(self, intervals: Iterable[int], total: int, most_steps: int):
        self._intervals, self._total, self._most = tuple(intervals), total, most_steps
        self._steps = 1

    def count(self, step: int) -> int:
        """Steps of the call that starts after `step`; 0 at the end."""
        due = (next_due(step, every, self._total) for every in self._intervals)
        return min(min(due) - step, self._steps, self._most)

    def note(self, count: int, seconds: float) -> None:
        """Learns from a call of `count` steps that took `seconds`."""
        self._steps = max(1, round(count * self.CALL_SECONDS / max(seconds, 1e-6)))

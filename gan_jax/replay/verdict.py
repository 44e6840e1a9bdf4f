"""What a comparison comes to: a table, a sentence and the likely causes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from gan_jax.replay.comparison import GRIDS, ROWS, STATES, Comparison, Gap
from gan_jax.replay.record import Change, Facts


class Verdict(NamedTuple):
    """How a replay compares with its run, up to step `at`."""

    at: int
    comparisons: list[Comparison]
    changes: list[Change]  # what the two records say differently of what made them
    contradictions: list[str]  # in the record itself
    now: Facts
    diverged: str = ""  # why the replay ended before `at`, if it did

    @property
    def is_equal(self) -> bool:
        """Whether all that was compared is, and anything was."""
        some = any(one.steps for one in self.comparisons)
        return some and not self.diverged and not any(one.gaps for one in self.comparisons)

    @property
    def first(self) -> tuple[Comparison, Gap] | None:
        """The earliest difference."""
        found = [(one, gap) for one in self.comparisons for gap in one.gaps[:1]]
        return min(found, key=lambda pair: pair[1].step, default=None)

    def sentence(self) -> str:
        """Equal or not, where it begins and what explains it."""
        if self.is_equal:
            counts = [self._count(kind) for kind in (ROWS, GRIDS, STATES)]
            though = f"; all the same, {self._explained()}" if self.changes else ""
            return f"equal: {', '.join(counts)} up to step {self.at} are the same bits{though}."
        if self.first:
            one, gap = self.first
            where = f"the first difference is at step {gap.step} in the {one.kind} ({gap.name})"
        else:
            where = self.diverged or f"nothing up to step {self.at} is in both to be compared"
        causes = [cause for cause in (self._explained(), *self.deductions()) if cause]
        return f"not equal: {where}; {'; '.join(causes or self.guesses())}."

    def _explained(self) -> str:
        said = []
        if self.changes:
            said.append(f"what differs in the record: {', '.join(map(str, self.changes))}")
        if self.contradictions:
            said.append(f"the record contradicts itself: {', '.join(self.contradictions)}")
        return "; ".join(said)

    def deductions(self) -> list[str]:
        """What the differences themselves say of their cause."""
        if self.diverged:
            return [self.diverged] if self.first else []
        if not self.first:
            return []
        one, gap = self.first
        others = [
            other
            for other in self.comparisons
            if other.member == one.member and other.kind != STATES and not other.gaps
        ]
        seen = {step for other in others for step in other.steps}
        if gap.why and one.kind == STATES:
            return [gap.why.rstrip(".")]
        if gap.step == 0:
            return [
                "the untrained run is another one already, which the seed and the code alone make: "
                "config.json has another seed than the run had, or the code differs"
            ]
        kinds = {c.kind for c in self.comparisons if c.gaps and c.member == one.member}
        if kinds == {STATES} and all(gap.step in seen for gap in one.gaps):
            return [
                "rows and grids of the same steps are equal, so that the checkpoint itself was "
                "changed after the run wrote it"
            ]
        named = {gap.name for c in self.comparisons for gap in c.gaps}
        if kinds == {ROWS} and all(name.startswith("eval/") for name in named):
            return [
                "training is the same and its evaluation is not: the test examples, of which the "
                "record has no fingerprint, may be others"
            ]
        return []

    def guesses(self) -> list[str]:
        """What the record cannot show and may be the cause, where it shows no other."""
        said = ["nothing differs in the record, which cannot show everything"]
        devices, commit = self.now.get("devices", ""), self.now.get("commit", "")
        if "cpu" not in devices and "deterministic_ops=true" not in self.now.get("XLA flags", ""):
            said.append(
                "these devices may add in another order each time unless XLA_FLAGS has "
                "--xla_gpu_deterministic_ops=true"
            )
        if commit.endswith("-dirty") or not commit:
            said.append("the code has no commit of its own, and may have been changed since")
        said.append(
            "a file of the record may have been changed, or a library below JAX be another one"
        )
        return said

    def _count(self, kind: str) -> str:
        count = sum(len(one.steps) for one in self.comparisons if one.kind == kind)
        noun = {ROWS: "row", GRIDS: "grid", STATES: "checkpoint"}[kind]
        return f"{count} {noun}{'' if count == 1 else 's'}"

    def table(self) -> list[str]:
        """The lines of the table: what was compared, at how many steps, equal or by how much."""
        several = len({one.member for one in self.comparisons}) > 1
        cells = [("compared", "steps", "only one has", "equal", "largest difference")]
        for one in self.comparisons:
            named = [f"{one.kind} of {one.member}" if several else one.kind]
            named += [f"{one.kind} {name}" for name in dict.fromkeys(g.name for g in one.gaps)]
            counts = str(len(one.steps)), str(len(one.passed_over))
            cells.append((named[0], *counts, "no" if one.gaps else "yes" if one.steps else "-", ""))
            for name, worst in worst_by_name(one.gaps).items():
                cells.append((f"  {name}", f"from {worst.step}", "", "", _shown(worst)))
        widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]

    def plain(self) -> dict[str, Any]:
        """The same as values of JSON."""
        return {
            "at": self.at,
            "equal": self.is_equal,
            "sentence": self.sentence(),
            "record": [change._asdict() for change in self.changes],
            "contradictions": self.contradictions,
            "replayed_with": self.now,
            "compared": [
                {
                    **one._asdict(),
                    "gaps": [gap._asdict() for gap in one.gaps],
                    "digests": {
                        str(step): {name: {"run": a, "replay": b} for name, (a, b) in both.items()}
                        for step, both in one.digests.items()
                    },
                }
                for one in self.comparisons
            ],
        }


def worst_by_name(gaps: Sequence[Gap]) -> dict[str, Gap]:
    """By name the largest differences, at the step of the first one."""
    found: dict[str, Gap] = {}
    for gap in gaps:
        old = found.get(gap.name, gap)
        sizes = max(old.absolute, gap.absolute), max(old.relative, gap.relative)
        found[gap.name] = old._replace(absolute=sizes[0], relative=sizes[1])
    return found


def _shown(gap: Gap) -> str:
    return gap.why or f"{gap.absolute:.3g}, relative {gap.relative:.2g}"

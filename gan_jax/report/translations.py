"""What a report says of runs that make pictures from pictures."""

from gan_jax.data.conditions import Given, Nothing
from gan_jax.evaluation import pairs
from gan_jax.report.document import paragraph, table
from gan_jax.report.records import Record


def sentence(record: Record) -> str:
    """What stands where in the samples of a run; empty where they are made of latents."""
    name = str(record.config.get("condition.name", Nothing.choice))
    if name == Nothing.choice:
        return ""
    given = Given.choices.get(name, Given)
    known = ", where it is known" if given.of_other_class else ""
    return (
        f"Each sample from left to right: the source, {given.words}; what was made of it; the "
        f"target{known}. They are of the same test pictures at every step."
    )


def section(record: Record) -> str:
    """The scores by pairs of the last evaluation; empty where there are none."""
    count, rows = pairs.read(record.folder)
    if not rows:
        return ""
    return table(*pairs.table(count, rows), "Scores by pairs") + paragraph(pairs.CAPTION)

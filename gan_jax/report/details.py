"""How a run was made: its commands, config and environment, as sections of a page."""

import shlex
from collections import Counter
from pathlib import Path
from typing import Any

from gan_jax.config import flatten
from gan_jax.methods import Config
from gan_jax.report.document import command, more, table, text
from gan_jax.report.records import Record

Settings = dict[str, Any]


def commands(run: Record, seed: Path | None = None) -> str:
    """The command that made a run, and those that go on from it; of several seeds one is `seed`."""
    named = run.config.get("plugins")
    plugins = named if isinstance(named, list) else ()
    flags = "".join(f" --plugin={shlex.quote(str(name))}" for name in plugins)
    whole, one = (
        f"--workdir={shlex.quote(str(path))}" for path in (run.folder, seed or run.folder)
    )
    parts = []
    if line := command_line(run.environment):
        said = (
            "The run's environment.json says that this command made it; given again, it resumes it."
        )
        parts.append(command(said, line))
        parts.append(
            "<p>With <code>--set=train.num_steps=N</code> it goes on to step N. Anything that "
            "would alter the run&rsquo;s course is refused.</p>"
        )
    modes = {
        "Draw samples from the last checkpoint.": f"sample {one} --num_samples=64{flags}",
        "Score the samples of every checkpoint.": f"evaluate {one}{flags}",
        "Draw every picture that makes sense for it.": f"visualize {one} --what=all{flags}",
        "Make this page anew.": f"report {whole}",
    }
    for sentence, mode in modes.items():
        parts.append(command(sentence, f"python launch.py --mode={mode}"))
    return "".join(parts)


def command_line(environment: Settings) -> str:
    """The recorded command as a shell takes it."""
    arguments = [str(argument) for argument in environment.get("command", [])]
    return shlex.join(["python", *arguments]) if arguments else ""


def config(settings: Settings) -> str:
    """What differs from the defaults, then everything; nothing where the config is lost."""
    if not settings:
        return ""
    defaults = _defaults(settings)
    changed = [
        (name, text(value), text(defaults[name]) if name in defaults else "")
        for name, value in settings.items()
        if name not in defaults or value != defaults[name]
    ]
    every = [(name, text(value)) for name, value in settings.items()]
    return table(("field", "this run", "default"), changed, "Config: differences") + more(
        f"All {len(every)} fields", table(("field", "value"), every, "Config: every field")
    )


def _defaults(settings: Settings) -> Settings:
    """What the method that a run chose has by default; nothing for one unknown here."""
    name = settings.get(Config.chosen_by)
    if isinstance(name, str) and name in Config.choices:
        return flatten(Config.choices[name]())
    return {}


def environment(record: Settings) -> str:
    """What the run ran on, with which versions and data, and how it was started before.

    Nothing where that is lost.
    """
    if not record:
        return ""
    data, packages = record.get("data", {}), record.get("packages", {})
    rows = {
        "devices": devices(record),
        "processes": text(record.get("process_count", "")),
        "data": data.get("used", ""),
        "images": " + ".join(
            f"{data[name]:,} {kind}"
            for name, kind in (("images", "training"), ("test_images", "test"))
            if name in data
        ),
        "classes": _shortened(data.get("class_names", [])),
        "data fingerprint": data.get("fingerprint", ""),
        "data report": " ".join(data.get("report", [])),
        "gan_jax": " ".join(filter(None, (record.get("gan_jax"), record.get("git_commit")))),
        "python": record.get("python", ""),
        "packages": ", ".join(f"{name} {version}" for name, version in packages.items()),
        "platform": record.get("platform", ""),
        "processor": record.get("processor", ""),
        "XLA flags": record.get("xla_flags", ""),
        "variables": ", ".join(f"{n}={v}" for n, v in record.get("variables", {}).items()),
        "started": record.get("started", ""),
    }
    shown = [(name, value) for name, value in rows.items() if value.strip("“”")]
    page = table(("", ""), shown, "Environment")
    if earlier := record.get("earlier_starts", []):
        starts = [
            (start.get("started", ""), _origin(start), command_line(start)) for start in earlier
        ]
        title = "1 earlier start" if len(starts) == 1 else f"{len(starts)} earlier starts"
        page += more(title, table(("started", "with", "command"), starts, "Earlier starts"))
    return page


def devices(record: Settings) -> str:
    """The platform and the kind of the devices, counted."""
    kinds = Counter(" ".join(dict.fromkeys(kind.split())) for kind in record.get("devices", []))
    return ", ".join(f"{count} \N{MULTIPLICATION SIGN} {kind}" for kind, count in kinds.items())


def _origin(start: Settings) -> str:
    jax = start.get("packages", {}).get("jax", "")
    commit = start.get("git_commit", "")[:10]
    return f"gan_jax {start.get('gan_jax', '')} {commit}, jax {jax}, {devices(start)}"


def _shortened(names: list[str], most: int = 20) -> str:
    extra = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + extra

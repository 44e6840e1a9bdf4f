"""The page of one run."""

from gan_jax.report import curves, details, pictures, scores, translations
from gan_jax.report.document import contents, document, header, notice, section, text
from gan_jax.report.embed import Album
from gan_jax.report.records import Record
from gan_jax.report.timeline import timeline


def page(record: Record) -> str:
    """The report of a run."""
    samples, shots = timeline(record)
    album = Album(pictures.MOST_BYTES)
    scored, charts = scores.section(record, album)
    panels = curves.panels(record.rows)
    parts = {
        "Samples": samples,
        "Scores": scored,
        "Scores by pairs": translations.section(record),
        "Curves": curves.charts(panels, first=len(charts)),
        **pictures.sections(record, album),
        "Commands": details.commands(record),
        "Config": details.config(record.config),
        "Environment": details.environment(record.environment),
    }
    parts = {title: content for title, content in parts.items() if content}
    body = header(
        "Training run",
        record.experiment,
        record.folder.resolve().name,
        facts(record),
        contents(parts),
    )
    body += stand_in(record) + "".join(section(*part) for part in parts.items())
    return document(
        f"{record.experiment} · {record.folder.resolve().name}",
        body,
        {"panels": charts + panels, "snapshots": shots},
    )


def facts(record: Record) -> dict[str, str]:
    """The figures that say at a glance what a run is and how far it is."""
    data = record.environment.get("data", {})
    rate = record.last().get("images_per_second")
    return {
        "state": record.state,
        "steps": progress(record),
        "seed": str(record.config.get("seed", "")),
        "data": data.get("used", ""),
        "training images": text(data["images"]) if "images" in data else "",
        "batch": text(record.config.get("train.batch_size", "")).strip("“”"),
        "devices": details.devices(record.environment),
        "images per second": f"{rate:,.0f}" if rate else "",
    }


def stand_in(record: Record) -> str:
    """The warning of a run that trained on other data than it was asked to; else nothing."""
    wanted, used = (record.config.get(f"data.{field}") for field in ("stands_in_for", "source"))
    return notice(f"Trained on {used} in place of {wanted}.") if wanted else ""


def progress(record: Record) -> str:
    """The steps that are done, and of how many where that is not all."""
    done, total = record.step, record.config.get("train.num_steps", record.step)
    return text(done) if done == total else f"{text(done)} of {text(total)}"

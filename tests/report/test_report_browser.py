"""report.html in Chromium: no error, no request, and all that a reader can do works."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import tiny_config
from made_run import page_data, write_run, write_scores

from gan_jax import report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)

# What a reader does, and what they then see. Errors and refused requests are collected first.
COLLECT = """<script>
var seen = { errors: [] };
for (const kind of ["error", "securitypolicyviolation"]) {
  const note = (event) => seen.errors.push(String(event.message ?? event.blockedURI));
  addEventListener(kind, note, true);
}
console.error = (...words) => seen.errors.push(words.join(" "));
</script>"""
TEXT = "<script>const text = (selector) => document.querySelector(selector).textContent;</script>"
ACT = """<script>
const averaged = document.querySelector("img[data-name=averaged]");
seen.before = [text("#at"), averaged.getAttribute("src")];
const moved = document.getElementById("when");
moved.value = 1;
moved.dispatchEvent(new Event("input"));
seen.moved = [text("#at"), averaged.getAttribute("src"), moved.getAttribute("aria-valuetext")];
const svg = document.querySelector(".chart > svg");
const box = svg.getBoundingClientRect();
const middle = { clientX: box.left + box.width / 2, clientY: box.top + 50, bubbles: true };
svg.dispatchEvent(new PointerEvent("pointermove", middle));
const values = document.querySelectorAll('[data-panel="0"] b');
seen.hovered = [text(".when"), ...[...values].map((value) => value.textContent)];
seen.dots = document.querySelectorAll('[data-panel="0"] .cross circle').length;
svg.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
seen.keyed = text(".when");
svg.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
seen.chosen = text("#at");
document.querySelector(".legend button").click();
seen.curves = document.querySelectorAll('[data-panel="0"] .curve').length;
const stretch = (i) => i.clientWidth * i.naturalHeight - i.clientHeight * i.naturalWidth;
seen.stretched = [...document.images].filter((i) => Math.abs(stretch(i)) > i.naturalWidth).length;
seen.wide = document.documentElement.scrollWidth > innerWidth;
</script>"""
SCORES = """<script>
const [kd, fd] = document.querySelectorAll("#scores .chart");
const part = (chart, selector) => chart.querySelector(selector);
seen.legend = [part(kd, ".legend b").textContent, part(kd, ".legend small").textContent];
seen.none = [part(fd, ".legend small").textContent, part(fd, ".whisker"), part(fd, ".floor")];
seen.label = part(kd, "svg[role=img]").getAttribute("aria-label");
const spans = () => [...part(kd, ".whisker").getAttribute("d").matchAll(/ ([0-9.]+)V([0-9.]+)/g)];
const lengths = () => spans().map(([, from, to]) => Math.round(from - to));
const height = () => part(kd, ".floor").getAttribute("d").match(/[0-9.]+(?=H)/)[0];
seen.linear = [lengths(), Number(height())];
const checks = document.querySelectorAll("[name=logarithmic]");
checks[0].click();
seen.logarithmic = [lengths(), part(kd, ".floor")];
const smoothing = document.querySelectorAll("[name=smoothing]");
smoothing[0].dispatchEvent(new Event("input"));
seen.ticks = ["#scores", "#curves"].map((id) => text(id + " .chart .axes text"));
checks[0].click();
smoothing[0].value = 0.5;
smoothing[0].dispatchEvent(new Event("input"));
seen.smoothed = [smoothing.length, text("#curves output"), part(kd, ".faint")];
seen.faint = document.querySelectorAll("#curves .faint").length > 0;
seen.wide = document.documentElement.scrollWidth > innerWidth;
</script>"""
TELL = """<script>
const result = document.createElement("pre");
result.id = "seen";
result.textContent = JSON.stringify(seen);
document.body.append(result);
</script>"""


def seen_by(tmp_path, path, act):
    """What a reader of a page sees who does what `act` says."""
    html = path.read_text().replace("<title>", COLLECT + "<title>", 1)
    path.write_text(html.replace("</body>", TEXT + act + TELL + "</body>"))
    quiet = ("background-networking", "component-update", "sync", "gpu", "quic")
    command = [
        CHROMIUM,
        *("--headless", "--no-sandbox", "--no-first-run", f"--user-data-dir={tmp_path / 'user'}"),
        *(f"--disable-{what}" for what in quiet),
        *("--virtual-time-budget=2000", "--dump-dom", path.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout)
    assert found, done.stderr
    seen = json.loads(found.group(1))
    assert seen["errors"] == []
    return seen


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_the_page_is_alive_in_a_browser(tmp_path):
    write_run(tmp_path / "run", tiny_config())
    path = report.run(tmp_path / "run")
    shots = page_data(path)["snapshots"]
    seen = seen_by(tmp_path, path, ACT)
    assert seen["before"] == ["step 30", shots[3]["averaged"]]
    assert seen["moved"] == ["step 10", shots[1]["averaged"], "step 10"]
    assert seen["hovered"] == ["step 20", "0.05", "0.5"]
    assert seen["dots"] == 2
    assert seen["keyed"] == "step 30"
    assert seen["chosen"] == "step 30"
    assert seen["curves"] == 1
    assert seen["stretched"] == 0
    assert not seen["wide"]


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_scores_have_whiskers_and_a_floor_and_controls_of_their_own(tmp_path):
    write_run(tmp_path / "run", tiny_config())
    kds = {10: (10.0, 1.0), 20: (2.0, 3.0), 30: (4.0, 0.25)}
    write_scores(tmp_path / "run", kds, floor=-2.0)
    seen = seen_by(tmp_path, report.run(tmp_path / "run"), SCORES)
    assert seen["legend"] == ["4 ± 0.25", "floor -2"]
    assert seen["none"] == ["", None, None]
    assert "Whiskers are standard errors. Dashed lines are floors." in seen["label"]
    lengths, floor = seen["linear"]
    unit = 204 / (13 * 1.1)  # pixels, from the floor to the highest end and 5 % beyond both
    assert lengths == [pytest.approx(2 * error * unit, abs=1) for _, error in kds.values()]
    assert floor == pytest.approx(10 + 204 - 0.05 * 13 * unit, abs=0.1)
    lengths, floor = seen["logarithmic"]
    assert lengths[0] < lengths[1] and floor is None  # what is below 0 has no place there
    assert seen["ticks"] == ["2", "0.2"]
    assert seen["smoothed"] == [1, "0.5", None]
    assert seen["faint"] and not seen["wide"]

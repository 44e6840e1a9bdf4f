"""report.html in Chromium: no error, no request, and all that a reader can do works."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import tiny_config
from made_run import page_data, write_run

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
ACT = """<script>
const text = (selector) => document.querySelector(selector).textContent;
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
const result = document.createElement("pre");
result.id = "seen";
result.textContent = JSON.stringify(seen);
document.body.append(result);
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_the_page_is_alive_in_a_browser(tmp_path):
    write_run(tmp_path / "run", tiny_config())
    path = report.run(tmp_path / "run")
    shots = page_data(path)["snapshots"]
    html = path.read_text().replace("<title>", COLLECT + "<title>", 1)
    path.write_text(html.replace("</body>", ACT + "</body>"))
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
    assert seen["before"] == ["step 30", shots[3]["averaged"]]
    assert seen["moved"] == ["step 10", shots[1]["averaged"], "step 10"]
    assert seen["hovered"] == ["step 20", "0.05", "0.5"]
    assert seen["dots"] == 2
    assert seen["keyed"] == "step 30"
    assert seen["chosen"] == "step 30"
    assert seen["curves"] == 1
    assert seen["stretched"] == 0
    assert not seen["wide"]

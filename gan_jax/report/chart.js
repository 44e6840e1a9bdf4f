// Curves as SVG: a crosshair that all charts of the page share, values of the step under it,
// series that can be hidden, errors and floors, smoothing, a logarithmic axis.

const page = JSON.parse(document.getElementById("data").textContent);
const MARGIN = { left: 56, right: 14, top: 10, bottom: 26 };
const HEIGHT = 240;

function tag(name, attributes = {}, ...children) {
  const namespace = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class Chart {
  constructor(place, panel, settings) {
    this.place = place;
    this.settings = settings;
    this.svg = tag("svg", { role: "img", tabindex: 0 });
    this.legend = document.createElement("div");
    this.legend.className = "legend";
    this.when = document.createElement("span");
    this.when.className = "when";
    this.when.setAttribute("aria-live", "polite");
    place.querySelector("figcaption").append(this.when);
    place.append(this.svg, this.legend);
    this.hidden = new Set();
    this.svg.addEventListener("pointermove", (event) => point(this.stepAt(event)));
    this.svg.addEventListener("pointerleave", () => point(null));
    this.svg.addEventListener("blur", () => point(null));
    this.svg.addEventListener("click", (event) => choose(this.stepAt(event)));
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.show(panel);
    new ResizeObserver(() => this.draw()).observe(place);
  }

  show(panel) {
    this.title = panel.title;
    this.series = panel.series;
    const steps = new Set(this.series.flatMap((series) => series.points.map(([step]) => step)));
    this.steps = [...steps].sort((a, b) => a - b);
    const said = [
      `${this.title} over training steps.`,
      this.series.some((series) => errorsOf(series).length) ? "Whiskers are standard errors." : "",
      this.series.some((series) => "floor" in series) ? "Dashed lines are floors." : "",
      "Arrow keys move the crosshair, Enter shows the samples.",
    ];
    this.svg.setAttribute("aria-label", said.filter(Boolean).join(" "));
    this.legend.replaceChildren(...this.series.map((series) => this.entry(series)));
    this.draw();
  }

  entry(series) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", String(!this.hidden.has(series.name)));
    const key = tag("svg", { viewBox: "0 0 22 8", "aria-hidden": "true" });
    const line = { d: "M1 4h20", stroke: series.colour, "stroke-dasharray": series.dash };
    key.append(tag("path", line));
    const [floor, value] = [document.createElement("small"), document.createElement("b")];
    if ("floor" in series) floor.textContent = `floor ${number(series.floor)}`;
    button.append(key, series.name, floor, value);
    button.addEventListener("click", () => {
      if (!this.hidden.delete(series.name)) this.hidden.add(series.name);
      button.setAttribute("aria-pressed", String(!this.hidden.has(series.name)));
      this.draw();
    });
    return button;
  }

  visible() {
    return this.series.filter((series) => !this.hidden.has(series.name));
  }

  draw() {
    const width = Math.max(this.place.clientWidth, 200);
    this.width = width;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.smoothed = new Map(
      this.series.map((series) => [series, smooth(series.points, this.settings.smoothing)]),
    );
    const shown = this.visible();
    const values = shown.flatMap((series) => this.smoothed.get(series).map(([, value]) => value));
    this.log = this.settings.logarithmic && values.length > 0 && values.every((value) => value > 0);
    const others = shown.flatMap((series) => [
      ...errorsOf(series).flatMap(([, low, high]) => [low, high]),
      ...("floor" in series ? [series.floor] : []),
    ]);
    this.scale([...values, ...others.filter((value) => !this.log || value > 0)]);
    this.clip = `clip-${this.place.dataset.panel}`;
    const inner = {
      x: MARGIN.left - 4,
      y: MARGIN.top - 2,
      width: width - MARGIN.left - MARGIN.right + 8,
      height: HEIGHT - MARGIN.top - MARGIN.bottom + 4,
    };
    const clip = tag("clipPath", { id: this.clip }, tag("rect", inner));
    this.svg.replaceChildren(clip, this.axes(), ...shown.map((series) => this.curve(series)));
    this.marker = tag("path", { class: "marker" });
    this.cross = tag("g", { class: "cross" });
    this.svg.append(this.marker, this.cross);
    this.mark(chosen);
    this.point(pointed);
  }

  scale(values) {
    const [first, last] = [this.steps[0], this.steps[this.steps.length - 1]];
    let low = values.reduce((a, b) => Math.min(a, b), Infinity);
    let high = values.reduce((a, b) => Math.max(a, b), -Infinity);
    if (!values.length) [low, high] = [0, 1];
    if (high - low <= 1e-9 * Math.abs(high)) {
      const apart = Math.max(1, Math.abs(high) / 1e3);
      [low, high] = this.log ? [low / 2, high * 2] : [low - apart, high + apart];
    }
    const up = this.log ? Math.log : (value) => value;
    const pad = (up(high) - up(low)) * 0.05;
    [this.low, this.high] = [up(low) - pad, up(high) + pad];
    const across = this.width - MARGIN.left - MARGIN.right;
    const tall = HEIGHT - MARGIN.top - MARGIN.bottom;
    const span = last - first || 1;
    this.x = (step) => MARGIN.left + (across * (step - first)) / span;
    this.y = (value) => {
      const share = this.log && value <= 0 ? 0 : (up(value) - this.low) / (this.high - this.low);
      return MARGIN.top + tall * (1 - share);
    };
    this.stepAt = (event) => {
      const box = this.svg.getBoundingClientRect();
      const place = ((event.clientX - box.left) * this.width) / box.width;
      const step = first + ((place - MARGIN.left) * span) / across;
      return this.steps.reduce((a, b) => (Math.abs(b - step) < Math.abs(a - step) ? b : a));
    };
  }

  axes() {
    const group = tag("g", { class: "axes" });
    const right = this.width - MARGIN.right;
    const bottom = HEIGHT - MARGIN.bottom;
    const ticks = this.log
      ? logTicks(Math.exp(this.low), Math.exp(this.high))
      : linearTicks(this.low, this.high, 5);
    for (const tick of ticks) {
      const y = this.y(tick);
      group.append(tag("path", { d: `M${MARGIN.left} ${y}H${right}` }));
      const place = { x: MARGIN.left - 8, y: y + 4, "text-anchor": "end" };
      group.append(tag("text", place, number(+tick.toPrecision(10))));
    }
    const [first, last] = [this.steps[0], this.steps[this.steps.length - 1]];
    const wide = Math.max(2, Math.floor(this.width / 110));
    for (const tick of last > first ? linearTicks(first, last, wide) : [first]) {
      const anchor = this.x(tick) > right - 24 ? "end" : "middle";
      const place = { x: this.x(tick), y: bottom + 18, "text-anchor": anchor };
      if (Number.isInteger(tick)) group.append(tag("text", place, integer.format(tick)));
    }
    return group;
  }

  curve(series) {
    const look = { stroke: series.colour, "clip-path": `url(#${this.clip})` };
    const path = (points) => {
      const places = points
        .filter(([, value]) => !this.log || value > 0)
        .map(([step, value]) => `${this.x(step).toFixed(1)} ${this.y(value).toFixed(1)}`);
      return places.length === 1 ? `M${places[0]}h.01` : `M${places.join("L")}`;
    };
    const group = tag("g", { class: "curve" });
    if ("floor" in series && !(this.log && series.floor <= 0)) {
      const d = `M${MARGIN.left} ${this.y(series.floor).toFixed(1)}H${this.width - MARGIN.right}`;
      group.append(tag("path", { ...look, class: "floor", d }));
    }
    const whiskers = errorsOf(series).map(([step, low, high]) => {
      const [x, from, to] = [this.x(step), this.y(low), this.y(high)].map((at) => at.toFixed(1));
      return `M${x} ${from}V${to}m-3 0h6M${x} ${from}m-3 0h6`;
    });
    if (whiskers.length) group.append(tag("path", { ...look, class: "whisker", d: whiskers.join("") }));
    if (this.settings.smoothing) group.append(tag("path", { ...look, class: "faint", d: path(series.points) }));
    const main = { ...look, d: path(this.smoothed.get(series)), "stroke-dasharray": series.dash };
    group.append(tag("path", main));
    return group;
  }

  mark(step) {
    const inside = step !== null && step >= this.steps[0] && step <= this.steps[this.steps.length - 1];
    const d = inside ? `M${this.x(step)} ${MARGIN.top}V${HEIGHT - MARGIN.bottom}` : "";
    this.marker.setAttribute("d", d);
  }

  point(step) {
    const shown = step ?? this.steps[this.steps.length - 1];
    const parts = [];
    if (step !== null) {
      parts.push(tag("path", { d: `M${this.x(step)} ${MARGIN.top}V${HEIGHT - MARGIN.bottom}` }));
    }
    this.series.forEach((series, i) => {
      const [, value, error] = at(this.smoothed.get(series), shown);
      const text = error === undefined ? "" : ` ± ${number(+error.toPrecision(2))}`;
      this.legend.children[i].querySelector("b").textContent = number(value) + text;
      if (step === null || this.hidden.has(series.name) || (this.log && value <= 0)) return;
      const dot = { cx: this.x(step), cy: this.y(value), r: 3.5, fill: series.colour };
      parts.push(tag("circle", dot));
    });
    this.cross.replaceChildren(...parts);
    this.when.textContent = `step ${integer.format(shown)}`;
  }

  key(event) {
    const here = pointed === null ? this.steps.length : this.steps.findIndex((s) => s >= pointed);
    const there = {
      ArrowLeft: here - 1,
      ArrowRight: here + 1,
      Home: 0,
      End: this.steps.length - 1,
    }[event.key];
    if (event.key === "Escape") point(null);
    else if (event.key === "Enter" && pointed !== null) choose(pointed);
    else if (there !== undefined) {
      point(this.steps[Math.min(Math.max(there, 0), this.steps.length - 1)]);
      event.preventDefault();
    }
  }
}

let pointed = null; // the step under the crosshair
let chosen = null; // the step of the samples that the timeline shows

function point(step) {
  pointed = step;
  for (const chart of charts) chart.point(step);
}

function mark(step) {
  chosen = step;
  for (const chart of charts) chart.mark(step);
}

function choose(step) {
  document.dispatchEvent(new CustomEvent("choose", { detail: step }));
}

const charts = [];

// The charts of a section share its controls.
for (const section of document.querySelectorAll("section")) {
  const settings = { smoothing: 0, logarithmic: false };
  const own = [...section.querySelectorAll(".chart")].map(
    (place) => new Chart(place, page.panels[Number(place.dataset.panel)], settings),
  );
  charts.push(...own);
  const control = (name) => section.querySelector(`.controls [name="${name}"]`);
  control("smoothing")?.addEventListener("input", (event) => {
    settings.smoothing = Number(event.target.value);
    event.target.nextElementSibling.textContent = event.target.value;
    own.forEach((chart) => chart.draw());
  });
  control("logarithmic")?.addEventListener("change", (event) => {
    settings.logarithmic = event.target.checked;
    own.forEach((chart) => chart.draw());
  });
  control("metric")?.addEventListener("change", (event) => {
    const panel = page.panels[Number(event.target.value)];
    own[0].place.querySelector("figcaption").firstChild.textContent = panel.title;
    own[0].show(panel);
  });
}


"use strict";

// Curves as SVG: a crosshair that all charts of the page share, values of the step under it,
// series that can be hidden, smoothing, a logarithmic axis.

const page = JSON.parse(document.getElementById("data").textContent);
const settings = { smoothing: 0, logarithmic: false };
const MARGIN = { left: 56, right: 14, top: 10, bottom: 26 };
const HEIGHT = 240;

const integer = new Intl.NumberFormat("en");

function number(value) {
  const size = Math.abs(value);
  if (size >= 1e4) return size >= 1e7 ? value.toExponential(2) : integer.format(Math.round(value));
  return size !== 0 && size < 1e-3 ? value.toExponential(2) : String(+value.toPrecision(4));
}

function tag(name, attributes = {}, ...children) {
  const namespace = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A moving average from the first point on, without the pull towards zero.
function smooth(points, weight) {
  if (!weight) return points;
  let sum = 0, mass = 0;
  return points.map(([step, value]) => {
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return [step, sum / mass];
  });
}

// Round values of a linear axis, about `count` of them.
function linearTicks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const ticks = [];
  for (let i = Math.ceil(low / unit - 1e-9); i * unit <= high + unit * 1e-9; i++) ticks.push(i * unit);
  return ticks;
}

function logTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    ticks.push(...[1, 2, 5].map((factor) => factor * 10 ** power));
  }
  const shown = ticks.filter((tick) => tick >= low && tick <= high);
  const decades = shown.filter((tick) => Number.isInteger(+Math.log10(tick).toFixed(9)));
  return shown.length > 6 && decades.length > 1 ? decades : shown;
}

// The last point at or before a step, or the first.
function at(points, step) {
  let low = 0, high = points.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (points[middle][0] <= step) low = middle;
    else high = middle - 1;
  }
  return points[low];
}

class Chart {
  constructor(place, panel) {
    this.place = place;
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
    this.svg.setAttribute(
      "aria-label",
      `${this.title} over training steps. Arrow keys move the crosshair, Enter shows the samples.`,
    );
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
    const value = document.createElement("b");
    button.append(key, series.name, value);
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
      this.series.map((series) => [series, smooth(series.points, settings.smoothing)]),
    );
    const shown = this.visible();
    const values = shown.flatMap((series) => this.smoothed.get(series).map(([, value]) => value));
    this.log = settings.logarithmic && values.length > 0 && values.every((value) => value > 0);
    this.scale(values);
    this.clip = `clip-${this.place.dataset.panel}`;
    const inner = {
      x: MARGIN.left,
      y: MARGIN.top - 2,
      width: width - MARGIN.left - MARGIN.right,
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
    if (low === high) [low, high] = this.log ? [low / 2, high * 2] : [low - 1, high + 1];
    const up = this.log ? Math.log : (value) => value;
    const pad = (up(high) - up(low)) * 0.05;
    [this.low, this.high] = [up(low) - pad, up(high) + pad];
    const across = this.width - MARGIN.left - MARGIN.right;
    const tall = HEIGHT - MARGIN.top - MARGIN.bottom;
    const span = last - first || 1;
    this.x = (step) => MARGIN.left + (across * (step - first)) / span;
    this.y = (value) =>
      MARGIN.top + tall * (1 - (up(value) - this.low) / (this.high - this.low));
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
    if (settings.smoothing) group.append(tag("path", { ...look, class: "faint", d: path(series.points) }));
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
      const [, value] = at(this.smoothed.get(series), shown);
      this.legend.children[i].querySelector("b").textContent = number(value);
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

const charts = [...document.querySelectorAll(".chart")].map(
  (place) => new Chart(place, page.panels[Number(place.dataset.panel)]),
);

if (charts.length) {
  const smoothing = document.getElementById("smoothing");
  smoothing.addEventListener("input", () => {
    settings.smoothing = Number(smoothing.value);
    document.getElementById("smoothed").textContent = smoothing.value;
    charts.forEach((chart) => chart.draw());
  });
  const logarithmic = document.getElementById("logarithmic");
  logarithmic.addEventListener("change", () => {
    settings.logarithmic = logarithmic.checked;
    charts.forEach((chart) => chart.draw());
  });
  document.getElementById("metric")?.addEventListener("change", (event) => {
    const panel = page.panels[Number(event.target.value)];
    charts[0].place.querySelector("figcaption").firstChild.textContent = panel.title;
    charts[0].show(panel);
  });
}

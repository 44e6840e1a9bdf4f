"use strict";

// Numbers as text, round ticks of axes, and curves by step.

const integer = new Intl.NumberFormat("en");

function number(value) {
  const size = Math.abs(value);
  if (size >= 1e4) return size >= 1e7 ? value.toExponential(2) : integer.format(Math.round(value));
  return size !== 0 && size < 1e-3 ? value.toExponential(2) : String(+value.toPrecision(4));
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

// The steps that have a standard error, each with the value less and plus so much.
function errorsOf(series) {
  const known = series.points.filter((point) => point.length > 2);
  return known.map(([step, value, error]) => [step, value - error, value + error]);
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


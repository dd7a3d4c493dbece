// The monitor: gradient norm, update and loss of runs that were really trained, for each threshold and learning rate.
// `compute`, `picture` and `words` are the arithmetic and the drawing of `model.py` and `picture.py`.

import { choice, decimal, powerOfTen, size, slider, stage, tryThis } from "../stage.js";

const OFF = 9;
const LOWEST = -4;
const STEPS = 200;

/** What is read off the run at this position; see `model.py`. */
export function compute({ notch, rate, runs }) {
  const run = runs.runs[rate][String(notch)];
  const threshold = notch === OFF ? null : notch / 2;
  const over = run.norms.map((norm) => threshold !== null && norm > threshold);
  const log = Math.log10(Number(rate));
  const updates = run.norms.map((norm) => log + (threshold === null ? norm : Math.min(norm, threshold)));
  return {
    threshold,
    clipped: over.filter(Boolean).length,
    late: over.slice(STEPS / 2).filter(Boolean).length,
    survived: run.norms.length,
    first: run.norms[0],
    largest: Math.max(...run.norms),
    updates,
    longest: Math.max(...updates),
    error: run.error,
    verdict: verdict(run, runs),
  };
}

function verdict({ error, spread }, { persistence, deviation }) {
  if (error === null) return "broken";
  if (error < persistence) return "useful";
  return spread < 0.1 * deviation ? "constant" : "useless";
}

/** What the picture shows, in sentences; the first is the headline. */
export function words(state) {
  const outcome = compute(state);
  return [headline(state, outcome), clipping(outcome), `The longest update is ${size(outcome.longest)}.`];
}

function headline({ rate, runs }, { threshold, verdict, survived, error }) {
  const setting = `${threshold === null ? "No clipping" : `Threshold ${size(threshold)}`}, learning rate ${rate}`;
  if (verdict === "broken") return `${setting}: the run breaks after ${steps(survived)}.`;
  const [written, yardstick] = [decimal(error), decimal(runs.persistence)];
  const told = {
    useful: `the run works: error ${written}, below the ${yardstick} of last year's value`,
    constant: `a silent death: the run predicts a constant, error ${written}`,
    useless: `the run is useless: error ${written}, last year's value has ${yardstick}`,
  };
  return `${setting}: ${told[verdict]}.`;
}

function clipping({ threshold, clipped, late, survived, first, largest }) {
  const norms = `the first norm is ${size(first)}, the largest ${size(largest)}`;
  if (threshold === null) return `Nothing is clipped; ${norms}.`;
  return `${steps(clipped)} of ${survived} clipped, ${clipped ? `${late} of them in the second half` : "none"}; ${norms}.`;
}

function steps(count) {
  return `${count} ${count === 1 ? "step" : "steps"}`;
}

const LEFT = 62;
const RIGHT = 12;
const TOP = 22;
const PANEL = 104;
const GAP = 38;
const SPANS = { norm: [-1, 7], update: [-5, 3], loss: [-2, 6] };
const bottom = (place) => TOP + PANEL + place * (PANEL + GAP);
const HEIGHT = bottom(2) + 42;

/** The drawing of one state, `width` pixels wide. */
export function picture(state, width) {
  const outcome = compute(state);
  const { norms, losses } = state.runs.runs[state.rate][String(state.notch)];
  const right = width - RIGHT;
  const x = (step) => LEFT + (step / STEPS) * (right - LEFT);
  return {
    height: HEIGHT,
    ground: [
      ...axes(0, "norm", "gradient norm", x, right),
      ...axes(1, "update", "length of the update", x, right),
      ...axes(2, "loss", "loss of the batch", x, right),
      ["text", { x: (LEFT + right) / 2, y: bottom(2) + 33, class: "tick middle" }, "step"],
    ],
    marks: [
      curve(0, "norm", norms, x),
      curve(1, "update", outcome.updates, x),
      curve(2, "loss", losses, x),
      ...limit(outcome, norms, x, right),
      ...end(outcome, x),
    ],
    alt: `Gradient norm, length of the update and loss over 200 steps of a real run, on logarithmic axes. ${words(state).join(" ")}`,
  };
}

function axes(place, style, name, x, right) {
  const [low, high] = SPANS[style];
  const marks = [["text", { x: LEFT, y: bottom(place) - PANEL - 7, class: `${style}-name` }, name]];
  for (let log = low; log <= high; log += 2) {
    const y = height(place, log, SPANS[style]);
    marks.push(["line", { x1: LEFT, x2: right, y1: y, y2: y, class: "grid" }]);
    marks.push(["text", { x: LEFT - 8, y: y + 4, class: "tick end" }, powerOfTen(log)]);
  }
  for (let step = 0; step <= STEPS; step += 50) {
    marks.push(["line", { x1: x(step), x2: x(step), y1: bottom(place) - PANEL, y2: bottom(place), class: "grid" }]);
    if (place === 2) marks.push(["text", { x: x(step), y: bottom(2) + 17, class: "tick middle" }, String(step)]);
  }
  return marks;
}

function curve(place, style, logs, x) {
  return ["polyline", { points: logs.map((log, step) => [x(step), height(place, log, SPANS[style])]), class: style }];
}

/** The threshold, and a dot on every step above it. */
function limit({ threshold }, norms, x, right) {
  if (threshold === null) return [];
  const y = height(0, threshold, SPANS.norm);
  const dots = norms.flatMap((norm, step) =>
    norm > threshold ? [["circle", { cx: x(step), cy: height(0, norm, SPANS.norm), r: 2.6, class: "over" }]] : [],
  );
  return [
    ["line", { x1: LEFT, x2: right, y1: y, y2: y, class: "threshold" }],
    ["text", { x: right - 4, y: y - 5, class: "threshold-name end" }, `threshold ${size(threshold)}`],
    ...dots,
  ];
}

function end({ survived }, x) {
  if (survived === STEPS) return [];
  return [
    ["line", { x1: x(survived), x2: x(survived), y1: TOP, y2: bottom(2), class: "end-line" }],
    ["text", { x: x(survived) + 6, y: TOP + PANEL / 2, class: "end-name" }, "nan from here on"],
  ];
}

/** Pixels from the top; what is off the panel stays at its edge. */
function height(place, log, [low, high]) {
  return bottom(place) - (PANEL * (Math.min(Math.max(log, low), high) - low)) / (high - low);
}

function render({ model, el }) {
  const controls = [
    slider({
      name: "notch",
      label: "threshold",
      min: LOWEST,
      max: OFF,
      step: 1,
      written: (notch) => (notch === OFF ? "no clipping" : size(notch / 2)),
    }),
    choice({ name: "rate", label: "learning rate", options: { "0.003": "0.003", "0.03": "0.03", "0.3": "0.3" } }),
  ];
  const demo = stage({
    model,
    el,
    name: "monitor",
    title: "Demo: the monitor of a training run",
    parts: ["notch", "rate", "runs"],
    controls,
    picture,
    words,
    arrange: ({ canvas, said }) => [
      make("div", { class: "course-controls" }, ...controls.map((part) => part.node)),
      said,
      canvas,
      make("p", { class: "course-hint" }, "Every position is a run that really took place, from one and the same start."),
      tryThis(
        [
          "At learning rate 0.03, lower the threshold notch by notch. Where does the run begin to work, and where does it cease to?",
          "At threshold 0.1 and learning rate 0.03 the run is useless. Which single move of the other control brings it nearest to working?",
          "Find a setting at which every step is clipped and the run works.",
          "At learning rate 0.003, switch clipping off. Is a small learning rate a substitute?",
        ],
        "both ends of the slider are bad for opposite reasons, and you can tell them apart without the loss: too high, hardly a " +
          "step is clipped; too low, all of them are, and then a larger learning rate does what a larger threshold would.",
      ),
    ],
  });
  return demo.end;
}

export default { render };

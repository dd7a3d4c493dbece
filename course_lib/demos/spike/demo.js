// The spike: one large gradient among ordinary ones, and what it leaves in Adam's memory, clipped or not.
// `compute`, `words` and `picture` are the arithmetic, the sentences and the drawing of `model.py` and `picture.py`.

import { choice, decimal, once, powerOfTen, size, slider, stage, tryThis } from "../stage.js";

const SPANS = { "0.999": 4000, 0.99: 600, 0.9: 200 };
const BETA1 = 0.9;

/** Adam's averages and its step over time, for the spike as it comes and for the spike clipped; see `model.py`. */
export const compute = once((state) => {
  return { raw: course(state.spike, state), clipped: course(Math.min(state.spike, state.threshold), state) };
});

function course(spike, { at, memory }) {
  const beta2 = Number(memory);
  const [m, v, step] = [[], [], []];
  let [mean, square] = [0, 0];
  for (let t = 1; t <= SPANS[memory]; t++) {
    const g = t === at ? spike : 1;
    mean = BETA1 * mean + (1 - BETA1) * g;
    square = beta2 * square + (1 - beta2) * g * g;
    m.push(mean / (1 - BETA1 ** t));
    v.push(square / (1 - beta2 ** t));
    step.push(m[t - 1] / Math.sqrt(v[t - 1]));
  }
  return { m, v, step, share: share(spike, beta2, at), recovery: recovery(spike, beta2, at), longest: Math.max(...step) };
}

function share(spike, beta2, at) {
  return 1 / Math.sqrt(1 + ((spike ** 2 - 1) * (1 - beta2)) / (1 - beta2 ** at));
}

/** The first whole number of ordinary gradients after which the effective step is back at nine tenths. */
function recovery(spike, beta2, at) {
  const theta = 1 / 0.9 ** 2 - 1;
  const excess = (1 - beta2) * (spike ** 2 - 1) + theta * beta2 ** at;
  return excess > theta ? Math.max(0, Math.ceil(Math.log(excess / theta) / -Math.log(beta2))) : 0;
}

/** What the picture shows, in sentences; the first is the headline. */
export function words(state) {
  const { raw, clipped } = compute(state);
  const { spike, threshold: c } = state;
  const met = `One gradient of size ${written(spike)} among gradients of size 1, at step ${state.at}`;
  if (spike === 1) return [`${met}: that is no spike, and Adam's step stays as it is.`];
  const headline = `${met}: right after it Adam steps as if its learning rate were ${decimal(raw.share, 3)} times as large.`;
  const lasting = `${back(raw)} The longest step on the way is ${decimal(raw.longest, 2)} learning rates.`;
  if (c >= spike) return [headline, lasting, `Clipping at ${written(c)} changes nothing: the spike is not longer than that.`];
  if (c === 1) return [headline, lasting, "Clipped at 1, the spike is an ordinary gradient, and nothing happens."];
  return [headline, lasting, `Clipped at ${written(c)}, it falls to ${decimal(clipped.share, 3)}. ${back(clipped)}`];
}

function back({ recovery: n }) {
  if (n === 0) return "It never falls below nine tenths.";
  return `It is back at nine tenths after ${grouped(n)} ordinary ${n === 1 ? "step" : "steps"}.`;
}

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

function written(number) {
  return size(Math.log10(number));
}

const SIDES = { left: 62, right: 12 };
const HEIGHT = 470;
const ROOMY = 560; // wide enough for the legend beside the first panel's name
const PANELS = { m: [26, 126], v: [164, 284], step: [322, 432] };
const NAMES = {
  m: "m̂, the mean of gradients",
  v: "v̂, the mean of squared gradients",
  step: "step = m̂ / √v̂, in learning rates",
};

/** The drawing of one state, `width` pixels wide. */
export function picture(state, width) {
  const outcome = compute(state);
  const span = SPANS[state.memory];
  const decades = Math.max(1, Math.ceil(Math.log10(state.spike) - 1e-9));
  const tops = { m: decades, v: 2 * decades, step: 3.5 };
  const shown = seen(span, state.at);
  const x = (t) => SIDES.left + (t / span) * (width - SIDES.left - SIDES.right);
  const ground = [];
  const marks = [];
  for (const [panel, top] of Object.entries(tops)) {
    const [upper, lower] = PANELS[panel];
    const scale = { panel, span, top, x, y: (value) => lower - ((lower - upper) * value) / top, right: width - SIDES.right };
    ground.push(...axes(scale));
    marks.push(["line", { x1: x(state.at), x2: x(state.at), y1: upper, y2: lower, class: "strike" }]);
    for (const name of ["raw", "clipped"]) {
      const values = outcome[name][panel];
      const points = shown.flatMap((t) => [x(t), scale.y(height(panel, values[t - 1]))]);
      marks.push(["polyline", { points, class: name }]);
    }
  }
  return { height: width >= ROOMY ? HEIGHT : HEIGHT + 22, ground, marks: [...marks, ...legend(state, width)], alt: words(state).join(" ") };
}

/** The steps that are drawn: every one around the spike, and enough of the others. */
function seen(span, at) {
  const every = span / 200;
  const steps = Array.from({ length: span }, (_, index) => index + 1);
  return steps.filter((t) => (at - 2 <= t && t <= at + 40) || t % every === 0 || t === 1);
}

function height(panel, value) {
  return panel === "step" ? value : Math.max(0, Math.log10(value));
}

function axes({ panel, span, top, x, y, right }) {
  const [upper, lower] = PANELS[panel];
  const marks = [["text", { x: SIDES.left, y: upper - 9, class: "small" }, NAMES[panel]]];
  const by = panel === "step" ? 1 : Math.max(1, Math.floor(top / 2));
  for (let tick = 0; tick <= top; tick += by) {
    marks.push(["line", { x1: SIDES.left, x2: right, y1: y(tick), y2: y(tick), class: tick ? "grid" : "axis" }]);
    marks.push(["text", { x: SIDES.left - 8, y: y(tick) + 4, class: "tick end" }, panel === "step" ? String(tick) : powerOfTen(tick)]);
  }
  if (panel !== "step") return marks;
  for (let tick = 0; tick <= span; tick += span / 4) {
    marks.push(["text", { x: x(tick), y: lower + 17, class: `tick ${tick === span ? "end" : "middle"}` }, grouped(tick)]);
  }
  marks.push(["text", { x: x((span * 3) / 8), y: lower + 32, class: "tick middle" }, "step of training"]);
  return marks;
}

/** Beside the first panel's name, and at the foot of the picture where there is no room for both. */
function legend({ threshold }, width) {
  const y = width >= ROOMY ? PANELS.m[0] - 13 : HEIGHT + 10;
  const clipped = `clipped at ${written(threshold)}`;
  const right = width - SIDES.right - 7.4 * clipped.length - 6;
  return [
    ["line", { x1: right - 160, x2: right - 132, y1: y, y2: y, class: "raw" }],
    ["text", { x: right - 126, y: y + 4, class: "raw-name" }, "as it comes"],
    ["line", { x1: right - 32, x2: right - 4, y1: y, y2: y, class: "clipped" }],
    ["text", { x: right + 2, y: y + 4, class: "clipped-name" }, clipped],
  ];
}

function render({ model, el }) {
  const logarithmic = { min: 0, max: 4, step: 0.05, written, toSlider: Math.log10, fromSlider: (log) => Number((10 ** log).toPrecision(3)) };
  const controls = [
    slider({ name: "spike", label: "size of the spike, K", ...logarithmic }),
    slider({ name: "threshold", label: "clipping threshold, c", ...logarithmic }),
    slider({ name: "at", label: "step of the spike", min: 1, max: 100, step: 1, written: String }),
    choice({ name: "memory", label: "memory, β₂", options: { "0.999": "0.999", 0.99: "0.99", 0.9: "0.9" } }),
  ];
  const demo = stage({
    model,
    el,
    name: "spike",
    title: "Demo: one spike, and what Adam remembers of it",
    parts: ["spike", "at", "threshold", "memory"],
    controls,
    picture,
    words,
    arrange: ({ canvas, said }) => [
      make("div", { class: "course-controls" }, ...controls.map((part) => part.node)),
      said,
      canvas,
      tryThis(
        [
          "Make the spike ten times larger. How much longer is the longest step, and how much longer the recovery?",
          "Move the spike to the very first step. Which of the two averages makes that the worst moment?",
          "Raise the threshold from 1. Up to where does clipping leave no trace that you can see?",
          "Choose β₂ = 0.9. What got better, and what does the step do now that it did not do before?",
        ],
        "the spike is not dangerous because of the step it makes: that is at most a few learning rates, however large " +
          "it is. It is dangerous because of the thousands of steps after it, which are too short. m̂ forgets in tens of " +
          "steps, v̂ in thousands.",
      ),
    ],
  });
  return demo.end;
}

export default { render };

// The phase plane: two walks of the bilinear game, under clipping, decay and three ways to step.
// `compute`, `words` and `picture` are the arithmetic, the sentences and the drawing of `model.py` and `picture.py`.

import { choice, decimal, powerOfTen, size, slider, stage, tryThis } from "../stage.js";

const [STEPS, LATE] = [2000, 500];
const STARTS = { inner: [0.5, 0], outer: [3, 0] };

/** Both walks, and the law that governs them; see `model.py`. */
export function compute(state) {
  const factor = growth(state);
  const [law, circle] = lawOf(state, factor);
  return { inner: walk(STARTS.inner, state), outer: walk(STARTS.outer, state), law, factor, circle };
}

function walk(start, { scheme, clipped, threshold, lr, decay }) {
  const kept = 1 - lr * decay;
  const limit = clipped === "weight" ? threshold : Infinity;
  const used = gradientsUsed(clipped, threshold);
  const ahead = ([x, y], g) => [kept * x - lr * g[0], Math.max(-limit, Math.min(kept * y - lr * g[1], limit))];
  let place = start;
  const [xs, ys] = [[start[0]], [start[1]]];
  for (let t = 1; t <= STEPS; t++) {
    let g = used(place);
    if (scheme === "alternating") g = [g[0], used([kept * place[0] - lr * g[0], place[1]])[1]];
    if (scheme === "extragradient") g = used(ahead(place, g));
    place = ahead(place, g);
    xs.push(place[0]);
    ys.push(place[1]);
  }
  const late = xs.slice(-LATE).map((x, index) => Math.hypot(x, ys[STEPS + 1 - LATE + index]));
  return { x: xs, y: ys, least: Math.min(...late), most: Math.max(...late) };
}

/** From a place to both players' gradients as they are used. */
function gradientsUsed(clipped, c) {
  if (clipped === "generator") return ([x, y]) => [Math.max(-c, Math.min(y, c)), -x];
  if (clipped !== "both") return ([x, y]) => [y, -x];
  return ([x, y]) => {
    const share = Math.min(1, c / Math.hypot(x, y));
    return [share * y, -share * x];
  };
}

function growth({ scheme, lr, decay }) {
  const a = 1 - lr * decay;
  if (scheme === "simultaneous") return Math.hypot(a, lr);
  return scheme === "extragradient" ? Math.hypot(a - lr * lr, a * lr) : a;
}

function lawOf({ scheme, clipped, threshold, lr, decay }, factor) {
  if (clipped === "nobody") return [Math.abs(factor - 1) <= 1e-12 * Math.max(factor, 1) ? "kept" : factor > 1 ? "out" : "home", 0];
  if (scheme !== "simultaneous" || clipped === "weight") return ["measured", 0];
  if (decay === 0) return [clipped === "both" ? "root" : "linear", 0];
  if (clipped === "generator") return ["measured", 0];
  return factor > 1 ? ["circle", threshold * Math.sqrt(lr / (2 * decay - lr * decay * decay))] : ["home", 0];
}

/** What the picture shows, in sentences; the first is the headline. */
export function words(state) {
  const outcome = compute(state);
  const scheme = state.scheme[0].toUpperCase() + state.scheme.slice(1);
  return [`${scheme} steps of ${decimal(state.lr)}, ${clippedWords(state)}${lawWords(state, outcome)}`, endWords(outcome)];
}

function clippedWords({ clipped, threshold, decay }) {
  const c = decimal(threshold);
  const what = {
    nobody: "nothing clipped",
    both: `both gradients clipped by one norm at ${c}`,
    generator: `only the generator's gradient clipped at ${c}`,
    weight: `the discriminator's weight kept within ${c}`,
  }[clipped];
  return what + (decay ? `, decay ${decimal(decay, 3)}` : "");
}

function lawWords({ scheme, clipped, threshold: c, lr }, { law, factor, circle }) {
  const by = decimal(factor, 4);
  if (law === "out") return `: every step multiplies the radius by ${by}, and both walks spiral out.`;
  if (law === "root") {
    return `: every clipped step adds ${size(2 * Math.log10(lr * c))} to the squared radius. Slower than a spiral, and still no cycle.`;
  }
  if (law === "linear") {
    const drift = size(2 * Math.log10(lr) + Math.log10(c));
    return `: no cycle. The discriminator, which nobody clips, drifts out by about ${drift} a step in the long run.`;
  }
  if (law === "circle") return `: both walks close in on a circle of radius ${decimal(circle)}, where decay balances the push.`;
  if (law === "kept") return `: every step keeps x² − ${decimal(lr)}xy + y², so that each walk stays on its own ellipse.`;
  if (law === "measured") return ".";
  if (clipped === "both") return ": decay alone is enough, and both walks come home.";
  const per = scheme === "alternating" ? "in the mean, a step" : "every step";
  return `: ${per} multiplies the radius by ${by}, and both walks come home.`;
}

function endWords({ inner, outer }) {
  return `In the last ${LATE} of 2,000 steps the radius of the inner walk is ${between(inner)}, that of the outer walk ${between(outer)}.`;
}

function between({ least, most }) {
  const [low, high] = [least, most].map((radius) => size(Math.log10(Math.max(radius, 1e-300))));
  return low === high ? low : `${low} to ${high}`;
}

const REACH = 6;
const DECADES = [-2, 2];
const TOP = 8;
const ROOMY = 560; // wide enough for the chart beside the plane

/** The drawing of one state, `width` pixels wide. */
export function picture(state, width) {
  const roomy = width >= ROOMY;
  const side = roomy ? Math.round(0.4543 * width) : Math.min(width, 340);
  const map = scales({
    side,
    left: roomy ? side + 58 : 48,
    right: width - 12,
    top: roomy ? TOP : TOP + side + 50,
    tall: roomy ? side : 170,
  });
  const outcome = compute(state);
  const marks = [...freeRegion(map, state)];
  if (outcome.circle) {
    const height = map.height(outcome.circle);
    marks.push(["circle", { cx: map.x(0), cy: map.y(0), r: (outcome.circle * side) / (2 * REACH), class: "circle" }]);
    marks.push(["line", { x1: map.left, x2: map.right, y1: height, y2: height, class: "circle" }]);
  }
  for (const name of Object.keys(STARTS)) marks.push(...drawnWalk(map, outcome[name], name));
  return {
    height: map.top + map.tall + 34,
    ground: [...plane(map), ...chart(map)],
    marks: [...marks, ...names(map, outcome)],
    alt: words(state).join(" "),
  };
}

function scales({ side, left, right, top, tall }) {
  const [low, high] = DECADES;
  const decade = (radius) => Math.min(Math.max(Math.log10(Math.max(radius, 1e-300)), low), high);
  return {
    side,
    left,
    right,
    top,
    tall,
    x: (first) => ((REACH + first) * side) / (2 * REACH),
    y: (second) => TOP + ((REACH - second) * side) / (2 * REACH),
    time: (step) => left + (step / STEPS) * (right - left),
    height: (radius) => top + (tall * (high - decade(radius))) / (high - low),
  };
}

function drawnWalk(map, { x, y }, name) {
  const line = (part, look) => ["polyline", { points: part.flatMap((t) => [map.x(x[t]), map.y(y[t])]), class: `${look} ${name}` }];
  const steps = Array.from({ length: STEPS + 1 }, (_, t) => t);
  const radii = steps.filter((t) => t % 10 === 0).flatMap((t) => [map.time(t), map.height(Math.hypot(x[t], y[t]))]);
  return [
    ...inside(steps, x, y).map((part) => line(part, "path")),
    ...inside(steps.slice(-LATE), x, y).map((part) => line(part, "late")),
    ["polyline", { points: radii, class: `radius ${name}` }],
    ["circle", { cx: map.x(x[0]), cy: map.y(y[0]), r: 5, class: `start ${name}` }],
  ];
}

/** The stretches of a walk that lie in the square, each of two points at least. */
function inside(steps, x, y) {
  const parts = [[]];
  for (const t of steps) {
    if (Math.abs(x[t]) <= REACH && Math.abs(y[t]) <= REACH) parts.at(-1).push(t);
    else if (parts.at(-1).length) parts.push([]);
  }
  return parts.filter((part) => part.length > 1);
}

function plane({ side, x, y }) {
  const marks = [["rect", { x: 0, y: TOP, width: side, height: side, class: "frame" }]];
  for (let tick = -4; tick <= 4; tick += 2) {
    const look = tick ? "grid" : "axis";
    marks.push(["line", { x1: x(tick), x2: x(tick), y1: TOP, y2: TOP + side, class: look }]);
    marks.push(["line", { x1: 0, x2: side, y1: y(tick), y2: y(tick), class: look }]);
    marks.push(["text", { x: x(tick), y: TOP + side + 15, class: "tick middle" }, decimal(tick)]);
    if (tick) marks.push(["text", { x: x(0) - 5, y: y(tick) + 4, class: "tick end" }, decimal(tick)]);
  }
  marks.push(["text", { x: side / 2, y: TOP + side + 31, class: "tick middle" }, "generator's weight x"]);
  marks.push(["text", { x: 5, y: TOP + 15, class: "tick" }, "discriminator's weight y"]);
  return marks;
}

/** Where nothing is clipped: a disc, a band, or the band that the weight may not leave. */
function freeRegion({ side, x, y }, { clipped, threshold }) {
  const c = (threshold * side) / (2 * REACH);
  if (clipped === "nobody") return [];
  if (clipped === "both") return [["circle", { cx: x(0), cy: y(0), r: c, class: "free" }]];
  return [["rect", { x: 0, y: y(0) - c, width: side, height: 2 * c, class: clipped === "generator" ? "free" : "free wall" }]];
}

function chart({ left, right, top, tall, time, height }) {
  const marks = [["text", { x: left, y: top + tall + 31, class: "tick" }, "radius (log scale) over steps"]];
  for (let exponent = DECADES[0]; exponent <= DECADES[1]; exponent++) {
    const y = height(10 ** exponent);
    marks.push(["line", { x1: left, x2: right, y1: y, y2: y, class: exponent > DECADES[0] ? "grid" : "axis" }]);
    marks.push(["text", { x: left - 8, y: y + 4, class: "tick end" }, powerOfTen(exponent)]);
  }
  for (let step = 0; step <= STEPS; step += right - left > 260 ? 500 : 1000) {
    const written = step < 1000 ? String(step) : `${Math.floor(step / 1000)},${String(step % 1000).padStart(3, "0")}`;
    marks.push(["text", { x: time(step), y: top + tall + 15, class: `tick ${step === STEPS ? "end" : "middle"}` }, written]);
  }
  return marks;
}

/** Each walk by name where its line begins, and the circle by its radius. */
function names({ right, time, height }, { inner, outer, circle }) {
  const marks = [
    ["text", { x: time(30), y: height(inner.x[0]) + 18, class: "inner-name" }, "inner walk"],
    ["text", { x: time(30), y: height(outer.x[0]) - 20, class: "outer-name" }, "outer walk"],
  ];
  if (circle) marks.push(["text", { x: right, y: height(circle) + (circle < 2 ? 16 : -6), class: "small end" }, `r* = ${decimal(circle)}`]);
  return marks;
}

function render({ model, el }) {
  const number = { fromSlider: Number, written: (value) => decimal(value, 3) };
  const controls = [
    slider({ name: "threshold", label: "threshold c", min: 0.5, max: 3, step: 0.1, ...number }),
    slider({ name: "lr", label: "step (learning rate)", min: 0.05, max: 0.5, step: 0.01, ...number }),
    slider({ name: "decay", label: "damping (weight decay)", min: 0, max: 0.2, step: 0.005, ...number }),
  ];
  const choices = [
    choice({
      name: "clipped",
      label: "what is clipped",
      options: { nobody: "nothing", both: "both gradients", generator: "the generator's gradient", weight: "the discriminator's weight" },
    }),
    choice({
      name: "scheme",
      label: "how the players step",
      options: { simultaneous: "simultaneously", alternating: "in turn", extragradient: "with a look ahead" },
    }),
  ];
  const demo = stage({
    model,
    el,
    name: "phase",
    title: "Demo: does the spiral close?",
    parts: ["scheme", "clipped", "threshold", "lr", "decay"],
    controls: [...controls, ...choices],
    picture,
    words,
    arrange: ({ canvas, said }) => [
      ...choices.map((part) => part.node),
      make("div", { class: "course-controls" }, ...controls.map((part) => part.node)),
      said,
      canvas,
      tryThis(
        [
          "Clip nothing, then both gradients. The spiral is tamed: does either walk ever stop going out?",
          "Both gradients clipped, raise the damping by one notch. Where do the two walks end, and does the threshold matter now?",
          "No damping, clip the generator's gradient only. Which of the two weights runs away: that of the clipped player, or the other?",
          "Clip nothing, and let the players step in turn, then with a look ahead. What did the clipping contribute?",
          "Step simultaneously again, and clip the discriminator's weight instead of a gradient. What is different?",
        ],
        "a cycle is a place where pushing out and pulling in balance. Clipping a gradient makes the push shorter and never " +
          "turns it into a pull, so there is nothing to balance it. Damping pulls; so does a wall that the weight may not pass.",
      ),
    ],
  });
  return demo.end;
}

export default { render };

// The chain: a signal forward and a gradient backward, layer by layer, and where each number format gives up.
// `compute`, `picture` and `words` are the arithmetic and the drawing of `model.py` and `picture.py`.

import { choice, decimal, powerOfTen, size, slider, stage, tryThis } from "../stage.js";

const DECADE = Math.log10(2);
const HALF_A_STEP = (precision) => Math.log1p(-(2 ** (-precision - 1))) / Math.LN2;
const FORMATS = {
  float16: { overflow: 16 + HALF_A_STEP(11), underflow: -25 },
  bfloat16: { overflow: 128 + HALF_A_STEP(8), underflow: -134 },
  float32: { overflow: 128 + HALF_A_STEP(24), underflow: -150 },
};
const TOO = { over: "large", under: "small" };

/** Sizes layer by layer as decimal logarithms, and where each format stops holding them; see `model.py`. */
export function compute({ unit, gain, depth, start }) {
  const rate = log2(gain);
  let forward, backward, signal, gradient;
  if (unit === "tanh") {
    [forward, backward] = tanhChain(gain, depth, start);
    signal = perFormat((held) => firstOutside(forward, held));
    gradient = perFormat((held) => firstOutside([...backward].reverse(), held));
  } else {
    const layers = Array.from({ length: depth + 1 }, (_, layer) => layer);
    forward = layers.map((layer) => log2(start) + times(layer, rate));
    backward = layers.map((layer) => times(depth - layer, rate));
    signal = perFormat((held) => lineLeaves(log2(start), rate, held));
    gradient = perFormat((held) => lineLeaves(0, rate, held));
  }
  return {
    forward: forward.map((log) => log * DECADE),
    backward: backward.map((log) => log * DECADE),
    signal_horizon: signal,
    gradient_horizon: gradient,
  };
}

/** log2 of |h_l|, and of |dh_L / dh_l|, for l = 0 to L. */
function tanhChain(gain, depth, start) {
  const rate = log2(gain);
  let h = Math.abs(start);
  let logH = log2(start);
  const forward = [logH];
  const factors = [];
  for (let layer = 1; layer <= depth; layer++) {
    const z = Math.abs(gain) * h;
    const small = z < 1e-8; // tanh z is z to the last bit, and its logarithm goes on where h would underflow
    h = small ? z : Math.tanh(z);
    logH = small ? logH + rate : Math.log2(h);
    forward.push(logH);
    factors.push(rate + log2Slope(z));
  }
  const backward = [0];
  for (const factor of factors.reverse()) backward.unshift(backward[0] + factor);
  return [forward, backward];
}

/** log2 of 1 - tanh(z)^2, written as -2 log2 cosh z so that it survives tanh(z) rounding to 1. */
function log2Slope(z) {
  return (-2 * (z + Math.log1p(Math.exp(-2 * z)) - Math.LN2)) / Math.LN2;
}

/** Where start + layer * rate first leaves what a format holds. */
function lineLeaves(start, rate, { overflow, underflow }) {
  if (start >= overflow) return { layer: 0, side: "over" };
  if (start <= underflow) return { layer: 0, side: "under" };
  if (rate > 0) return { layer: Math.ceil((overflow - start) / rate), side: "over" };
  if (rate < 0) return { layer: Math.max(1, Math.ceil((underflow - start) / rate)), side: "under" };
  return null;
}

function firstOutside(sizes, { overflow, underflow }) {
  const layer = sizes.findIndex((size) => size >= overflow || size <= underflow);
  return layer < 0 ? null : { layer, side: sizes[layer] >= overflow ? "over" : "under" };
}

function perFormat(horizon) {
  return Object.fromEntries(Object.entries(FORMATS).map(([name, held]) => [name, horizon(held)]));
}

function log2(number) {
  return number === 0 ? -Infinity : Math.log2(Math.abs(number));
}

function times(layers, rate) {
  return layers === 0 ? 0 : layers * rate;
}

/** What the picture shows, in sentences; the first is the headline. */
export function words(state) {
  const { forward, backward, signal_horizon, gradient_horizon } = compute(state);
  const layers = `${state.depth} ${state.unit} ${state.depth === 1 ? "layer" : "layers"}`;
  const reached = Object.entries(gradient_horizon)
    .filter(([, found]) => found && found.layer <= state.depth)
    .map(([name, { layer, side }]) => [name, { layer: state.depth - layer, side }]);
  return [
    `${layers} of gain ${decimal(state.gain)}: on its way back to the input the gradient ${change(backward[0])}.`,
    `The signal ${journey(size(forward[0]), size(forward[state.depth]))}${outgrown("; it is", Object.entries(signal_horizon))}.`,
    ...(reached.length ? [`${outgrown("Coming back, the gradient is", reached)}.`] : []),
  ];
}

function change(log10) {
  if (Math.abs(log10) < 1e-9) return "keeps its size";
  return `${log10 > 0 ? "grows" : "shrinks"} to ${size(log10)} times its size`;
}

function journey(from, to) {
  return from === to ? `stays at ${to}` : `goes from ${from} to ${to}`;
}

/** "; it is too large for float16 at layer 61, for bfloat16 and float32 at layer 487", or nothing. */
function outgrown(opening, horizons) {
  const together = new Map();
  for (const [name, found] of horizons) {
    if (found) together.set(`${found.side} ${found.layer}`, { ...found, names: [...(together.get(`${found.side} ${found.layer}`)?.names ?? []), name] });
  }
  let last = "";
  const clauses = [...together.values()].map(({ layer, side, names }) => {
    const too = side === last ? "" : `too ${TOO[side]} `;
    last = side;
    return `${too}for ${joined(names)} at layer ${layer}`;
  });
  return clauses.length ? `${opening} ${clauses.join(", ")}` : "";
}

function joined(names) {
  return names.length === 1 ? names[0] : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

const LEFT = 62;
const RIGHT = 12;
const TOP = 30;
const PLOT = 264;
const ROWS = TOP + PLOT + 84;
const ROW = 20;
const HEIGHT = ROWS + 2 * ROW + 10;
const HALVES = [8, 16, 32, 64, 160];
const SPANS = [[20, 5], [40, 10], [80, 20], [160, 40], [250, 50]];
const LIMITS = [
  { over: "float16 ≤ 65,504", under: "float16 > 3 × 10⁻⁸", shift: -6, ...FORMATS.float16 },
  { over: "bfloat16 and float32 ≤ 3.4 × 10³⁸", under: "bfloat16 > 5 × 10⁻⁴¹", shift: -6, ...FORMATS.bfloat16 },
  { over: "", under: "float32 > 7 × 10⁻⁴⁶", shift: 15, ...FORMATS.float32 },
];

/** The drawing of one state, `width` pixels wide. */
export function picture(state, width) {
  const outcome = compute(state);
  const sizes = [...outcome.forward, ...outcome.backward].filter(Number.isFinite).map(Math.abs);
  const half = HALVES.find((tall) => tall >= Math.max(...sizes)) ?? HALVES.at(-1);
  const [span, tick] = SPANS.find(([wide]) => wide >= 1.25 * state.depth) ?? SPANS.at(-1);
  const scale = {
    half,
    span,
    right: width - RIGHT,
    x: (layer) => LEFT + (layer / span) * (width - LEFT - RIGHT),
    y: (log) => TOP + (PLOT * (half - log)) / (2 * half),
  };
  return {
    height: HEIGHT,
    ground: [...axes(scale, tick), ...limits(scale)],
    marks: [
      ...output(scale, state.depth),
      ...curves(scale, state, outcome),
      ...crossings(scale, state, outcome),
      ...rows(scale, state, outcome),
      ...names(scale, state, outcome),
    ],
    alt: `Size of the signal and of the gradient at each layer, on a logarithmic axis. ${words(state).join(" ")}`,
  };
}

function axes({ half, span, right, x, y }, tick) {
  const marks = [];
  for (let log = -half; log <= half; log += half / 2) {
    marks.push(["line", { x1: LEFT, x2: right, y1: y(log), y2: y(log), class: log === 0 ? "axis" : "grid" }]);
    marks.push(["text", { x: LEFT - 8, y: y(log) + 4, class: "tick end" }, powerOfTen(log)]);
  }
  for (let layer = 0; layer <= span; layer += tick) {
    marks.push(["line", { x1: x(layer), x2: x(layer), y1: TOP, y2: TOP + PLOT, class: "grid" }]);
    marks.push(["text", { x: x(layer), y: TOP + PLOT + 17, class: "tick middle" }, String(layer)]);
  }
  marks.push(["text", { x: x(span / 2), y: TOP + PLOT + 34, class: "tick middle" }, "layer"]);
  marks.push(["text", { x: LEFT - 8, y: TOP - 12, class: "tick end" }, "size"]);
  marks.push(["text", { x: LEFT, y: TOP - 12, class: "tick" }, "input"]);
  return marks;
}

function output({ x }, depth) {
  return [
    ["text", { x: Math.max(x(depth), LEFT + 54), y: TOP - 12, class: "tick middle" }, "output"],
    ["line", { x1: x(depth), x2: x(depth), y1: TOP - 6, y2: TOP + PLOT, class: "axis" }],
  ];
}

/** What a format cannot hold is shaded; the shades of the three formats lie on top of each other. */
function limits({ half, right, y }) {
  const marks = [];
  const below = half <= 32 ? 15 : -6; // under the ceiling, where no line goes on to, unless the floor is near
  for (const { over, under, overflow, underflow, shift } of LIMITS) {
    const [ceiling, floor] = [overflow * DECADE, underflow * DECADE];
    if (ceiling < half) {
      marks.push(["rect", { x: LEFT, y: TOP, width: right - LEFT, height: y(ceiling) - TOP, class: "outside" }]);
      marks.push(["line", { x1: LEFT, x2: right, y1: y(ceiling), y2: y(ceiling), class: "limit" }]);
      marks.push(["text", { x: right - 4, y: y(ceiling) + below, class: "small end" }, over]);
    }
    if (floor > -half) {
      marks.push(["rect", { x: LEFT, y: y(floor), width: right - LEFT, height: y(-half) - y(floor), class: "outside" }]);
      marks.push(["line", { x1: LEFT, x2: right, y1: y(floor), y2: y(floor), class: "limit" }]);
      marks.push(["text", { x: right - 4, y: y(floor) + shift, class: "small end" }, under]);
    }
  }
  return marks;
}

function curves(scale, { unit, depth }, { forward, backward }) {
  return [
    ...(unit === "linear" ? continued(scale, depth, forward) : []),
    ...curve(scale, forward, "signal"),
    ...curve(scale, backward, "gradient"),
  ];
}

/** Where a straight line goes on to, were the chain longer. */
function continued({ half, span, x, y }, depth, forward) {
  const rate = forward[1] - forward[0];
  const room = rate > 0 ? (half - forward[depth]) / rate : (-half - forward[depth]) / rate;
  const more = rate === 0 ? span - depth : Math.min(span - depth, room);
  if (!Number.isFinite(forward[depth])) return [];
  const end = forward[depth] + more * rate;
  return [["polyline", { points: [x(depth), y(forward[depth]), x(depth + more), y(end)], class: "continued" }]];
}

function curve({ half, x, y }, logs, name) {
  const seen = logs.map((log, layer) => [layer, log]).filter(([, log]) => Math.abs(log) <= half);
  const every = Math.ceil(9 / (x(1) - x(0)));
  const r = name === "signal" ? 2.6 : 3.2;
  return [
    ["polyline", { points: seen.map(([layer, log]) => [x(layer), y(log)]), class: name }],
    ...seen
      .filter(([layer]) => layer % every === 0)
      .map(([layer, log]) => ["circle", { cx: x(layer), cy: y(log), r, class: `${name}-dot` }]),
  ];
}

/** A cross where a line leaves what a format can hold; the signal's has a thread down to its bar. */
function crossings({ half, span, x, y }, { unit, depth }, { forward, backward, signal_horizon, gradient_horizon }) {
  const marks = [];
  const formats = Object.keys(FORMATS);
  formats.forEach((name, row) => {
    const found = signal_horizon[name];
    if (!found || found.layer > (unit === "linear" ? span : depth)) return;
    const rate = forward[1] - forward[0];
    const log = found.layer <= depth ? forward[found.layer] : forward[depth] + rate * (found.layer - depth);
    const end = ROWS + ROW * row;
    marks.push(["line", { x1: x(found.layer), x2: x(found.layer), y1: y(held(log, half)), y2: end, class: "thread" }]);
    if (Math.abs(log) <= half) marks.push(...cross(x(found.layer), y(log), "signal-cross"));
  });
  for (const name of formats) {
    const found = gradient_horizon[name];
    if (!found || found.layer > depth) continue;
    const log = backward[depth - found.layer];
    if (Math.abs(log) <= half) marks.push(...cross(x(depth - found.layer), y(log), "gradient-cross"));
  }
  return marks;
}

function cross(x, y, name) {
  return [
    ["line", { x1: x - 5, x2: x + 5, y1: y - 5, y2: y + 5, class: name }],
    ["line", { x1: x - 5, x2: x + 5, y1: y + 5, y2: y - 5, class: name }],
  ];
}

function held(log, half) {
  return Math.min(Math.max(log, -half), half);
}

/** One bar a format: how far it holds the signal. */
function rows({ span, right, x }, { unit, depth }, { signal_horizon }) {
  const marks = [["text", { x: LEFT, y: ROWS - 20, class: "small" }, "How far each format holds the signal"]];
  Object.entries(signal_horizon).forEach(([name, found], row) => {
    const y = ROWS + ROW * row;
    const reach = found ? Math.min(found.layer, span) : unit === "linear" ? span : depth;
    const said = found ? [`too ${TOO[found.side]} at layer ${found.layer}`, `layer ${found.layer}`] : ["holds it all"];
    const text = said.find((longer) => x(reach) + 8 + 6.6 * longer.length <= right);
    marks.push(["text", { x: LEFT - 8, y: y + 4, class: "tick end" }, name]);
    marks.push(["line", { x1: LEFT, x2: right, y1: y, y2: y, class: "grid" }]);
    marks.push(["rect", { x: LEFT, y: y - 3, width: x(reach) - LEFT, height: 6, class: "bar" }]);
    if (text) marks.push(["text", { x: x(reach) + 8, y: y + 4, class: "small" }, text]);
    else marks.push(["text", { x: right, y: y + 4, class: "small end cut" }, said[0]]);
  });
  return marks;
}

/** The two lines named at their ends, where nothing else is drawn. */
function names({ half, right, x, y }, { unit, depth }, { forward, backward }) {
  const signal = `signal ${size(forward[depth])}`;
  const gradient = `gradient ${size(backward[0])}`;
  const end = y(held(forward[depth], half));
  const fits = x(depth) + 10 + 7.6 * signal.length <= right;
  const roomy = x(depth) - x(0) >= 7.6 * (signal.length + gradient.length) + 30;
  const above = unit === "tanh" || forward[depth] > forward[0];
  const beside = fits && (unit === "tanh" || !roomy);
  const crowded = !beside && !roomy ? 17 : 0;
  const shift = beside && unit === "tanh" ? 4 : beside === above ? 20 + crowded : -11 - crowded;
  return [
    ["text", { x: x(depth) + (beside ? 10 : -9), y: within(end + shift), class: `signal-name${beside ? "" : " end"}` }, signal],
    ["text", { x: LEFT + 9, y: within(y(held(backward[0], half)) + (backward[0] > 0 ? -12 : 22)), class: "gradient-name" }, gradient],
  ];
}

function within(y) {
  return Math.min(Math.max(y, TOP + 14), TOP + PLOT - 8);
}

function render({ model, el }) {
  const controls = [
    slider({ name: "gain", label: "gain of each layer", min: 0.5, max: 2, step: 0.01, written: (gain) => gain.toFixed(2) }),
    slider({ name: "depth", label: "depth", min: 1, max: 200, step: 1, written: (depth) => `${depth} ${depth === 1 ? "layer" : "layers"}` }),
    slider({
      name: "start",
      label: "signal at the input",
      min: -12,
      max: 0,
      step: 1,
      written: (start) => size(Math.log10(start)),
      toSlider: (start) => Math.log10(start),
      fromSlider: (exponent) => Number(`1e${exponent}`),
    }),
    choice({ name: "unit", label: "each layer computes", options: { linear: "a · h", tanh: "tanh(a · h)" } }),
  ];
  const demo = stage({
    model,
    el,
    name: "chain",
    title: "Demo: a chain of layers, all with the same gain",
    parts: ["unit", "gain", "depth", "start"],
    controls,
    picture,
    words,
    arrange: ({ canvas, said }) => [
      make("div", { class: "course-controls" }, ...controls.map((part) => part.node)),
      said,
      canvas,
      tryThis(
        [
          "Find the gain that is the mirror image of 1.20: the one at which the two lines fall as steeply as they rose. It is not 0.80.",
          "Make the signal too large for float32. Which of the two 16-bit formats lasts as long, and why?",
          "Back to gain 1.20 and 50 layers: predict the gradient at the input, then change each layer to tanh(a · h).",
          "With tanh, gain 2.00 and 10⁻¹² at the input: at which depth is the gradient at the input largest?",
        ],
        "with tanh the same gain above 1 makes the gradient vanish. What multiplies is not a, it is a (1 − h²): " +
          "once the signal has grown to about 1, every further layer shrinks the gradient.",
      ),
    ],
  });
  return demo.end;
}

export default { render };

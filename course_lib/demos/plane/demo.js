// The plane: a gradient to drag, and what four rules make of it at one threshold.
// `compute` and `words` are the arithmetic and the sentences of `model.py` and `picture.py`.

import { choice, decimal, slider, stage, svgElement, tryThis, write } from "../stage.js";

/** What each rule makes of the gradient; see `model.py`. */
export function compute({ first, second, threshold }) {
  if (!(threshold > 0)) throw new RangeError(`threshold must be above 0, but it is ${threshold}.`);
  const g = [first, second];
  const vectors = {
    value: g.map((entry) => Math.max(-threshold, Math.min(entry, threshold))),
    l2: byNorm(g, threshold, ([a, b]) => Math.hypot(a, b)),
    linf: byNorm(g, threshold, () => 1),
    published: g.map((entry) => entry / Math.max(1, entry / threshold)),
  };
  const clipped = ([name, vector]) => [name, { vector, length: Math.hypot(...vector), turned: angle(g, vector) }];
  return { length: Math.hypot(...g), rules: Object.fromEntries(Object.entries(vectors).map(clipped)) };
}

/** One factor for both components; `relative` is the norm in units of the largest entry, which cannot overflow. */
function byNorm(g, threshold, relative) {
  const largest = Math.max(...g.map(Math.abs));
  if (largest === 0) return g;
  const inUnits = g.map((entry) => entry / largest);
  const norm = relative(inUnits);
  return largest * norm <= threshold ? g : inUnits.map((entry) => entry * (threshold / norm));
}

/** Degrees between two vectors, by Kahan's formula; the zero vector is not turned. */
function angle(u, v) {
  if (u.every((entry) => entry === 0)) return 0;
  const [a, b] = [unit(u), unit(v)];
  const apart = Math.hypot(a[0] - b[0], a[1] - b[1]);
  const along = Math.hypot(a[0] + b[0], a[1] + b[1]);
  return (2 * Math.atan2(apart, along) * 180) / Math.PI;
}

function unit(vector) {
  const largest = Math.max(...vector.map(Math.abs));
  const inUnits = vector.map((entry) => entry / largest);
  const norm = Math.hypot(...inUnits);
  return inUnits.map((entry) => entry / norm);
}

const RULES = {
  value: { name: "by value", by: "by value", keeps: "the box: every |gᵢ| ≤" },
  l2: { name: "by l2 norm", by: "by its l2 norm", keeps: "the l2 ball: ‖g‖₂ ≤" },
  linf: { name: "by l∞ norm", by: "by its l∞ norm", keeps: "the l∞ ball: ‖g‖∞ ≤" },
  published: { name: "g / max(1, g / c)", by: "by g / max(1, g / c), entry by entry,", keeps: "no bound below: gᵢ ≤" },
};

/** What the picture shows, in sentences; the first is the headline. */
export function words(state) {
  const { length, rules } = compute(state);
  const { vector, length: left, turned } = rules[state.rule];
  const g = pair([state.first, state.second]);
  const headline = `The gradient ${g}, clipped ${RULES[state.rule].by} at ${decimal(state.threshold)}, `;
  if (unchanged([state.first, state.second], vector)) {
    return [`${headline}stays as it is.`, `Its length is ${decimal(length)}.`, ...letThrough(state, vector)];
  }
  const turn = turned < 0.05 ? "its direction is kept" : `its direction turned by ${decimal(turned, 1)} degrees`;
  return [
    `${headline}becomes ${pair(vector)}.`,
    `Its length goes from ${decimal(length)} to ${decimal(left)}, and ${turn}.`,
    ...letThrough(state, vector),
  ];
}

/** What the published formula lets through. */
function letThrough({ rule, threshold }, vector) {
  const free = ["first", "second"].filter((_, entry) => vector[entry] < -threshold);
  if (rule !== "published" || free.length === 0) return [];
  return [`The ${free.join(" and the ")} component ${free.length > 1 ? "are" : "is"} negative, and nothing holds ${free.length > 1 ? "them" : "it"}.`];
}

function unchanged(g, vector) {
  return g[0] === vector[0] && g[1] === vector[1];
}

function pair([first, second]) {
  return `(${decimal(first)}, ${decimal(second)})`;
}

const ACROSS = 12; // the picture reaches from -12 to 12, and from -6 to 6
const WIDEST_ARC = 4.6; // so that the angle beside it is still on the page
const UP = 6;
const REACH = { first: 11, second: 5.5 };
const STEP = 0.5;

/** The drawing of one state, `width` pixels wide. */
export function picture(state, width) {
  const outcome = compute(state);
  const unit = width / (2 * ACROSS);
  const scale = {
    unit,
    width,
    height: 2 * UP * unit,
    x: (first) => (ACROSS + first) * unit,
    y: (second) => (UP - second) * unit,
  };
  return {
    height: scale.height,
    ground: [...axes(scale), ...region(scale, state)],
    marks: [
      ...turn(scale, state, outcome),
      ...arrow(scale, [state.first, state.second], "given"),
      ...tips(scale, state, outcome),
      ...arrow(scale, outcome.rules[state.rule].vector, state.rule),
      ...names(scale, state, outcome),
    ],
    alt: `A plane with the gradient as an arrow from the origin. ${words(state).join(" ")}`,
  };
}

function axes({ width, height, x, y }) {
  const marks = [];
  for (let first = 2 - ACROSS; first < ACROSS; first += 2) {
    marks.push(["line", { x1: x(first), x2: x(first), y1: 0, y2: height, class: first === 0 ? "axis" : "grid" }]);
    if (first % 4 === 0 && first !== 0) {
      marks.push(["text", { x: x(first), y: y(0) + 16, class: "tick middle" }, decimal(first)]);
    }
  }
  for (let second = 2 - UP; second < UP; second += 2) {
    marks.push(["line", { x1: 0, x2: width, y1: y(second), y2: y(second), class: second === 0 ? "axis" : "grid" }]);
    if (second !== 0) marks.push(["text", { x: x(0) - 7, y: y(second) + 4, class: "tick end" }, decimal(second)]);
  }
  marks.push(["text", { x: width - 4, y: y(0) + 32, class: "tick end" }, "first component"]);
  marks.push(["text", { x: x(0) + 8, y: 14, class: "tick" }, "second component"]);
  return marks;
}

/** The box and the ball, and what the rule in view allows. */
function region({ unit, width, height, x, y }, { threshold, rule }) {
  const side = 2 * threshold * unit;
  const box = { x: x(-threshold), y: y(threshold), width: side, height: side };
  const shapes = {
    box: (look) => ["rect", { ...box, class: look }],
    ball: (look) => ["circle", { cx: x(0), cy: y(0), r: threshold * unit, class: look }],
    corner: (look) => ["rect", { x: -2, y: y(threshold), width: x(threshold) + 2, height: height - y(threshold) + 2, class: look }],
  };
  const shown = { value: "box", linf: "box", l2: "ball", published: "corner" }[rule];
  const words = `${RULES[rule].keeps} ${decimal(threshold)}`;
  return [
    ...["box", "ball"].filter((shape) => shape !== shown).map((shape) => shapes[shape]("edge")),
    shapes[shown](`allowed ${rule}-allowed`),
    shown === "corner"
      ? ["text", { x: 8, y: height - 8, class: "small" }, words]
      : ["text", { x: x(0), y: Math.min(y(-threshold) + 19, height - 7), class: "small middle" }, words],
  ];
}

/** Where the tip came from, and the angle between the two directions. */
function turn({ unit, x, y }, state, { length, rules }) {
  const { vector, turned } = rules[state.rule];
  const marks = [["line", { x1: x(state.first), y1: y(state.second), x2: x(vector[0]), y2: y(vector[1]), class: `thread ${state.rule}-line` }]];
  if (turned < 0.5) return marks;
  const from = Math.atan2(state.second, state.first);
  const by = signedTurn(state, vector);
  const at = (angle, radius) => [x(radius * Math.cos(angle)), y(radius * Math.sin(angle))];
  const radius = Math.min(0.62 * length, WIDEST_ARC);
  const arc = Array.from({ length: 25 }, (_, step) => at(from + (by * step) / 24, radius));
  const [labelX, labelY] = at(from + by / 2, radius + 14 / unit);
  marks.push(["polyline", { points: [...at(0, 0), ...at(from + by, length)], class: `ray ${state.rule}-line` }]);
  marks.push(["polyline", { points: arc, class: "arc" }]);
  marks.push(["text", { x: labelX, y: labelY + 4, class: `degrees ${sideways(Math.cos(from + by / 2))}` }, `${decimal(turned, 1)}°`]);
  return marks;
}

/** The turn in radians, positive where it goes against the clock. */
function signedTurn({ first, second }, [a, b]) {
  return Math.atan2(first * b - second * a, first * a + second * b);
}

function sideways(right) {
  return right > 0.4 ? "start" : right < -0.4 ? "end" : "middle";
}

function arrow({ x, y, unit }, [first, second], look) {
  const length = Math.hypot(first, second) * unit;
  if (length < 1) return [];
  const [along, across] = [first / Math.hypot(first, second), -second / Math.hypot(first, second)];
  const head = Math.min(12, length);
  const [tipX, tipY] = [x(first), y(second)];
  const [neckX, neckY] = [tipX - head * along, tipY - head * across];
  const wide = head * 0.42;
  const points = [tipX, tipY, neckX - wide * across, neckY + wide * along, neckX + wide * across, neckY - wide * along];
  return [
    ["line", { x1: x(0), y1: y(0), x2: neckX, y2: neckY, class: `shaft ${look}-line` }],
    ["polygon", { points, class: `${look}-head` }],
  ];
}

/** Where the rules that are not in view would end: each with its own shape. */
function tips({ x, y }, { rule }, { rules }) {
  return Object.entries(rules)
    .filter(([name]) => name !== rule)
    .map(([name, { vector }]) => tip(name, x(vector[0]), y(vector[1])));
}

/** Diamond, disc, square and triangle: the sign of each rule, in the picture and in the table. */
function tip(rule, x, y) {
  const look = `${rule}-tip`;
  if (rule === "l2") return ["circle", { cx: x, cy: y, r: 4.5, class: look }];
  if (rule === "linf") return ["rect", { x: x - 4, y: y - 4, width: 8, height: 8, class: look }];
  const points = rule === "value" ? [x, y - 6, x + 6, y, x, y + 6, x - 6, y] : [x, y - 6, x + 6, y + 5, x - 6, y + 5];
  return ["polygon", { points, class: look }];
}

/** The gradient and its clipped image by name, on different sides of the arrow. */
function names({ width, height, x, y }, state, { rules }) {
  const { vector } = rules[state.rule];
  const g = [state.first, state.second];
  const side = signedTurn(state, vector) < 0 ? -1 : 1;
  const angle = Math.atan2(state.second, state.first) + (side * Math.PI) / 2;
  const place = ([first, second], away, words, look) => {
    const half = 3.7 * words.length;
    const right = away * Math.cos(angle);
    const middle = x(first) + right + half * (Math.abs(right) > 7 ? Math.sign(right) : 0);
    const baseline = y(second) - away * Math.sin(angle) + 5;
    return ["text", {
      x: Math.min(Math.max(middle, half + 2), width - half - 2),
      y: Math.min(Math.max(baseline, 14), height - 6),
      class: `${look} middle`,
    }, words];
  };
  const given = place(g, -25, `gradient ${pair(g)}`, "given-name");
  return unchanged(g, vector) ? [given] : [given, place(vector, 18, pair(vector), `${state.rule}-name`)];
}

function render({ model, el }) {
  const sliders = [
    slider({ name: "first", label: "first component", min: -REACH.first, max: REACH.first, step: 0.1, written: decimal1 }),
    slider({ name: "second", label: "second component", min: -REACH.second, max: REACH.second, step: 0.1, written: decimal1 }),
    slider({ name: "threshold", label: "threshold c", min: 0.5, max: 5, step: 0.1, written: decimal1 }),
  ];
  const rules = choice({
    name: "rule",
    label: "rule in view",
    options: Object.fromEntries(Object.entries(RULES).map(([rule, { name }]) => [rule, name])),
  });
  const comparison = table(rules.labels);
  const handle = control("div", { class: "course-handle", role: "slider", tabindex: "0", "aria-label": "Tip of the gradient; the arrow keys move it" });
  const demo = stage({
    model,
    el,
    name: "plane",
    title: "Demo: one gradient, four ways to clip it",
    parts: ["first", "second", "threshold", "rule"],
    controls: [...sliders, rules],
    picture,
    words,
    arrange: ({ canvas, said }) => {
      canvas.append(handle);
      return [
        make("div", { class: "course-controls" }, ...sliders.map((part) => part.node)),
        said,
        canvas,
        make("p", { class: "course-hint" }, "Drag the tip of the arrow, or focus it and use the arrow keys (with Shift in small steps)."),
        comparison.node,
        tryThis(
          [
            "By value: take the tip from (10, 0) straight up. At which height does the arrow turn most?",
            "Put the tip on the diagonal, at (5, 5). Which two rules agree now, and which gives the shortest arrow?",
            "By value, at (10, 1), lower the threshold to 0.5. Which single fact about each component is left?",
            "Choose g / max(1, g / c). Take the tip to the left, then down, and watch the table.",
          ],
          "the box is the ball of the l∞ norm, and still clipping by value and by the l∞ norm end at different points " +
            "of it: one moves each component on its own, the other moves along the arrow. And the last rule gives what " +
            "clipping by value gives until a component is negative: a test with positive numbers alone does not find it.",
        ),
      ];
    },
    after: (state, width) => {
      const scale = width / (2 * ACROSS);
      handle.style.transform = `translate(${(ACROSS + state.first) * scale}px, ${(UP - state.second) * scale}px)`;
      handle.setAttribute("aria-valuenow", state.first);
      handle.setAttribute("aria-valuemin", -REACH.first);
      handle.setAttribute("aria-valuemax", REACH.first);
      handle.setAttribute("aria-valuetext", pair([state.first, state.second]));
      comparison.show(state);
    },
  });
  drag(handle, demo, model);
  return demo.end;
}

function decimal1(number) {
  return padded(decimal(number, 1), 1);
}

function decimal2(number) {
  return padded(decimal(number, 2), 2);
}

/** Zeros up to `places` decimals, so that a column of numbers lines up. */
function padded(text, places) {
  const [whole, digits = ""] = text.split(".");
  return `${whole}.${digits.padEnd(places, "0")}`;
}

/** All four rules side by side; the radio button of a row brings its rule into view. */
function table(labels) {
  const columns = ["rule", "becomes", "length", "turned by"];
  const names = Object.keys(RULES);
  const cells = names.map(() => columns.slice(1).map(() => make("td")));
  const rows = names.map((name, row) => {
    const sign = svgElement("svg", { width: 16, height: 16, "aria-hidden": "true" }, [tip(name, 8, 8)]);
    labels[row].querySelector("input").after(sign);
    return make("tr", {}, make("th", { scope: "row" }, labels[row]), ...cells[row]);
  });
  return {
    node: make(
      "table",
      { class: "course-rules" },
      make("thead", {}, make("tr", {}, ...columns.map((column) => make("th", { scope: "col" }, column)))),
      make("tbody", {}, ...rows),
    ),
    show(state) {
      const { rules } = compute(state);
      names.forEach((name, row) => {
        const { vector, length, turned } = rules[name];
        const written = [`(${vector.map(decimal2).join(", ")})`, decimal2(length), `${decimal1(turned)}°`];
        written.forEach((text, column) => write(cells[row][column], text));
        rows[row].classList.toggle("course-chosen", name === state.rule);
      });
    },
  };
}

/** Mouse, touch and keys move the tip; the kernel hears of it when it comes to rest. */
function drag(handle, demo, model) {
  const bounded = (name, value) => Math.min(Math.max(Math.round(value * 10) / 10, -REACH[name]), REACH[name]);
  const moveTo = (first, second) => demo.move({ first: bounded("first", first), second: bounded("second", second) });
  const follow = (event) => {
    const { left, top, width } = demo.canvas.getBoundingClientRect();
    const unit = width / (2 * ACROSS);
    moveTo((event.clientX - left) / unit - ACROSS, UP - (event.clientY - top) / unit);
  };
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    handle.focus();
    event.preventDefault();
  });
  handle.addEventListener("pointermove", (event) => {
    if (handle.hasPointerCapture(event.pointerId)) follow(event);
  });
  handle.addEventListener("pointerup", demo.settle);
  handle.addEventListener("pointercancel", demo.settle);
  handle.addEventListener("keydown", (event) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const step = event.shiftKey ? 0.1 : STEP;
    moveTo(model.get("first") + step * way[0], model.get("second") + step * way[1]);
    demo.settle();
  });
}

export default { render };

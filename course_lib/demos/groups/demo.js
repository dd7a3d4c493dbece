// The groups: fair clipping's ratio against the metrics of both groups, from runs that were really trained.
// `compute`, `picture` and `words` are the arithmetic and the drawing of `model.py` and `picture.py`.

import { choice, decimal, slider, stage, tryThis } from "../stage.js";

const OFF = 5;
const LOWEST = -2;
const BATCHES = ["everybody", "batches of 64", "batches of 16"];
const NAMES = ["white", "black or Hispanic"];
const SPANS = {
  accuracy: [70, 100, 10],
  "approval rate": [60, 100, 10],
  "true positive rate": [80, 100, 5],
  "false positive rate": [0, 100, 20],
  auc: [70, 100, 10],
  "log loss": [0, 80, 20],
};
const CHANGES = 12;
const title = (metric) => ({ auc: "AUC, %", "log loss": "log loss, times 100" })[metric] ?? `${metric}, %`;

/** What is read off the runs at this position; see `model.py`. */
export function compute({ notch, batch, metric, runs }) {
  const run = runs[batch][String(notch)];
  const groups = run.values[metric];
  const plain = runs[batch][String(OFF)].values[metric];
  const changes = groups[0].map((value, k) => value - groups[1][k] - (plain[0][k] - plain[1][k]));
  const means = groups.map(mean);
  const [change, spread] = [mean(changes), deviation(changes)];
  return {
    ratio: notch === OFF ? null : 2 ** (notch / 2),
    groups,
    plain,
    means,
    gap: means[0] - means[1],
    plain_gap: mean(plain[0]) - mean(plain[1]),
    changes,
    change,
    spread,
    clipped: run.clipped,
    moved: run.moved,
    verdict: verdict(notch, changes, change, spread),
  };
}

function verdict(notch, changes, change, spread) {
  if (notch === OFF) return "off";
  if (Math.max(...changes.map(Math.abs)) < 0.005) return "identical";
  return Math.abs(change) < spread ? "noise" : "moved";
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values) {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

/** What the picture shows, in sentences; the first is the headline. */
export function words(state) {
  const outcome = compute(state);
  return [headline(state, outcome), change(outcome), acting(outcome)];
}

function headline({ batch, metric }, { ratio, means, gap }) {
  const rule = ratio === null ? "No rule" : `Ratio ${decimal(ratio)}`;
  const name = metric === "auc" ? "AUC" : metric;
  const both = `${decimal(means[0], 1)} and ${decimal(means[1], 1)}`;
  return `${rule}, ${batch}: ${name} ${both}, a gap of ${decimal(gap, 1)}.`;
}

function change({ verdict, change, spread }) {
  if (verdict === "off") return "This is what the other positions are compared with.";
  if (verdict === "identical") return "On each of the ten splits the gap is the one without the rule.";
  const told = `${decimal(change)} ± ${decimal(spread)} points over ten splits`;
  return `The rule changes the gap by ${told}${verdict === "noise" ? ": less than splits differ" : ""}.`;
}

function acting({ verdict, clipped, moved }) {
  if (verdict === "off") return "Nothing is clipped.";
  const steps = `It shortens ${decimal(clipped, 1)}% of the steps`;
  return `${steps} and moves the weights by ${decimal(moved, 1)}% of their length.`;
}

const RIGHT = 16;
const ROWS = [44, 96];
const [GROUND, CHANGE, CHANGE_GROUND] = [132, 218, 248];

/** The drawing of one state, `width` pixels wide. */
export function picture(state, width) {
  const outcome = compute(state);
  // On a narrow page the names stand above their rows, the title beside the first, and the axis begins at the edge.
  const narrow = width < 460;
  const left = narrow ? 16 : 150;
  const right = width - RIGHT;
  const place = (value, low, high) =>
    left + ((Math.min(Math.max(value, low), high) - low) / (high - low)) * (right - left);
  const [low, high, every] = SPANS[state.metric];
  const x = (value) => place(value, low, high);
  const along = (value) => place(value, -CHANGES, CHANGES);
  return {
    height: CHANGE_GROUND + 28,
    ground: [
      ["text", narrow ? { x: right, y: 18, class: "title end" } : { x: left, y: 18, class: "title" }, title(state.metric)],
      ...ticks(low, high, every, x, 26, GROUND),
      ...NAMES.flatMap((name, row) => named(name, row, narrow, left)),
      [
        "text",
        { x: left, y: CHANGE - 28, class: "title" },
        `change of the gap, ${narrow ? "" : "white minus black or Hispanic, "}in points`,
      ],
      ...ticks(-CHANGES, CHANGES, 4, along, CHANGE - 20, CHANGE_GROUND),
      ["line", { x1: along(0), x2: along(0), y1: CHANGE - 20, y2: CHANGE_GROUND, class: "plain" }],
    ],
    marks: [
      ...outcome.groups.flatMap((values, row) => group(row, values, outcome, x)),
      // Below the second group's thin line.
      ["text", { x: x(mean(outcome.plain[1])), y: GROUND - 4, class: "tick middle" }, "no rule"],
      ...outcome.changes.map((value, k) => diamond(along(value), CHANGE + aside(k))),
    ],
    alt: `The metric of both groups on ten splits, their means with and without the rule, and how the gap changes. ${words(state).join(" ")}`,
  };
}

function named(name, row, narrow, left) {
  const style = `${["first", "second"][row]}-name`;
  if (narrow) return [["text", { x: left, y: ROWS[row] - 18, class: style }, `recorded as ${name}`]];
  return [
    ["text", { x: left - 12, y: ROWS[row] - 4, class: `${style} end` }, "recorded as"],
    ["text", { x: left - 12, y: ROWS[row] + 12, class: `${style} end` }, name],
  ];
}

function ticks(low, high, every, x, top, bottom) {
  const marks = [];
  for (let tick = low; tick <= high; tick += every) {
    marks.push(["line", { x1: x(tick), x2: x(tick), y1: top, y2: bottom, class: "grid" }]);
    marks.push(["text", { x: x(tick), y: bottom + 17, class: "tick middle" }, decimal(tick)]);
  }
  return marks;
}

function group(row, values, { plain, means }, x) {
  const style = ["first", "second"][row];
  const [without, middle] = [x(mean(plain[row])), x(means[row])];
  return [
    ["line", { x1: without, x2: without, y1: ROWS[row] - 19, y2: ROWS[row] + 19, class: "plain" }],
    ...values.map((value, k) => dot(x(value), ROWS[row] + aside(k), style)),
    ["line", { x1: middle, x2: middle, y1: ROWS[row] - 14, y2: ROWS[row] + 14, class: `${style}-mean` }],
  ];
}

/** Ten dots do not hide each other: each split has a height of its own. */
function aside(place) {
  return (place - 4.5) * 2.4;
}

function dot(x, y, style) {
  if (style === "first") return ["circle", { cx: x, cy: y, r: 3.2, class: style }];
  return ["rect", { x: x - 3, y: y - 3, width: 6, height: 6, class: style }];
}

function diamond(x, y) {
  return ["polygon", { points: [[x - 4, y], [x, y - 4], [x + 4, y], [x, y + 4]], class: "change" }];
}

function render({ model, el }) {
  const controls = [
    slider({
      name: "notch",
      label: "ratio: the first group's gradient is at most this many times the second's",
      min: LOWEST,
      max: OFF,
      step: 1,
      written: (notch) => (notch === OFF ? "no rule" : decimal(2 ** (notch / 2))),
    }),
    choice({ name: "batch", label: "each step uses", options: Object.fromEntries(BATCHES.map((name) => [name, name])) }),
    choice({
      name: "metric",
      label: "metric",
      options: Object.fromEntries(Object.keys(SPANS).map((name) => [name, name === "auc" ? "AUC" : name])),
    }),
  ];
  const demo = stage({
    model,
    el,
    name: "groups",
    title: "Demo: the ratio and the groups",
    parts: ["notch", "batch", "metric", "runs"],
    controls,
    picture,
    words,
    arrange: ({ canvas, said }) => [
      make("div", { class: "course-controls" }, ...controls.map((part) => part.node)),
      said,
      canvas,
      make(
        "p",
        { class: "course-hint" },
        "A dot is one of ten splits, a thick line their mean, the thin line the mean without the rule. Every position was really trained.",
      ),
      tryThis(
        [
          "With everybody in every step, move the ratio from 'no rule' down to 1.41. What moves?",
          "Go on below 1. Which group's metrics become worse?",
          "Choose batches of 16 and ratio 2. How many steps are shortened, and does the gap change by more than splits differ?",
          "Without any rule, go through the metrics. By which of them is the second group served better?",
        ],
        "with everybody in every step a ratio above 1 does not change a digit, since at the end both groups pull equally hard; " +
          "and the verdict on who is served worse depends on the metric you look at.",
      ),
    ],
  });
  return demo.end;
}

export default { render };

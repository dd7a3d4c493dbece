// What every demo stands on: numbers in words, marks on a picture, native controls, and the short way from
// a move to a redraw. A demo imports it; `stage.py` puts it in the import's place, behind `panel.js`, so that
// a browser gets one module.

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** `10⁻⁵` for -5, and plain `1` for 0. */
export function powerOfTen(exponent) {
  return exponent === 0 ? "1" : "10" + [...String(exponent)].map((sign) => SUPERSCRIPTS[sign]).join("");
}

/** A size given by its decimal logarithm, to three digits: `9,100`, `0.0143`, `1.43 × 10⁻⁵`. */
export function size(log10) {
  if (log10 === -Infinity) return "0";
  let exponent = Math.floor(log10);
  let digits = Math.floor(10 ** (log10 - exponent) * 100 + 0.5);
  if (digits >= 1000) [digits, exponent] = [100, exponent + 1];
  if (2 <= exponent && exponent < 6) {
    return String(digits * 10 ** (exponent - 2)).replace(/\B(?=(\d{3})+$)/g, ",");
  }
  if (-3 <= exponent && exponent < 2) return trimmed(digits / 10 ** (2 - exponent), 2 - exponent);
  if (digits === 100) return powerOfTen(exponent);
  return `${trimmed(digits / 100, 2)} × ${powerOfTen(exponent)}`;
}

/** `number` to at most `places` decimals, halves away from zero, with a true minus sign: `−1.99`. */
export function decimal(number, places = 2) {
  const shift = 10 ** places;
  const rounded = Math.floor(Math.abs(number) * shift + 0.5) / shift;
  return (number < 0 && rounded > 0 ? "−" : "") + trimmed(rounded, places);
}

function trimmed(number, places) {
  const text = number.toFixed(places);
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

/** Marks `[tag, attributes, text]` as SVG text, coordinates to a tenth of a pixel. */
export function svgText(marks) {
  return marks
    .map(([tag, attributes, text = ""]) => {
      const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${attributeText(value)}"`);
      return `<${tag}${written.join("")}>${escaped(text)}</${tag}>`;
    })
    .join("");
}

function attributeText(value) {
  if (Array.isArray(value)) return value.map(attributeText).join(" ");
  return typeof value === "number" ? value.toFixed(1) : escaped(value);
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** An SVG element with attributes, and with marks inside it. */
export function svgElement(tag, attributes = {}, marks = []) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.innerHTML = svgText(marks);
  return element;
}

/** Words into a place; the same words again cost nothing. */
export function write(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

/** An attribute; the same value again costs nothing, where the browser would lay out anew. */
export function set(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** `compute` that answers the same state object only once: the picture of a state and its words share the answer. */
export function once(compute) {
  let [asked, answer] = [];
  return (state) => {
    if (state !== asked) [asked, answer] = [state, compute(state)];
    return answer;
  };
}

/**
 * A labelled range input for the state's `name`. `toSlider` and `fromSlider` change units where the slider's
 * scale is not the value's own; `written` gives the value as the eye and a screen reader get it.
 */
export function slider({ name, label, min, max, step, written, toSlider = Number, fromSlider = Number }) {
  const input = control("input", { type: "range", min, max, step, "data-part": name });
  const value = make("span", { class: "course-value", "aria-hidden": "true" });
  return {
    node: make("label", { class: "course-slider" }, make("span", {}, label), value, input),
    listen(move, settle) {
      input.addEventListener("input", () => move({ [name]: fromSlider(input.value) }));
      input.addEventListener("change", settle);
    },
    show(state) {
      input.value = toSlider(state[name]);
      write(value, written(state[name]));
      set(input, "aria-valuetext", value.textContent);
    },
  };
}

/** Radio buttons for the state's `name`; `options` maps each of its values to a label. `labels` holds them in that order. */
export function choice({ name, label, options }) {
  // Every widget on a page has its own copy of this module: a counter would name two groups alike.
  const group = `${name}-${Math.random().toString(36).slice(2)}`;
  const inputs = Object.keys(options).map((value) => control("input", { type: "radio", name: group, value }));
  const labels = inputs.map((input) => make("label", { class: "course-option" }, input, options[input.value]));
  return {
    labels,
    node: make("fieldset", { class: "course-choice" }, make("legend", {}, label), ...labels),
    listen(move, settle) {
      for (const input of inputs) {
        input.addEventListener("change", () => {
          move({ [name]: input.value });
          settle();
        });
      }
    },
    show(state) {
      for (const input of inputs) input.checked = input.value === state[name];
    },
  };
}

/** Things to try, and, folded away until they were tried, what should surprise. */
export function tryThis(lines, surprise) {
  return make(
    "div",
    { class: "course-try" },
    make("p", {}, make("strong", {}, "Try this")),
    make("ol", {}, ...lines.map((line) => make("li", {}, line))),
    make("details", {}, control("summary", {}, "What should have surprised you"), make("p", {}, surprise)),
  );
}

/**
 * Puts a demo on the page and keeps it true to the model.
 *
 * `name` is the demo's folder; `parts` names the state; `picture(state, width)` gives `{ height, ground, marks,
 * alt }`, where the ground lies under the marks and seldom changes; `words(state)` gives sentences, the first
 * of them the headline; `arrange({ canvas, said })` the panel's children, in order; `after(state, width)` draws
 * what a picture cannot hold. Returns the canvas, how to move, and how to end.
 */
export function stage({ model, el, name, title, parts, controls, picture, words, arrange, after = () => {} }) {
  const svg = svgElement("svg", { role: "img" });
  const ground = svgElement("g");
  const marks = svgElement("g");
  svg.append(ground, marks);
  const canvas = make("div", { class: "course-canvas" }, svg);
  const headline = make("strong");
  const detail = make("span");
  const said = make("p", { class: "course-words" }, headline, " ", detail);
  const heard = make("p", { class: "course-heard", "aria-live": "polite" });
  const drawnIn = new Map();
  let width = 0;
  let frameAsked = 0;
  let rest = 0;

  function redraw() {
    frameAsked = 0;
    const state = Object.fromEntries(parts.map((part) => [part, model.get(part)]));
    const drawing = picture(state, width);
    set(svg, "width", width);
    set(svg, "height", drawing.height);
    set(svg, "aria-label", drawing.alt);
    draw(ground, drawing.ground);
    draw(marks, drawing.marks);
    const [first, ...others] = words(state);
    write(headline, first);
    write(detail, others.join(" "));
    for (const part of controls) part.show(state);
    after(state, width);
  }

  /** Only the marks that changed are drawn: laying out words is what a move costs most. */
  function draw(group, wanted) {
    const texts = wanted.map((mark) => svgText([mark]));
    const before = drawnIn.get(group) ?? [];
    if (texts.length === before.length) {
      texts.forEach((text, place) => {
        if (text !== before[place]) group.children[place].outerHTML = text;
      });
    } else {
      group.innerHTML = texts.join("");
    }
    drawnIn.set(group, texts);
  }

  function ask() {
    frameAsked ||= requestAnimationFrame(redraw);
  }

  function move(change) {
    for (const [name, value] of Object.entries(change)) model.set(name, value);
    ask();
    // A screen reader hears where the demo came to rest, not every step on the way.
    clearTimeout(rest);
    rest = setTimeout(() => { heard.textContent = said.textContent; }, 400);
  }

  /** A drag settles once, when it ends: only then does the kernel hear of it. */
  const settle = () => model.save_changes?.();

  for (const part of controls) part.listen(move, settle);
  const panel = frame(el, model, title);
  panel.classList.add("course-demo", `course-${name}`);
  panel.append(...arrange({ canvas, said }), heard);
  const unwatch = watch(model, parts, () => { if (width) ask(); });
  const resized = new ResizeObserver(([{ contentRect }]) => {
    width = Math.max(contentRect.width, 260);
    ask(); // the first drawing too
  });
  resized.observe(canvas);
  return {
    canvas,
    move,
    settle,
    end() {
      unwatch();
      resized.disconnect();
      cancelAnimationFrame(frameAsked);
      clearTimeout(rest);
    },
  };
}

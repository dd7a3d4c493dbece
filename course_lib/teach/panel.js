// Shared by every panel: it stands before the panel's own module, which exports `render`.

/** An id that no other element on the page has: every widget loads its own copy of this module, so no count would do. */
function unique(stem) {
  return `course-${stem}-${Math.random().toString(36).slice(2, 12)}`;
}

/** An element with attributes and children; text becomes a text node and is never read as markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "markup") element.innerHTML = value; // prepared and escaped in Python
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** An element that takes the keyboard. JupyterLab takes the arrow keys and Enter from any that is not marked. */
function control(tag, attributes = {}, ...children) {
  return make(tag, { "data-lm-suppress-shortcuts": "true", ...attributes }, ...children);
}

/** A form that goes nowhere but to `submit`. Inside a notebook, JupyterLab keeps Enter in a line of text from it. */
function formFor(submit, ...children) {
  const form = make("form", {}, ...children);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches('input[type="text"]')) return;
    event.preventDefault();
    form.requestSubmit();
  });
  return form;
}

const ANSWER_WITHIN = 8000; // milliseconds; a cell that runs may take longer, so nothing is given up
const NO_ANSWER =
  "The kernel has not answered yet. If a cell is still running, this follows; otherwise run this cell again.";
const alerts = new WeakMap();
const timers = new WeakMap();

/** The panel's section with its heading, and a place for what went wrong. */
function frame(el, model, title) {
  const heading = make("p", { class: "course-title", id: unique("title") }, title);
  const section = make("section", { class: "course-panel", "aria-labelledby": heading.id }, heading);
  const alert = make("p", { class: "course-trouble", role: "alert" });
  const showTrouble = () => {
    clearTimeout(timers.get(model));
    alert.textContent = model.get("trouble") || "";
  };
  alerts.set(model, alert);
  model.on("change:trouble", showTrouble);
  model.on("msg:custom", showTrouble); // Python answers every message
  showTrouble();
  el.append(section, alert);
  return section;
}

/** Send a message to Python, and say so when no answer comes. */
function tell(model, message) {
  clearTimeout(timers.get(model));
  timers.set(model, setTimeout(() => (alerts.get(model).textContent = NO_ANSWER), ANSWER_WITHIN));
  model.send(message);
}

/** A place whose changes a screen reader says aloud. */
function live() {
  return control("div", { class: "course-feedback", role: "status", "aria-live": "polite", tabindex: "-1" });
}

/** Paragraphs `{tone, html}` into `place`; a sign and a word stand beside every colour. */
function say(place, paragraphs) {
  const signs = { right: "✓ ", wrong: "✗ ", note: "" };
  place.replaceChildren(
    ...paragraphs.map(({ tone, html }) => {
      const words = make("span", { markup: html });
      keepKeys(words);
      const sign = make("span", { class: "course-sign", "aria-hidden": "true" }, signs[tone] ?? "");
      return make("div", { class: `course-said course-${tone}` }, sign, words);
    }),
  );
}

/** Mark what takes the keyboard inside markup that Python prepared. */
function keepKeys(root) {
  for (const element of root.querySelectorAll("summary, a, button, input, select, textarea")) {
    element.dataset.lmSuppressShortcuts = "true";
  }
}

/** Draw now and whenever one of `names` changes; returns what ends it. */
function watch(model, names, draw) {
  for (const name of names) model.on(`change:${name}`, draw);
  draw();
  return () => {
    for (const name of names) model.off(`change:${name}`, draw);
  };
}

/** The path of the notebook on this page, as JupyterLab's server counts paths; empty elsewhere. */
function notebookPath() {
  const found = window.location.pathname.match(/\/(?:lab(?:\/workspaces\/[^/]+)?\/tree|notebooks|doc\/tree)\/(.+)$/);
  return found ? decodeURIComponent(found[1]) : "";
}

/** `relative`, counted from the notebook's folder, as the server counts it; null when it leaves the served folder. */
function besideNotebook(relative) {
  const parts = notebookPath().split("/").slice(0, -1);
  for (const part of relative.split("/")) {
    if (part === "..") {
      if (parts.length === 0) return null;
      parts.pop();
    } else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

/** Change what is shown; where that takes the focused control away, the keyboard goes to the next one, or to `rest`. */
function keepingFocus(section, rest, change) {
  const inside = section.contains(document.activeElement);
  change();
  const focused = document.activeElement;
  if (!inside || (section.contains(focused) && !focused.disabled && !focused.hidden)) return;
  const checked = section.querySelector("input:checked:not(:disabled)");
  const next = section.querySelector("button:not([hidden]):not(:disabled), input:not(:disabled)");
  (checked ?? next ?? rest).focus();
}

/** Scroll JupyterLab's notebook to the cell with this id. */
function showCell(place, id) {
  runCommand(place, "rendermime:handle-local-link", { path: notebookPath(), id: `#cell-id=${id}` });
}

/** Run a JupyterLab command from inside `place`: through the application where it is exposed, else by its own links. */
function runCommand(place, command, args) {
  if (window.jupyterapp?.commands) {
    window.jupyterapp.commands.execute(command, args);
    return;
  }
  const link = make("button", {
    type: "button",
    hidden: true,
    "data-commandlinker-command": command,
    "data-commandlinker-args": JSON.stringify(args),
  });
  place.append(link);
  link.click();
  link.remove();
}


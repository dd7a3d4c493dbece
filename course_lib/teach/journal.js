// A question, pinned to an exact object. What can be pinned comes from Python and is asked for anew when the
// keyboard enters the form, since demos move and cells run.

const EQUATION = "equation";

function render({ model, el }) {
  const section = frame(el, model, "Journal: a question worth keeping");
  const pinned = control("select", {});
  const exactly = control("input", { type: "text", placeholder: "for instance: the second line of the derivation" });
  const equation = labelled("Which equation, exactly", exactly);
  const question = control("textarea", { rows: 2 });
  const evidence = control("input", { type: "text" });
  const settles = control("input", { type: "text" });
  const keep = control("button", { type: "submit" }, "Keep the question");
  const write = control("button", { type: "button", onclick: () => tell(model, { do: "export" }) }, "Write journal.md");
  const answer = live();
  const kept = make("div", { class: "course-entries" });
  let shown = new Map();

  const submit = () => {
    const free = pinned.value === EQUATION;
    const needed = [...(free ? [exactly] : []), question, evidence, settles];
    const empty = needed.find(({ value }) => !value.trim());
    if (empty) {
      say(answer, [{ tone: "note", html: "A question is hard to settle while this line is empty." }]);
      empty.focus();
      return;
    }
    const pin = free ? { kind: EQUATION, label: exactly.value } : shown.get(pinned.value);
    tell(model, { do: "keep", pin, question: question.value, evidence: evidence.value, settles: settles.value });
  };
  const form = formFor(
    submit,
    labelled("Pinned to", pinned),
    equation,
    labelled("The question", question),
    labelled("Evidence to look at", evidence),
    labelled("What would settle it", settles),
    make("div", { class: "course-buttons" }, keep, write),
  );
  section.append(form, answer, kept);

  const drawPins = () => {
    const before = pinned.value;
    shown = new Map();
    const group = (label, kind) => {
      const pins = model.get("pins").filter((pin) => pin.kind === kind);
      for (const [place, pin] of pins.entries()) shown.set(`${kind} ${place}`, pin);
      const options = pins.map((pin, place) => make("option", { value: `${kind} ${place}` }, pin.label));
      return options.length > 0 ? make("optgroup", { label }, ...options) : "";
    };
    pinned.replaceChildren(
      make("option", { value: EQUATION }, "an equation"),
      group("A demo, as it stands", "demo"),
      group("A cell", "cell"),
    );
    if (shown.has(before)) pinned.value = before;
    drawEquation();
  };
  const drawEquation = () => {
    equation.hidden = pinned.value !== EQUATION;
  };
  pinned.addEventListener("change", drawEquation);

  section.addEventListener("focusin", (event) => {
    if (!section.contains(event.relatedTarget)) tell(model, { do: "refresh" });
  });
  const drawEntries = () => {
    const entries = model.get("entries");
    const before = [...kept.children].map((each) => ({ open: each.open, focused: each.contains(document.activeElement) }));
    if (entries.length > before.length) [exactly, question, evidence, settles].forEach((field) => (field.value = ""));
    kept.replaceChildren(...entries.map((entry) => shownEntry(model, entry)));
    for (const [place, { open, focused }] of before.entries()) {
      kept.children[place].open = open;
      if (focused) kept.children[place].querySelector("summary").focus();
    }
  };
  const stop = [
    watch(model, ["pins"], drawPins),
    watch(model, ["entries"], drawEntries),
    watch(model, ["said"], () => say(answer, model.get("said") ? [{ tone: "note", html: escaped(model.get("said")) }] : [])),
  ];
  return () => stop.forEach((end) => end());
}

function labelled(words, field) {
  return make("label", {}, words, field);
}

function escaped(text) {
  return make("span", {}, text).innerHTML;
}

/** A kept question, folded; unfolded it says where to look, and takes what settled it. */
function shownEntry(model, entry) {
  const words = control("textarea", { rows: 2 });
  const settle = () => {
    if (words.value.trim()) tell(model, { do: "settle", id: entry.id, text: words.value });
    else words.focus();
  };
  const keep = control("button", { type: "submit" }, "Keep");
  const form = formFor(settle, labelled("What settled it", words), make("div", { class: "course-buttons" }, keep));
  const pin = make("div", {}, make("p", {}, `Pinned to: ${entry.pin.label}`));
  if (entry.pin.kind === "cell" && entry.pin.id && notebookPath()) {
    const show = control("button", { type: "button" }, "Show the cell");
    show.addEventListener("click", () => showCell(show, entry.pin.id));
    pin.append(make("p", {}, show));
  }
  const state = entry.settled.length > 0 ? "settled" : "open";
  return make(
    "details",
    {},
    control("summary", {}, `${entry.id}. ${entry.question} (${state})`),
    pin,
    make("p", {}, `Evidence to look at: ${entry.evidence}`),
    make("p", {}, `What would settle it: ${entry.settles}`),
    ...entry.settled.map((text) => make("p", {}, `Settled: ${text}`)),
    form,
  );
}

export default { render };

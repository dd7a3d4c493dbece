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
  const export_ = control("button", { type: "button", onclick: () => tell(model, { do: "export" }) }, "Write journal.md");
  const answer = live();
  const kept = make("div", { class: "course-entries" });
  let shown = [];

  const form = make(
    "form",
    {},
    labelled("Pinned to", pinned),
    equation,
    labelled("The question", question),
    labelled("Evidence to look at", evidence),
    labelled("What would settle it", settles),
    make("div", { class: "course-buttons" }, keep, export_),
  );
  section.append(form, answer, kept);

  const drawPins = () => {
    const before = pinned.value;
    shown = model.get("pins");
    const group = (label, kind) => {
      const entries = shown.flatMap((pin, index) => (pin.kind === kind ? [[pin, index]] : []));
      if (entries.length === 0) return null;
      const options = entries.map(([pin, index]) => make("option", { value: index }, pin.label));
      return make("optgroup", { label }, ...options);
    };
    const choices = [make("option", { value: EQUATION }, "an equation"), group("A demo, as it stands", "demo"), group("A cell", "cell")];
    pinned.replaceChildren(...choices.filter(Boolean));
    if ([...pinned.options].some(({ value }) => value === before)) pinned.value = before;
    drawEquation();
  };
  const drawEquation = () => {
    equation.hidden = pinned.value !== EQUATION;
  };
  pinned.addEventListener("change", drawEquation);

  section.addEventListener("focusin", (event) => {
    if (!section.contains(event.relatedTarget)) tell(model, { do: "refresh" });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pin = pinned.value === EQUATION ? { kind: EQUATION, label: exactly.value } : shown[Number(pinned.value)];
    const needed = [...(pinned.value === EQUATION ? [exactly] : []), question, evidence, settles];
    const empty = needed.find(({ value }) => !value.trim());
    if (empty) {
      say(answer, [{ tone: "note", html: "Fill in the field that has the focus now; a question without it is hard to settle." }]);
      empty.focus();
      return;
    }
    tell(model, { do: "keep", pin, question: question.value, evidence: evidence.value, settles: settles.value });
  });

  const drawEntries = () => {
    const entries = model.get("entries");
    if (entries.length > kept.childElementCount) [exactly, question, evidence, settles].forEach((field) => (field.value = ""));
    kept.replaceChildren(...entries.map((entry) => shownEntry(model, entry)));
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
  const form = make("form", {}, labelled("What settled it", words), make("div", { class: "course-buttons" }, control("button", { type: "submit" }, "Keep")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (words.value.trim()) tell(model, { do: "settle", id: entry.id, text: words.value });
    else words.focus();
  });
  const pin = make("p", {}, `Pinned to: ${entry.pin.label} `);
  if (entry.pin.kind === "cell" && entry.pin.id && notebookPath()) {
    const show = control("button", { type: "button" }, "Show the cell");
    show.addEventListener("click", () => showCell(show, entry.pin.id));
    pin.append(show);
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

// Predict, Inquiry, Quiz and Claim: radio buttons, one button, one place for the answer.
// What a choice means is decided in Python; this module only asks and shows.

function render({ model, el }) {
  const section = frame(el, model, model.get("heading"));
  const group = unique("options");
  const rows = model.get("options").map((markup, index) => {
    const input = control("input", { type: "radio", name: group, value: index });
    return { input, row: make("label", { class: "course-option" }, input, make("span", { markup })) };
  });
  const submit = control("button", { type: "submit" }, model.get("button"));
  const again = control("button", { type: "button", onclick: () => tell(model, { do: "again" }) });
  const answer = live();
  const choose = () => {
    const index = rows.findIndex(({ input }) => input.checked);
    if (index >= 0) {
      tell(model, { do: "choose", index });
    } else {
      say(answer, [{ tone: "note", html: "Choose one of the options first." }]);
      rows[0].input.focus();
    }
  };
  const form = formFor(
    choose,
    make(
      "fieldset",
      {},
      make("legend", { markup: model.get("question") }),
      model.get("aside") ? make("div", { markup: model.get("aside") }) : null,
      ...rows.map(({ row }) => row),
    ),
    make("div", { class: "course-buttons" }, submit, again, witnessButton(model)),
  );
  keepKeys(form);
  section.append(form, answer);

  const drawState = () => {
    const [chosen, locked] = [model.get("chosen"), model.get("locked")];
    keepingFocus(section, answer, () => {
      for (const [index, { input, row }] of rows.entries()) {
        if (chosen >= 0) input.checked = index === chosen;
        input.disabled = locked;
        row.classList.toggle("course-chosen", locked && index === chosen);
      }
      submit.hidden = locked;
      again.hidden = !model.get("again");
      again.textContent = model.get("again");
    });
  };
  const stop = [
    watch(model, ["chosen", "locked", "again"], drawState),
    watch(model, ["feedback"], () => say(answer, model.get("feedback"))),
  ];
  return () => stop.forEach((end) => end());
}

/** Leads to the cell that bears a claim out; null where the question names none. */
function witnessButton(model) {
  const cell = model.get("witness");
  if (!cell || !notebookPath()) return null;
  const show = control("button", { type: "button", class: "course-quiet" }, "Show the witness cell");
  show.addEventListener("click", () => showCell(show, cell));
  return show;
}

export default { render };

// Three parts: write, then compare. The answer of a part arrives from Python once something was written.

function render({ model, el }) {
  const section = frame(el, model, "Exit check: write first, then compare");
  const parts = model.get("parts").map(({ name }) => part(model, name));
  section.append(make("ol", { class: "course-parts" }, ...parts.map(({ node }) => node)));
  return watch(model, ["parts"], () => {
    for (const [place, state] of model.get("parts").entries()) parts[place].show(state);
  });
}

function part(model, name) {
  const question = make("span", {});
  const words = control("textarea", { rows: 3 });
  const compare = control("button", { type: "submit" }, "Keep and compare");
  const beside = live();
  const ticks = make("div", {});
  let shown = "";

  const write = () => {
    if (words.value.trim()) {
      tell(model, { do: "write", part: name, text: words.value });
    } else {
      say(beside, [{ tone: "note", html: "Write a sentence first." }]);
      words.focus();
    }
  };
  const form = formFor(
    write,
    make("label", {}, question, words),
    make("div", { class: "course-buttons" }, compare),
    beside,
    ticks,
  );

  const sendTicks = () => {
    const met = [...ticks.querySelectorAll("input")].flatMap((box, line) => (box.checked ? [line] : []));
    tell(model, { do: "tick", met });
  };

  function show(state) {
    question.innerHTML = state.question;
    if (!shown && state.text) words.value = state.text;
    if (state.text === shown) return;
    shown = state.text;
    compare.textContent = "Keep the new words";
    if (state.answer) say(beside, [{ tone: "note", html: state.answer }]);
    if (state.rubric && ticks.childElementCount === 0) {
      say(beside, [{ tone: "note", html: "Tick what your words hold. What is left is worth another look." }]);
      ticks.append(...state.rubric.map((line, index) => tick(line, state.met.includes(index), sendTicks)));
    }
  }
  return { node: make("li", {}, form), show };
}

function tick(line, met, onchange) {
  const box = control("input", { type: "checkbox", onchange });
  box.checked = met;
  return make("label", { class: "course-option" }, box, make("span", { markup: line }));
}

export default { render };

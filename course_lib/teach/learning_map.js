// The picture, the same as a list, and buttons that open lessons and exercises in JupyterLab.

function render({ model, el }) {
  const section = frame(el, model, "Map of lessons");
  const picture = make("div", { class: "course-map" });
  const list = make("ul", { class: "course-lessons" });
  const answer = live();
  section.append(picture, list, answer);

  const rows = model.get("lessons").map((lesson) => row(model, lesson));
  list.append(...rows.map(({ node }) => node));

  const draw = () => {
    picture.innerHTML = model.get("picture");
    for (const [place, lesson] of model.get("lessons").entries()) rows[place].say(lesson.facts);
  };
  let answered = model.get("opening").times ?? 0;
  const open = () => {
    const { path, shown, times } = model.get("opening");
    if (!times || times === answered) return;
    answered = times;
    const served = notebookPath() ? besideNotebook(path) : null;
    if (served) runCommand(section, "docmanager:open", { path: served });
    say(answer, [{ tone: "note", html: make("span", {}, `Your copy of the exercise is ${shown}`).outerHTML }]);
  };
  section.addEventListener("focusin", (event) => {
    if (!section.contains(event.relatedTarget)) tell(model, { do: "refresh" });
  });
  const stop = [watch(model, ["picture", "lessons"], draw), watch(model, ["opening"], open)];
  return () => stop.forEach((end) => end());
}

function row(model, lesson) {
  const name = make("strong", {}, lesson.here ? `${lesson.title} (you are here)` : lesson.title);
  const buttons = make("div", { class: "course-buttons" });
  if (!lesson.here && notebookPath()) {
    const go = control("button", { type: "button" }, "Open the lesson");
    go.setAttribute("aria-label", `Open the lesson ${lesson.title}`);
    go.addEventListener("click", () => runCommand(go, "docmanager:open", { path: besideNotebook(`${lesson.name}.ipynb`) }));
    buttons.append(go);
  }
  if (lesson.exercise) {
    const go = control("button", { type: "button" }, "Open the exercise");
    go.setAttribute("aria-label", `Open the exercise ${lesson.title}`);
    go.addEventListener("click", () => tell(model, { do: "open", exercise: lesson.name }));
    buttons.append(go);
  }
  const facts = make("div", { class: "course-quiet" });
  const node = make(
    "li",
    { "aria-current": lesson.here ? "page" : null },
    make("div", {}, name, `: ${lesson.promise}`),
    facts,
    buttons,
  );
  return { node, say: (words) => (facts.textContent = words.join("; ")) };
}

export default { render };

// What happens, folded up until the reader has predicted it, or opens it all the same.

function render({ model, el }) {
  const section = frame(el, model, "What happens");
  const open = make("div", {});
  const answer = live();
  const folded = make("details", {}, control("summary", {}, "You have not committed to a prediction yet. Open it all the same"));
  const words = make("div", { class: "course-feedback" });
  folded.append(words);
  folded.addEventListener("toggle", () => {
    if (folded.open && !model.get("committed")) tell(model, { do: "open" });
  });
  open.append(answer);
  section.append(folded, open);
  return watch(model, ["committed", "feedback"], () => {
    const committed = model.get("committed");
    folded.hidden = committed;
    say(committed ? answer : words, model.get("feedback"));
  });
}

export default { render };

// What happens, folded up until the reader has predicted it, or opens it all the same. Python is told when the
// answer is in view: until then a prediction can be revised.

function render({ model, el }) {
  const section = frame(el, model, "What happens");
  const words = make("div", {});
  const summary = control("summary", {}, "You have not committed to a prediction yet. Open it all the same");
  const folded = make("details", {}, summary, words);
  const answer = live();
  section.append(folded, answer);

  const see = () => tell(model, { do: "see" });
  folded.addEventListener("toggle", () => {
    if (folded.open && !model.get("committed")) see();
  });
  const view = new IntersectionObserver((entries) => {
    if (!model.get("committed") || !entries.some(({ isIntersecting }) => isIntersecting)) return;
    view.disconnect();
    see();
  });
  const stop = watch(model, ["committed", "feedback"], () => {
    const committed = model.get("committed");
    folded.hidden = committed;
    say(committed ? answer : words, model.get("feedback"));
    view.unobserve(answer);
    view.observe(answer); // an observer speaks up at once when it begins
  });
  return () => {
    view.disconnect();
    stop();
  };
}

export default { render };

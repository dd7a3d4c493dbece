// Frames one at a time. All of them stand in one grid cell, so that the page does not jump from frame to frame.

function render({ model, el }) {
  const section = frame(el, model, model.get("title"));
  const frames = model.get("frames");
  const pictures = frames.map(({ picture }) => make("div", { class: "course-frame", markup: picture }));
  const stage = make("div", { class: "course-stage" }, ...pictures);
  const caption = live();
  const count = make("span", { class: "course-quiet" });
  let place = 0;

  const back = control("button", { type: "button", onclick: () => go(place - 1) }, "◂ Back");
  const next = control("button", { type: "button", onclick: () => go(place + 1) }, "Next ▸");

  function go(to) {
    place = Math.min(Math.max(to, 0), frames.length - 1);
    for (const [index, picture] of pictures.entries()) picture.classList.toggle("course-shown", index === place);
    keepingFocus(section, caption, () => {
      back.disabled = place === 0;
      next.disabled = place === frames.length - 1;
    });
    count.textContent = `Frame ${place + 1} of ${frames.length}`;
    caption.replaceChildren(make("p", { markup: frames[place].caption }));
  }

  section.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      go(place + step);
    }
  });
  section.append(stage, caption, make("div", { class: "course-buttons" }, back, next, count));
  keepKeys(stage);
  go(0);
}

export default { render };

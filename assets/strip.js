// The strip of levels: a radio group with a button a level, and along its foot the scrubber over the whole history.

function render({ model, el }) {
  const levels = document.createElement("div"), scrubber = document.createElement("input");
  levels.className = "lt-levels-row";
  levels.setAttribute("role", "radiogroup");
  levels.setAttribute("aria-label", "Level, by weights remaining");
  Object.assign(scrubber, { type: "range", min: 0, step: 1, className: "lt-moment" });
  scrubber.setAttribute("aria-label", "Moment of the search");
  el.append(levels, scrubber);

  const choose = (level) => model.send({ level });

  function draw() {
    const stops = model.get("stops"), shown = model.get("shown");
    const focused = levels.contains(document.activeElement);
    while (levels.children.length > stops.length) levels.lastChild.remove();
    while (levels.children.length < stops.length) {
      const level = levels.children.length;
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "radio");
      button.append(document.createElement("b"), document.createElement("span"));
      button.addEventListener("click", () => choose(level));
      levels.append(button);
    }
    stops.forEach((stop, level) => {
      const button = levels.children[level];
      button.dataset.stage = stop.stage;
      button.style.setProperty("--share", `${100 * stop.share}%`);
      button.classList.toggle("lt-unwritten", level % Math.ceil(stops.length / 14) !== 0 && level !== shown);
      button.title = `${stop.name}: ${stop.remaining} of the weights`;
      button.disabled = !stop.reached;
      button.setAttribute("aria-checked", level === shown);
      button.tabIndex = level === shown ? 0 : -1;
      button.children[0].textContent = stop.remaining;
      button.children[1].textContent = stop.name;
    });
    if (focused) levels.children[shown]?.focus();
    scrubber.max = model.get("whole");
    scrubber.disabled = !model.get("whole");
    if (!held) scrubber.value = model.get("moment");
    scrubber.setAttribute("aria-valuetext", model.get("said"));
    el.classList.toggle("lt-replaying", model.get("replaying"));
  }

  function move(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = model.get("shown") + step;
    if (!step || !levels.children[next] || levels.children[next].disabled) return;
    event.preventDefault();
    levels.children[next].focus();
    choose(next);
  }

  // While it is held it follows the hand, and asks for one moment a frame at most.
  let held = false, asked = 0;
  scrubber.addEventListener("input", () => {
    held = true;
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => model.send({ moment: Number(scrubber.value) }));
  });
  scrubber.addEventListener("change", () => (held = false));
  scrubber.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!step) return;
    event.preventDefault(); // the browser's own step is one iteration
    model.send({ step });
  });

  levels.addEventListener("keydown", move);
  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}

export default { render };

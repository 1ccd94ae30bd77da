// The strip of levels: a radio group with a button a level. Arrows move; choosing a level stops following.

function render({ model, el }) {
  el.setAttribute("role", "radiogroup");
  el.setAttribute("aria-label", "Level, by weights remaining");

  function choose(level) {
    model.set("level", level);
    model.save_changes();
  }

  function draw() {
    const stops = model.get("stops"), shown = model.get("shown");
    const focused = el.contains(document.activeElement);
    while (el.children.length > stops.length) el.lastChild.remove();
    while (el.children.length < stops.length) {
      const level = el.children.length;
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "radio");
      button.append(document.createElement("b"), document.createElement("span"));
      button.addEventListener("click", () => choose(level));
      el.append(button);
    }
    stops.forEach((stop, level) => {
      const button = el.children[level];
      button.dataset.stage = stop.stage;
      button.style.setProperty("--share", `${100 * stop.share}%`);
      button.classList.toggle("lt-unwritten", level % Math.ceil(stops.length / 14) !== 0 && level !== shown);
      button.title = `${stop.name}: ${stop.remaining} of the weights`;
      button.disabled = stop.stage === "to come" && stop.share === 0;
      button.setAttribute("aria-checked", level === shown);
      button.tabIndex = level === shown ? 0 : -1;
      button.children[0].textContent = stop.remaining;
      const suffix = { training: " · live", failed: " · failed" }[stop.stage] ?? "";
      button.children[1].textContent = stop.name + suffix;
    });
    if (focused) el.children[shown]?.focus();
  }

  function move(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = model.get("shown") + step;
    if (!step || !el.children[next] || el.children[next].disabled) return;
    event.preventDefault();
    el.children[next].focus();
    choose(next);
  }

  el.addEventListener("keydown", move);
  model.on("change:stops change:shown", draw);
  draw();
  return () => model.off("change:stops change:shown", draw);
}

export default { render };

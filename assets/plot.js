// Draws a Bokeh figure and keeps it up to date: Python sends a figure once, then only the columns that changed.
// Nothing is ever sent back but the wish for the figure, each time it is put on a page.

async function bokehjs(model) {
  if (!window.Bokeh) {
    const id = model.get("library").slice("IPY_MODEL_".length);
    const library = await model.widget_manager.get_model(id);
    const script = document.createElement("script");
    script.textContent = library.get("source");
    document.head.append(script);
  }
  return window.Bokeh;
}

// JSON has no NaN; a gap in a line travels as null.
const gaps = (column) => column.map((value) => value ?? NaN);

async function render({ model, el }) {
  const describe = () => el.setAttribute("aria-label", model.get("summary"));
  el.setAttribute("role", "img");
  describe();
  model.on("change:summary", describe);

  const Bokeh = await bokehjs(model);
  let views = null;
  let done = Promise.resolve();

  const tip = document.createElement("div");
  tip.className = "lt-tip";
  let notes = [];

  // Says what is at the place nearest to the pointer.
  function point({ clientX }) {
    const box = el.getBoundingClientRect();
    const { start, end } = views?.roots[0].model.document.get_model_by_name("x") ?? {};
    const at = start + ((clientX - box.left) / box.width) * (end - start);
    const near = notes.reduce((a, b) => (Math.abs(b[0] - at) < Math.abs(a[0] - at) ? b : a), notes[0]);
    tip.hidden = !near || at < notes[0][0] - 0.03 * (end - start) || at > notes.at(-1)[0] + 0.03 * (end - start);
    if (tip.hidden) return;
    tip.textContent = near[1];
    const left = ((near[0] - start) / (end - start)) * box.width;
    tip.style.left = left > box.width / 2 ? "auto" : `${left + 14}px`;
    tip.style.right = left > box.width / 2 ? `${box.width - left + 14}px` : "auto";
  }
  const leave = () => (tip.hidden = true);
  el.addEventListener("pointermove", point);
  el.addEventListener("pointerleave", leave);
  leave();

  async function apply(message) {
    const { figure, columns, spans } = message;
    notes = message.notes;
    if (figure) {
      views?.clear();
      views = await Bokeh.embed.embed_item(figure, el);
      el.append(tip);
    } else if (views) {
      const { document } = views.roots[0].model;
      for (const [name, [start, end]] of Object.entries(spans)) document.get_model_by_name(name).setv({ start, end });
      for (const [name, data] of Object.entries(columns)) {
        document.get_model_by_name(name).data = Object.fromEntries(Object.entries(data).map(([k, v]) => [k, gaps(v)]));
      }
    }
  }

  // One after the other: a change belongs to the figure that was sent before it.
  const receive = (message) => (done = done.then(() => apply(message)).catch((error) => console.error(error)));
  model.on("msg:custom", receive);
  model.send({ wants: "figure" });
  return async () => {
    model.off("msg:custom", receive);
    model.off("change:summary", describe);
    await done;
    views?.clear();
  };
}

export default { render };

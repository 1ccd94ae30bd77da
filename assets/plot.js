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

  async function apply({ figure, columns, spans }) {
    if (figure) {
      views?.clear();
      views = await Bokeh.embed.embed_item(figure, el);
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

// Draws a Bokeh figure and keeps it up to date: Python sends a figure once, then only the columns that changed.
// Of the figure nothing is ever sent back but the wish for it, when it is first seen on a page.

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

// Colours, letters and strokes are the style sheet's; a glyph's tag names its tone.
const VARIANTS = ["ticket", "random-reinit", "random-sparse"];
const ALPHAS = ["line_alpha", "fill_alpha", "text_alpha"];
const FAINT = 0.16; // of a mark of another variant than the one in focus

function dress(el, views) {
  const style = getComputedStyle(el), letters = parseFloat(style.getPropertyValue("--lt-letters"));
  if (!letters) return false; // it is not on a page yet
  const colour = (tone) => ({ value: style.getPropertyValue(`--lt-${tone}`).trim() });
  const larger = Math.max(1, Math.min(2, letters / 14));
  const focus = !el.closest("[class*=lt-of-]") && el.closest("[data-focus]")?.dataset.focus; // a variant's own is faint whole
  for (const { glyph } of views.roots[0].model.renderers) {
    const { type, tags: [tone] } = glyph;
    const faint = focus && tone !== focus && VARIANTS.includes(tone) ? FAINT : 1;
    glyph.opaque ??= ALPHAS.filter((alpha) => alpha in glyph).map((alpha) => [alpha, glyph[alpha].value]);
    glyph.setv(Object.fromEntries(glyph.opaque.map(([alpha, value]) => [alpha, { value: value * faint }])));
    if (type === "Text") {
      const readable = style.getPropertyValue(`--lt-${tone}-text`).trim();
      glyph.setv({ text_color: readable ? { value: readable } : colour(tone), text_font_size: { value: `${letters}px` } });
    } else if (type === "Scatter") {
      glyph.drawn ??= glyph.size.value;
      glyph.setv({ fill_color: colour(tone), line_color: colour("page"), size: { value: glyph.drawn * larger } });
    } else if (type === "VArea" || type === "Quad") {
      glyph.setv({ fill_color: colour(tone) });
    } else {
      glyph.drawn ??= glyph.line_width.value;
      glyph.setv({ line_color: colour(tone), line_width: { value: glyph.drawn * larger } });
    }
  }
  return true;
}

async function render({ model, el }) {
  el.setAttribute("role", "img");

  const Bokeh = await bokehjs(model);
  let views = null;
  let done = Promise.resolve();

  const tip = document.createElement("div"), cursor = document.createElement("div");
  tip.className = "lt-tip";
  cursor.className = "lt-cursor";
  let notes = [], noted = null;

  // Says what is at the place nearest to the pointer, and tells Python when that is another one.
  function point({ clientX }) {
    const box = el.getBoundingClientRect();
    const { start, end } = views?.roots[0].model.document.get_model_by_name("x") ?? {};
    const at = start + ((clientX - box.left) / box.width) * (end - start);
    const near = notes.reduce((a, b, k) => (a < 0 || Math.abs(b[0] - at) < Math.abs(notes[a][0] - at) ? k : a), -1);
    const margin = 0.03 * (end - start);
    if (near < 0 || at < notes[0][0] - margin || at > notes.at(-1)[0] + margin) return leave();
    tip.textContent = notes[near][1];
    const share = (notes[near][0] - start) / (end - start), right = share > 0.5;
    cursor.style.left = `${100 * share}%`;
    tip.style.left = right ? "auto" : `calc(${100 * share}% + 14px)`;
    tip.style.right = right ? `calc(${100 * (1 - share)}% + 14px)` : "auto";
    tip.hidden = cursor.hidden = false;
    const said = tip.getBoundingClientRect(); // what does not fit beside the place stands at the edge
    if (said.right > box.right) [tip.style.left, tip.style.right] = ["auto", "0"];
    else if (said.left < box.left) [tip.style.left, tip.style.right] = ["0", "auto"];
    if (near !== noted) model.send({ note: (noted = near), click: false });
  }
  function leave() {
    tip.hidden = cursor.hidden = true;
    if (noted !== null) model.send({ note: (noted = null), click: false });
  }
  const click = () => noted !== null && !dragged && model.send({ note: noted, click: true });

  // Dragging chooses a range of x; a click lets go of it.
  const brush = document.createElement("div");
  brush.className = "lt-brush";
  brush.hidden = true;
  let from = null, dragged = false;
  const share = ({ clientX }) => {
    const { left, width } = el.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width));
  };
  function grab(event) {
    dragged = false;
    if (!model.get("brushes") || event.button !== 0) return;
    el.setPointerCapture(event.pointerId);
    from = share(event);
  }
  function drag(event) {
    if (from === null || Math.abs(share(event) - from) < 0.02) return;
    dragged = true;
    const [low, high] = [from, share(event)].sort((a, b) => a - b);
    Object.assign(brush.style, { left: `${100 * low}%`, width: `${100 * (high - low)}%` });
    brush.hidden = false;
  }
  function drop(event) {
    if (from === null) return;
    const [low, high] = [from, share(event)].sort((a, b) => a - b);
    from = null;
    if (dragged) {
      const { start, end } = views.roots[0].model.document.get_model_by_name("x");
      model.send({ brush: [low, high].map((at) => start + at * (end - start)) });
    } else if (!brush.hidden) {
      model.send({ brush: null });
    }
  }
  // What is brushed in one chart is so in its neighbours, and where a range has another scale.
  function mark() {
    const range = model.get("brush");
    if (from !== null || !views) return;
    brush.hidden = !range;
    if (!range) return;
    const { start, end } = views.roots[0].model.document.get_model_by_name("x");
    const [low, high] = range.map((at) => (at - start) / (end - start));
    Object.assign(brush.style, { left: `${100 * low}%`, width: `${100 * (high - low)}%` });
  }
  model.on("change:brush", mark);
  el.addEventListener("pointerdown", grab);
  el.addEventListener("pointermove", drag);
  el.addEventListener("pointerup", drop);
  el.addEventListener("pointermove", point);
  el.addEventListener("pointerleave", leave);
  el.addEventListener("click", click);
  leave();

  const look = () => {
    // A view is made first and put on the page a moment later.
    if (views && !dress(el, views)) requestAnimationFrame(look);
  };
  document.addEventListener("lt-look", look);

  async function apply(message) {
    const { figure, columns, spans, summary } = message;
    notes = message.notes;
    el.setAttribute("aria-label", summary);
    if (figure) {
      views?.clear();
      views = await Bokeh.embed.embed_item(figure, el);
      el.append(brush, cursor, tip);
      // For who takes a picture of it: nothing until the figure has found its size.
      el.drawing = () => {
        const [root] = views.roots, fits = Math.abs(root.bbox.width - el.clientWidth) < 2;
        return fits ? root.export("svg").ctx.get_svg() : null;
      };
      look();
      mark();
    } else if (views) {
      const { document } = views.roots[0].model;
      for (const [name, [start, end]] of Object.entries(spans)) document.get_model_by_name(name).setv({ start, end });
      for (const [name, data] of Object.entries(columns)) {
        document.get_model_by_name(name).data = Object.fromEntries(Object.entries(data).map(([k, v]) => [k, gaps(v)]));
      }
      if ("x" in spans) mark();
    }
  }

  // One after the other: a change belongs to the figure that was sent before it.
  const receive = (message) => (done = done.then(() => apply(message)).catch((error) => console.error(error)));
  model.on("msg:custom", receive);
  // A figure takes a while: it is asked for when there is room for it, not while its view is put away.
  const room = new ResizeObserver(() => {
    if (!el.clientWidth || !el.clientHeight) return;
    room.disconnect();
    model.send({ wants: "figure" });
  });
  room.observe(el);
  return async () => {
    room.disconnect();
    model.off("change:brush", mark);
    model.off("msg:custom", receive);
    document.removeEventListener("lt-look", look);
    await done;
    views?.clear();
  };
}

export default { render };

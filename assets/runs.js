// The table of runs: a row a run, kept as long as its run is there, so that the keyboard stays where it is.
// Whatever a run says of itself is set as text, never as HTML.

const HEADINGS = ["Compare", "Begun", "Settings", "Outcome", "Size", "Open or delete"];
const SHAPES = {
  square: "13,1.5 22,1.5 22,10.5 13,10.5",
  triangle: "17.5,.5 23,11 12,11",
  inverted_triangle: "17.5,11.5 23,1 12,1",
  diamond: "17.5,-.5 23,6 17.5,12.5 12,6",
  star: "17.5,-1 19.3,3.6 24,3.9 20.4,7 21.6,11.8 17.5,9.2 13.4,11.8 14.6,7 11,3.9 15.7,3.6",
};

function make(tag, style = "", text = "") {
  const element = document.createElement(tag);
  element.className = style;
  element.textContent = text;
  return element;
}

function draw(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// The line and the marker with which a run is drawn in the picture above.
function mark({ tone, dash, shape }) {
  const picture = draw("svg", { width: 35, height: 12, viewBox: "0 -1 35 14", "aria-hidden": "true" });
  const colour = `var(--lt-${tone})`, edge = { fill: colour, stroke: "var(--lt-page)" };
  picture.append(draw("line", { x1: 0, x2: 35, y1: 6, y2: 6, stroke: colour, "stroke-width": 2.2, "stroke-dasharray": dash.join(" ") }));
  picture.append(shape === "circle" ? draw("circle", { cx: 17.5, cy: 6, r: 5, ...edge }) : draw("polygon", { points: SHAPES[shape], ...edge }));
  return picture;
}

function render({ model, el }) {
  const problem = make("p", "lt-run-problem"), bar = make("div", "lt-run-deleted"), empty = make("p", "lt-run-empty");
  const scroller = make("div", "lt-run-rows"), table = make("table"), head = table.createTHead().insertRow(), body = table.createTBody();
  const deleted = make("span"), undo = make("button", "lt-undo", "Undo");
  const ask = (want, run = "") => model.send({ want, run });
  problem.setAttribute("role", "alert");
  bar.setAttribute("role", "status");
  undo.type = "button";
  undo.addEventListener("click", () => ask("undo"));
  bar.append(deleted, undo);
  table.prepend(make("caption", "lt-unseen", "Runs, newest first"));
  for (const heading of HEADINGS) {
    const cell = make("th");
    cell.scope = "col";
    cell.append(make("span", heading.startsWith("Open") ? "lt-unseen" : "", heading));
    head.append(cell);
  }
  scroller.append(table);
  el.append(problem, bar, empty, scroller);

  function button(name, style, want, run) {
    const made = make("button", style, name);
    made.type = "button";
    made.addEventListener("click", () => ask(want, run));
    return made;
  }

  function begin(name) {
    const row = make("tr"), tick = make("input", "lt-run-tick"), letter = make("b", "lt-run-letter");
    tick.type = "checkbox";
    tick.addEventListener("click", (event) => {
      event.preventDefault(); // ticked is what is compared, which is told from there
      ask("tick", name);
    });
    const label = make("label");
    label.append(tick, letter, make("span", "lt-run-mark"));
    const open = button("Open", "lt-run-open", "open", name), away = button("Delete", "lt-run-delete", "delete", name);
    const cells = [[label], [make("span"), make("i")], [make("span"), make("i")], [make("b"), make("i")], [make("span")], [open, away]];
    for (const content of cells) row.insertCell().append(...content);
    row.dataset.run = name;
    return row;
  }

  function fill(row, run) {
    const [compared, begun, settings, outcome, size, actions] = row.cells;
    const [tick, letter, picture] = compared.firstChild.children, [open, away] = actions.children;
    tick.checked = Boolean(run.letter);
    tick.disabled = !run.comparable;
    tick.setAttribute("aria-label", `Compare the run of ${run.when}`);
    letter.textContent = run.letter;
    letter.style.color = run.tone ? `var(--lt-${run.tone}-text)` : "";
    picture.replaceChildren(...(run.tone ? [mark(run)] : []));
    begun.children[0].textContent = run.when;
    begun.children[1].textContent = run.shown ? "on screen" : "";
    settings.children[0].textContent = run.settings;
    settings.children[1].textContent = run.short;
    settings.children[1].title = run.path;
    outcome.children[0].textContent = run.outcome ?? "…";
    outcome.children[0].title = run.outcome ?? "";
    outcome.children[1].textContent = run.status;
    size.firstChild.textContent = run.size;
    open.setAttribute("aria-label", `Open the run of ${run.when}`);
    open.disabled = run.shown || run.status === "damaged";
    away.setAttribute("aria-label", `Delete the run of ${run.when}`);
    row.setAttribute("aria-current", run.shown);
    row.dataset.status = run.status;
  }

  function show() {
    const rows = model.get("rows");
    const known = new Map([...body.rows].map((row) => [row.dataset.run, row]));
    const had = body.contains(document.activeElement);
    rows.forEach((run, place) => {
      const row = known.get(run.name) ?? begin(run.name);
      known.delete(run.name);
      fill(row, run);
      if (body.rows[place] !== row) body.insertBefore(row, body.rows[place] ?? null);
    });
    for (const row of known.values()) row.remove();
    empty.textContent = rows.length ? "" : model.get("empty");
    scroller.hidden = !rows.length;
    problem.textContent = model.get("said");
    deleted.textContent = model.get("deleted") ? `Deleted ${model.get("deleted")}.` : "";
    bar.hidden = !model.get("deleted");
    if (had && !body.contains(document.activeElement) && !bar.hidden) undo.focus();
  }

  model.on("change:rows change:empty change:said change:deleted", show);
  show();
  return () => model.off("change:rows change:empty change:said change:deleted", show);
}

export default { render };

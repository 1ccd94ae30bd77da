// The list of studies: the paper's figures, each with its sizes to choose from, or those that were begun.
// Rows are kept as long as what they show is there, so that the keyboard stays where it is; all is set as text.

function make(tag, style = "", text = "") {
  const element = document.createElement(tag);
  element.className = style;
  element.textContent = text;
  return element;
}

let groups = 0;

function render({ model, el }) {
  const group = `lt-studies-${groups++}`;
  const problem = make("p", "lt-run-problem"), empty = make("p", "lt-run-empty");
  const figures = make("ul", "lt-figure-list"), yours = make("ul", "lt-begun-list");
  const ask = (want, which) => model.send({ want, which });
  problem.setAttribute("role", "alert");
  figures.setAttribute("aria-label", "The paper's figures");
  yours.setAttribute("aria-label", "Studies that were begun, newest first");
  const heads = make("div", "lt-figure-heads"), columns = make("div", "lt-figure-head");
  columns.append(...["", "size", "what is trained", "network-iterations", "time here"].map((said) => make("span", "", said)));
  heads.append(make("span", "", "figure"), make("span"), columns);
  el.append(problem, empty, heads, figures, yours);

  // Bring a list's rows up to date: one for each record, known by its key.
  function fill(list, records, key, begin, update) {
    const known = new Map([...list.children].map((row) => [row.dataset.key, row]));
    records.forEach((record, place) => {
      const row = known.get(record[key]) ?? begin(record);
      known.delete(record[key]);
      row.dataset.key = record[key];
      update(row, record);
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    });
    for (const row of known.values()) row.remove();
  }

  function figure({ number, called, title, about, sizes }) {
    const row = make("li"), words = make("div", "lt-figure-words"), choice = make("div", "lt-figure-sizes");
    choice.setAttribute("role", "group");
    choice.setAttribute("aria-label", `Sizes of ${called}`);
    words.append(make("h3", "", title), make("p", "", about));
    for (const size of sizes) {
      const label = make("label"), radio = make("input");
      radio.type = "radio";
      radio.name = group;
      radio.value = size.name;
      radio.addEventListener("change", () => {
        model.set("chosen", size.name);
        model.save_changes();
      });
      label.append(radio, make("b", "", size.size), make("span", "", size.trains), make("span"), make("span"));
      choice.append(label);
    }
    row.append(make("span", "lt-figure-number", number), words, choice);
    return row;
  }

  function costs(row, { sizes }) {
    [...row.lastChild.children].forEach((label, place) => {
      const [radio, , , iterations, time] = label.children;
      radio.checked = sizes[place].name === model.get("chosen");
      iterations.textContent = sizes[place].iterations;
      time.textContent = sizes[place].time;
    });
  }

  function study({ path, called, when, title }) {
    const row = make("li"), words = make("div", "lt-figure-words"), stands = make("div", "lt-begun-stands");
    const open = make("button", "lt-study-open", "Open"), on = make("button", "lt-study-go-on", "Go on");
    for (const [button, want] of [[open, "open"], [on, "go on"]]) {
      button.type = "button";
      button.setAttribute("aria-label", `${button.textContent}: ${called}, begun ${when}`);
      button.addEventListener("click", () => ask(want, path));
    }
    words.append(make("h3", "", called), make("p", "", title));
    words.title = path;
    stands.append(make("b"), make("span"));
    row.append(make("span", "lt-begun-when", when), words, stands, on, open);
    return row;
  }

  function standing(row, { status, finished, unfinished, busy }) {
    const [, , stands, on] = row.children;
    stands.children[0].textContent = status;
    stands.children[1].textContent = finished;
    on.hidden = !unfinished;
    on.disabled = busy;
  }

  function show() {
    const begun = model.get("begun");
    fill(figures, model.get("figures"), "number", figure, costs);
    fill(yours, model.get("yours"), "path", study, standing);
    figures.hidden = heads.hidden = begun;
    yours.hidden = !begun;
    empty.textContent = begun && !model.get("yours").length ? model.get("empty") : "";
    problem.textContent = model.get("said");
  }

  const heard = "change:figures change:yours change:begun change:chosen change:empty change:said";
  model.on(heard, show);
  show();
  return () => model.off(heard, show);
}

export default { render };

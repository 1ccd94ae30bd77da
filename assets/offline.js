// Plays a recorded page back: the widgets' tree is built once, then every widget is shown as it was in a frame.
// A frame is a moment of the history, or after those a level as it ended.

const bytes = (letters) => Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
const packed = new Blob([bytes(document.getElementById("recording").textContent)]);
const recording = await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).json();
const { moments, levels, iterations, ways, stands, views, rooms, speeds, levelSeconds } = recording;
const VARIANTS = ["", "ticket", "random-reinit", "random-sparse"]; // in the order of the choice
const MEASURES = ["final", "early stop"]; // in the order of the switch

const values = recording.values.map((value) => (value?.bytes ? new DataView(bytes(value.bytes).buffer) : value));
const scripts = await Promise.all(
  recording.scripts.map(async (script) => {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    return (await import(address)).default;
  }),
);

// What the JavaScript of a widget takes for its model in Python.
class Model {
  constructor(said) {
    this.said = said;
    this.traits = {};
    this.listeners = [];
  }
  get(name) {
    return this.traits[name];
  }
  set(name, value) {
    this.traits[name] = value;
    this.tell(`change:${name}`);
  }
  save_changes() {}
  send(content) {
    queueMicrotask(() => this.said(content, this));
  }
  on(names, listener) {
    for (const name of names.split(" ")) this.listeners.push([name, listener]);
  }
  off(names, listener) {
    const gone = names.split(" ");
    this.listeners = this.listeners.filter(([name, one]) => one !== listener || !gone.includes(name));
  }
  tell(name, content) {
    for (const [known, listener] of [...this.listeners]) if (known === name) listener(content);
  }
}

// ---------- where one is, and how one looks

const last = moments.length + levels - 1; // the last level, as it ended
const here = { preview: null, frame: last, layer: 0, measure: 0, presents: "", playing: false, speed: 1 };
const replaying = () => here.frame < moments.length;
const levelOn = () => (replaying() ? moments[here.frame][0] : here.frame - moments.length);

function momentAt(level, iteration) {
  let found = 0;
  moments.forEach(([l, i], k) => (l < level || (l === level && i <= iteration)) && (found = k));
  return found;
}

function go(frame) {
  here.frame = Math.min(Math.max(frame, 0), last);
  show();
}

function goToLevel(level) {
  here.playing = false;
  if (level >= 0 && level < levels) go(replaying() ? momentAt(level, Infinity) : moments.length + level);
}

function seek(moment) {
  here.playing = false;
  go(momentAt(Math.floor(moment / iterations), moment % iterations));
}

function leave() {
  here.playing = false;
  go(last);
}

function walk(step) {
  if (!moments.length) return;
  here.playing = false;
  const from = replaying() ? here.frame : momentAt(levelOn(), Infinity);
  go(Math.min(Math.max(from + step, 0), moments.length - 1));
}

function play() {
  if (!moments.length) return;
  here.playing = !here.playing;
  if (here.playing && !replaying()) here.frame = levelOn() === levels - 1 ? 0 : momentAt(levelOn(), 0);
  let place = here.frame, since = performance.now();
  const perLevel = moments.length / levels, calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const advance = (now) => {
    if (!here.playing) return;
    place += (((now - since) / 1000) * here.speed * perLevel) / levelSeconds;
    since = now;
    if (place >= moments.length) return leave();
    const frame = calm ? momentAt(moments[Math.floor(place)][0], Infinity) : Math.floor(place);
    if (frame !== here.frame) go(frame);
    requestAnimationFrame(advance);
  };
  show();
  requestAnimationFrame(advance);
}

function present(view) {
  const room = rooms.findIndex((content) => content.includes(view));
  if (room >= 0) enter(room);
  here.presents = here.presents === view ? "" : view;
  page.model.set("presents", here.presents);
  show();
}

function theme() {
  page.model.set("theme", page.model.get("theme") === "dark" ? "light" : "dark");
}

function nextLayer() {
  const choice = document.querySelector(".lt-layer select");
  here.layer = choice.selectedIndex = (here.layer + 1) % choice.options.length;
  show();
}

function focus(variant) {
  const chosen = page.model.get("focus") === variant ? "" : variant;
  page.model.set("focus", chosen);
  document.querySelector(".lt-variant select").selectedIndex = VARIANTS.indexOf(chosen);
}

const drawer = () => document.querySelector(".lt-help-text").closest(".lt-drawer");
function help(open) {
  const isOpen = drawer().classList.toggle("lt-open", open);
  (isOpen ? drawer().querySelector("button") : document.querySelector(".lt-help")).focus();
}

function press(key) {
  if (key === " ") play();
  else if (key === "ArrowLeft" || key === "ArrowRight") goToLevel(levelOn() + (key === "ArrowRight" ? 1 : -1));
  else if (key === "," || key === ".") walk(key === "." ? 1 : -1);
  else if (key === "p") present(here.presents || "density");
  else if (key === "t") theme();
  else if (key === "v") focus(VARIANTS[(VARIANTS.indexOf(page.model.get("focus")) + 1) % VARIANTS.length]);
  else if (key === "l") nextLayer();
  else if (key === "?") help();
  else if (key === "Escape" && drawer().classList.contains("lt-open")) help(false);
  else if (key === "Escape" && here.presents) present(here.presents);
  else if (key === "Escape") leave();
  else if (/^\d$/.test(key)) present(Object.keys(views)[(Number(key) || 10) - 1]); // 0 is the tenth
}

// ---------- the widgets

const STYLES = {
  Box: "widget-box",
  HTML: "widget-inline-hbox widget-html",
  Button: "jupyter-button widget-button",
  Dropdown: "widget-inline-hbox widget-dropdown",
  ToggleButtons: "widget-inline-hbox widget-toggle-buttons",
  Text: "widget-inline-hbox widget-text",
  AnyWidget: "",
};
const PRESSED = {
  "lt-replay": play,
  "lt-back-to-live": leave,
  "lt-presenter": () => present(here.presents || "density"),
  "lt-theme": theme,
  "lt-help": () => help(),
  "lt-close": () => help(false),
};
const CHOSEN = {
  "lt-layer": (index) => (here.layer = index),
  "lt-measure": (index) => (here.measure = index),
  "lt-variant": (index) => page.model.set("focus", VARIANTS[index]),
  "lt-speed": (index) => (here.speed = speeds[index]),
  "lt-room": enter,
};

// The views under the charts, one room of them at a time.
function enter(room) {
  const contents = document.querySelectorAll(".lt-main > :is(.lt-weights, .lt-pair)");
  contents.forEach((content, k) => (content.style.display = k === room ? "" : "none"));
  const names = document.querySelectorAll(".lt-room button");
  names.forEach((name, k) => name.classList.toggle("mod-active", k === room));
  document.querySelector(".lt-main > .lt-heads > .lt-key").style.display = room ? "none" : "";
}

const named = (el, table) => table[Object.keys(table).find((name) => el.classList.contains(name))];

function choose(el, index) {
  named(el, CHOSEN)?.(index);
  show();
}

function made({ kind }) {
  const el = document.createElement(kind === "Button" ? "button" : "div");
  if (kind === "HTML") el.append(Object.assign(document.createElement("div"), { className: "widget-html-content" }));
  if (kind === "Button") el.addEventListener("click", () => named(el, PRESSED)?.());
  if (["Dropdown", "ToggleButtons", "Text"].includes(kind)) {
    const tag = { Dropdown: "select", ToggleButtons: "div", Text: "input" }[kind];
    const label = document.createElement("label"), field = document.createElement(tag);
    label.className = "widget-label";
    if (kind === "Text") Object.assign(field, { type: "text", disabled: true });
    if (kind === "Dropdown") field.addEventListener("change", () => choose(el, field.selectedIndex));
    el.append(label, field);
  }
  return el;
}

// What the JavaScript of a widget says to Python.
function said(widget, content) {
  if (content.wants) {
    widget.wanted = true;
    widget.model.tell("msg:custom", { figure: widget.figure, notes: [], summary: "" });
    widget.shown = {};
    show();
  } else if ("note" in content) {
    const notes = widget.notes ?? [], { note, click } = content;
    if (widget.el.closest(".lt-accuracy")) {
      if (click) here.playing = false;
      if (click) go(momentAt(levelOn(), notes[note][0]));
    } else if (widget.el.closest(".lt-density, .lt-overlap, .lt-timing, .lt-connectivity, .lt-supermask")) {
      here.preview = click ? null : note;
      if (click) goToLevel(note);
      show();
    }
  } else if ("level" in content) goToLevel(content.level);
  else if ("step" in content) walk(content.step);
  else if ("moment" in content) seek(content.moment);
  else if (content.key) press(content.key);
  else if (content.name) focus(content.name);
}

const widgets = recording.widgets.map((described) => {
  const widget = { ...described, el: made(described), shown: {} };
  if (described.kind === "AnyWidget") widget.model = new Model((content) => said(widget, content));
  return widget;
});
const page = widgets.find(({ model }) => model); // it comes first
widgets.forEach(({ el, children }) => el.append(...children.map((number) => widgets[number].el)));

const APPLY = {
  classes: ({ kind, el }, names) => {
    const own = [...el.classList].filter((name) => /^lt-(light|dark|presenting|open|playing)$/.test(name));
    el.className = ["jupyter-widgets", STYLES[kind], ...names, ...own].join(" ").trim();
  },
  hidden: ({ el }, hidden) => (el.style.display = hidden ? "none" : ""),
  description: ({ kind, el }, text) => ((kind === "Button" ? el : el.firstChild).textContent = text),
  disabled: ({ el }, disabled) => (el.disabled = disabled),
  tooltip: ({ el }, text) => (el.title = text ?? ""),
  value: ({ kind, el }, value) => (kind === "HTML" ? (el.firstChild.innerHTML = value) : (el.lastChild.value = value)),
  options: ({ kind, el }, options) => {
    const field = el.lastChild;
    if (kind === "Dropdown") return field.replaceChildren(...options.map((option) => new Option(option)));
    field.replaceChildren(
      ...options.map((option, index) => {
        const button = document.createElement("button");
        Object.assign(button, { className: "jupyter-button widget-toggle-button", textContent: option });
        button.addEventListener("click", () => choose(el, index));
        return button;
      }),
    );
  },
  index: ({ kind, el }, index) => {
    if (kind === "Dropdown") el.lastChild.selectedIndex = index;
    [...el.lastChild.children].forEach((child, k) => child.classList.toggle("mod-active", k === index));
  },
};

function apply(widget, changes) {
  if (widget.figure) {
    const { notes, summary } = Object.assign(widget, { notes: changes.notes ?? widget.notes, summary: changes.summary ?? widget.summary });
    const message = { spans: {}, columns: {}, notes: notes ?? [], summary: summary ?? "" };
    for (const [name, value] of Object.entries(changes)) {
      const [kind, ...rest] = name.split(" ");
      if (kind === "spans" || kind === "columns") message[kind][rest.join(" ")] = value;
    }
    if (widget.wanted) widget.model.tell("msg:custom", message);
  } else if (widget.model) {
    const own = Object.entries(changes).filter(([name]) => name in APPLY === false && !["theme", "presents", "focus"].includes(name));
    for (const [name, value] of own) widget.model.traits[name] = value;
    for (const [name] of own) widget.model.tell(`change:${name}`);
    if (own.length) widget.model.tell("change");
  }
  for (const name of ["classes", "hidden", ...(widget.model ? [] : ["description", "tooltip", "disabled", "value", "options", "index"])]) {
    if (name in changes) APPLY[name](widget, changes[name]);
  }
}

function show() {
  const frame = here.preview !== null && !replaying() ? moments.length + here.preview : here.frame;
  const way = ways.findIndex(([measure, presents]) => presents === (stands[here.presents] ?? "") && measure === MEASURES[here.measure]);
  const changed = new Map();
  for (const { widget: number, trait, by, changes } of recording.tracks) {
    const timeline = changes[by === "layer" ? here.layer : way] ?? changes[0]; // one for all where they are the same
    let low = 0, high = timeline.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (timeline[middle][0] <= frame) low = middle;
      else high = middle - 1;
    }
    const value = timeline[low][1], { shown } = widgets[number];
    if (shown[trait] === value) continue;
    shown[trait] = value;
    if (!changed.has(number)) changed.set(number, {});
    changed.get(number)[trait] = values[value];
  }
  for (const [number, changes] of changed) apply(widgets[number], changes);
  for (const { el } of widgets) if (el.classList.contains("lt-playback")) el.classList.toggle("lt-playing", here.playing);
}

document.body.append(widgets[0].el);
const wantsPictures = location.hash === "#pictures";
const dark = !wantsPictures && matchMedia("(prefers-color-scheme: dark)").matches;
page.model.traits = { theme: dark ? "dark" : "light", presents: "", focus: "" };
show();
document.querySelector(".lt-controls").after(document.getElementById("note").content);
if (wantsPictures) {
  widgets[0].el.style.height = "5000px"; // more than all rooms take at once
  document.querySelector(".lt-main > .lt-charts").style.height = "400px";
  for (const content of document.querySelectorAll(".lt-main > :is(.lt-weights, .lt-pair)")) content.style.display = "";
}
for (const field of document.querySelectorAll(":is(.lt-controls, .lt-replicate) :is(select, input)")) field.disabled = true;
for (const widget of widgets) {
  if (!widget.model) continue;
  const script = scripts[widget.script];
  script.initialize?.({ model: widget.model });
  script.render?.({ model: widget.model, el: widget.el });
}

// ---------- for who wants every view as a picture: they are posted to where the page came from

async function pictures() {
  const home = document.querySelector(".lt-explorer"), made = {};
  for (const [view, title] of Object.entries(views)) {
    for (const kind of ["svg", "png"]) {
      const file = await picture(home, view, title, kind), reader = new FileReader();
      reader.readAsDataURL(file);
      await new Promise((done) => (reader.onload = done));
      made[`${view}.${kind}`] = reader.result;
    }
  }
  return made;
}

if (wantsPictures) {
  const said = await pictures().catch(({ message }) => ({ problem: message }));
  await fetch("/", { method: "POST", body: JSON.stringify(said) });
}

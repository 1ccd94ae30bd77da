// A view as one picture: SVG with real lines and texts, or the same as PNG. Charts draw themselves, canvases become
// images, and every other text stands where the page has it. Python puts this before the scripts that take pictures.

const MARGIN = 16, FOOT = 11, DOTS = 2; // pixels; letters of the foot; dots that a PNG has for each pixel
const PATIENCE = 10_000; // milliseconds that a view may take to be drawn
const measuring = document.createElement("canvas").getContext("2d");

function node(tag, attributes, ...content) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

const isSeen = ({ width, height }) => width > 0 && height > 0;

// A line of text in a box as high as its letters.
function line(text, { left, top, height }, { fontFamily, fontSize, fontWeight, color }) {
  measuring.font = `${fontWeight} ${fontSize} ${fontFamily}`;
  const { width, fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = measuring.measureText(text);
  const letters = { "font-family": fontFamily, "font-size": fontSize, "font-weight": fontWeight, fill: color };
  const y = top + (height * above) / (above + below);
  return { box: { left, top, width, height }, drawn: node("text", { x: left, y, ...letters }, text) };
}

// The lines that the browser broke a text into, each with the place of its first word.
function broken(text) {
  const range = document.createRange(), lines = [];
  for (const { 0: word, index } of text.textContent.matchAll(/\S+/g)) {
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    const box = range.getBoundingClientRect(), last = lines.at(-1);
    if (last && box.top < last.box.bottom) last.words.push(word);
    else lines.push({ words: [word], box });
  }
  return lines;
}

function* texts(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const around = walker.currentNode.parentElement, style = getComputedStyle(around);
    if (around.closest(".lt-plot, select, label, button:not(.mod-active)") || style.visibility === "hidden") continue;
    for (const { words, box } of broken(walker.currentNode)) if (isSeen(box)) yield line(words.join(" "), box, style);
  }
}

// The keys of a legend: boxes of a colour, and lines.
function* keys(root) {
  for (const key of root.querySelectorAll("i")) {
    const box = key.getBoundingClientRect(), style = getComputedStyle(key);
    const fill = parseFloat(style.borderTopWidth) ? style.borderTopColor : style.backgroundColor;
    const { left: x, top: y, width, height } = box;
    if (isSeen(box) && fill !== "rgba(0, 0, 0, 0)") yield { box, drawn: node("rect", { x, y, width, height, fill }) };
  }
}

function* drawings(root) {
  for (const el of root.querySelectorAll(".lt-plot, .lt-heatmap")) {
    const box = el.getBoundingClientRect(), style = getComputedStyle(el), drawn = node("g", {});
    if (!isSeen(box) || style.visibility === "hidden") continue;
    const place = { x: box.left, y: box.top, width: box.width, height: box.height };
    const canvas = el.querySelector(":scope > canvas:not([hidden])");
    if (canvas) {
      const pixels = { href: canvas.toDataURL(), preserveAspectRatio: "none", style: "image-rendering: pixelated" };
      drawn.append(node("rect", { ...place, fill: style.backgroundColor }), node("image", { ...place, ...pixels }));
    } else if (el.drawing) {
      const chart = el.drawing() ?? node("g", {});
      for (const [name, value] of Object.entries(place)) chart.setAttribute(name, value);
      drawn.append(chart);
    }
    yield { box, drawn };
  }
}

// What was run, which level is on screen, and of a view of weights also which layer and replicate.
function source(home, view) {
  const choices = view.closest(".lt-weights") ? home.querySelectorAll(":is(.lt-layer, .lt-replicate) select") : [];
  const chosen = [...choices].map((choice) => choice.selectedOptions[0].text);
  const said = [home.querySelector(".lt-source span"), home.querySelector(".lt-level-scrubber [aria-checked=true]")];
  return [...said.map((el) => el?.title || el?.textContent), ...chosen].filter(Boolean).join(" · ");
}

// Returns a view of the page `home` as an SVG element. Throws an Error with a sentence where it is not on screen.
function draw(home, view, title) {
  const el = home.querySelector(`.lt-view.lt-${view}`);
  const names = el?.parentElement.matches(".lt-weights") ? el.parentElement.querySelectorAll(":scope > .lt-name") : [];
  el?.classList.add("lt-pictured"); // a table is drawn whole, wherever it is scrolled to
  const content = el ? [...drawings(el), ...keys(el), ...texts(el)] : [];
  el?.classList.remove("lt-pictured");
  if (!content.length) throw new Error(`${title} is not on screen just now; show it, then export it.`);
  const pieces = [...content, ...[...names].flatMap((name) => [...texts(name)])];

  const page = home.querySelector(".lt-page"), style = getComputedStyle(page), size = parseFloat(style.fontSize);
  const { fontFamily, color } = style, muted = style.getPropertyValue("--lt-muted").trim();
  const left = Math.min(...pieces.map(({ box }) => box.left)), top = Math.min(...pieces.map(({ box }) => box.top));
  if (![...el.querySelectorAll("h2")].some((head) => isSeen(head.getBoundingClientRect()))) {
    const letters = { fontFamily, color, fontWeight: "700", fontSize: `${1.15 * size}px` };
    pieces.push(line(title, { left, top: top - 2 * size, height: 1.5 * size }, letters));
  }
  const bottom = Math.max(...pieces.map(({ box }) => box.top + box.height));
  const letters = { fontFamily, color: muted, fontWeight: "400", fontSize: `${FOOT}px` };
  pieces.push(line(source(home, el), { left, top: bottom + FOOT, height: 1.3 * FOOT }, letters));

  const x = left - MARGIN, y = Math.min(...pieces.map(({ box }) => box.top)) - MARGIN;
  const width = Math.ceil(Math.max(...pieces.map(({ box }) => box.left + box.width)) - x + MARGIN);
  const height = Math.ceil(bottom + 2.3 * FOOT - y + MARGIN);
  const drawn = pieces.map((piece) => piece.drawn);
  const background = node("rect", { width, height, fill: style.backgroundColor });
  const moved = node("g", { transform: `translate(${-x} ${-y})` }, ...drawn);
  return node("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, node("title", {}, title), background, moved);
}

// Waits for a view that has just been brought on screen until its charts are drawn.
async function shown(home, view) {
  const el = home.querySelector(`.lt-view.lt-${view}`), until = performance.now() + PATIENCE;
  const isShown = (part) => isSeen(part.getBoundingClientRect());
  const parts = (kind) => [...el.querySelectorAll(kind)].filter(isShown);
  const isDrawn = () => parts("*").length && parts(".lt-plot").every((plot) => plot.drawing?.());
  while (el && !isDrawn() && performance.now() < until) await new Promise((done) => setTimeout(done, 20));
}

// Returns a view as a file: "svg" or "png". Throws like `draw`.
async function picture(home, view, title, kind) {
  await shown(home, view);
  const drawn = draw(home, view, title);
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(drawn)}\n`;
  const svg = new Blob([text], { type: "image/svg+xml" });
  if (kind === "svg") return svg;
  const image = new Image(), address = URL.createObjectURL(svg), canvas = document.createElement("canvas");
  image.src = address;
  await image.decode();
  canvas.width = DOTS * image.width;
  canvas.height = DOTS * image.height;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

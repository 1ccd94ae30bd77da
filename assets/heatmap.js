// Paints one grid of whole numbers on a canvas, in the ramp of its tone. Nothing here knows what the numbers mean.

const HUES = { ticket: 48, "random-reinit": 243, "random-sparse": 165, ink: 260 };
const FIRST = 24; // the palest entry for a value above zero; zero itself is the colour of the side, left clear

// OKLCH to sRGB (Ottosson 2020), so that the tones are equally light and can be compared.
function oklch(L, C, hue) {
  const a = C * Math.cos(hue), b = C * Math.sin(hue);
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.map((c) => {
    const x = Math.min(1, Math.max(0, c));
    return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055));
  });
}

function ramp(tone, dark) {
  const strength = tone === "ink" ? 0.008 : dark ? 0.145 : 0.15;
  return Array.from({ length: 256 }, (_, k) => {
    const t = k / 255;
    const chroma = strength * Math.sin(Math.PI * Math.min(0.93, 0.06 + 0.87 * t)) ** 0.85;
    return oklch(dark ? 0.235 + 0.7 * t : 0.975 - 0.6 * t, chroma, (HUES[tone] * Math.PI) / 180);
  });
}

function shade(value, darkest) {
  return Math.min(255, Math.round(FIRST + (255 - FIRST) * (value / darkest)));
}

// Averages the bits of a mask into at most `width` × `height` cells.
function averaged(bits, rows, columns, width, height) {
  const sums = new Float32Array(width * height), counts = new Float32Array(width * height);
  for (let r = 0, k = 0; r < rows; r++) {
    const y = Math.floor((r * height) / rows) * width;
    for (let c = 0; c < columns; c++, k++) {
      const cell = y + Math.floor((c * width) / columns);
      counts[cell]++;
      sums[cell] += (bits[k >> 3] >> (7 - (k & 7))) & 1;
    }
  }
  return sums.map((sum, cell) => sum / counts[cell]);
}

function bytes(view) {
  if (!view?.byteLength) return new Uint8Array();
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function render({ model, el }) {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  const waiting = document.createElement("div");
  waiting.className = "lt-waiting";
  const row = document.createElement("div"), column = document.createElement("div");
  row.className = "lt-row";
  column.className = "lt-column";
  el.classList.add("lt-heatmap");
  el.append(canvas, row, column, waiting);

  // The row and column under the pointer; told when they are others.
  let told = "null";
  function tell(cell) {
    if (JSON.stringify(cell) === told) return;
    told = JSON.stringify(cell);
    model.send({ cell });
  }
  const leave = () => tell(null);
  function point({ clientX, clientY }) {
    const rows = model.get("rows"), columns = model.get("columns"), box = canvas.getBoundingClientRect();
    const at = [((clientY - box.top) / box.height) * rows, ((clientX - box.left) / box.width) * columns].map(Math.floor);
    if (rows && at[0] >= 0 && at[0] < rows && at[1] >= 0 && at[1] < columns) tell(at);
    else leave();
  }
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerleave", leave);

  function show(line, number, count, start, size) {
    line.hidden = number < 0 || !count;
    line.style[start] = `${(100 * number) / count}%`;
    line.style[size] = `max(2px, ${100 / count}%)`;
  }

  function paint() {
    const rows = model.get("rows"), columns = model.get("columns");
    const empty = !rows;
    canvas.hidden = empty;
    waiting.hidden = !empty;
    waiting.textContent = model.get("waiting");
    canvas.setAttribute("aria-label", model.get("summary"));
    show(row, model.get("row"), rows, "top", "height");
    show(column, model.get("column"), columns, "left", "width");
    if (empty || !el.isConnected) return; // it is painted when it gets its room
    const raw = bytes(model.get("values"));
    let width = columns, height = rows, values, lit = null;
    if (model.get("bits")) {
      const box = el.getBoundingClientRect(), dots = window.devicePixelRatio || 1;
      width = Math.max(1, Math.min(columns, Math.round(box.width * dots)));
      height = Math.max(1, Math.min(rows, Math.round(box.height * dots)));
      values = averaged(raw, rows, columns, width, height);
      const chosen = bytes(model.get("lit"));
      if (chosen.length) lit = averaged(chosen, rows, columns, width, height);
    } else {
      values = new Uint16Array(raw.slice().buffer);
    }
    // A cell of few bits reaches full strength with its first ones, so that single weights are seen.
    const cell = (rows * columns) / (width * height);
    const darkest = model.get("bits") ? Math.max(model.get("darkest"), Math.min(1, 1.6 / cell)) : model.get("darkest");
    const colours = ramp(model.get("tone"), el.closest(".lt-dark") !== null);
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d"), image = context.createImageData(width, height);
    for (let k = 0; k < values.length; k++) {
      if (!(values[k] > 0)) continue;
      const opaque = !lit || lit[k] > 0 ? 255 : 50; // what is not chosen steps back
      image.data.set([...colours[shade(lit?.[k] || values[k], darkest)], opaque], 4 * k);
    }
    context.putImageData(image, 0, 0);
  }

  const sized = new ResizeObserver(paint);
  sized.observe(el);
  model.on("change", paint);
  document.addEventListener("lt-look", paint);
  paint();
  return () => {
    sized.disconnect();
    document.removeEventListener("lt-look", paint);
    model.off("change", paint);
  };
}

export default { render };

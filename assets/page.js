// The page's end of the pump: says when a frame is painted, how much room there is, and which key was pressed.
// Presence is not painting: a hidden page paints nothing and answers at once, so that its search goes on.

const LETTERS = { small: 11.5, middle: 12, large: 14, huge: 28 };
const SLIDE = 0.035; // letters of a presented view, as a share of its height, or of that of a 16:10 one as wide

// As in explorer.css.
function sizeOf({ width, height }) {
  if (width >= 2800) return "huge";
  if (width >= 1800 && height >= 1000) return "large";
  return width <= 1360 || height <= 820 ? "small" : "middle";
}

function afterPainting(done) {
  if (document.hidden) return done();
  // The first callback runs before this frame is painted, the second once it was.
  requestAnimationFrame(() => requestAnimationFrame(done));
}

// Voila gives up the connection when its page is left, a moment before the last frame may be painted.
let left = false;
const SEARCHING = "lt-searching"; // in the tab's own memory, which a reload leaves as it is
addEventListener("beforeunload", () => {
  left = true;
  const searches = "voila" in document.body.dataset && document.querySelector(".lt-status :is(.lt-is-running, .lt-is-paused)");
  if (searches) sessionStorage.setItem(SEARCHING, "");
});

function initialize({ model }) {
  const answer = ({ frame }) => frame && afterPainting(() => left || model.send({ painted: frame }));
  model.on("msg:custom", answer);
  // A link to this page may ask for settings.
  if ("voila" in document.body.dataset && location.search) model.send({ query: location.search });
  if (sessionStorage.getItem(SEARCHING) !== null) {
    sessionStorage.removeItem(SEARCHING);
    model.send({ returned: true });
  }
  return () => model.off("msg:custom", answer);
}

// What a person types into a field, or a button does with its own keys, is not for the page.
function taken({ target, key, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return true;
  if (key === "Escape") return false;
  if (target.closest?.("input:not([type=range], [type=checkbox], [type=radio]), select, textarea, [contenteditable=true]")) return true;
  if (target.closest?.("input[type=range], input[type=radio], [role=slider], [role=radiogroup]")) return key.startsWith("Arrow");
  if (key === " " && target.closest?.(".lt-drawer")) return true; // it scrolls
  return [" ", "Enter"].includes(key) && Boolean(target.closest?.("button, a, summary, input"));
}

const KEYS = new Set(["ArrowLeft", "ArrowRight", "Escape", " ", ",", ".", ..."ptsfrexlnv?0123456789"]);

function render({ model, el }) {
  el.style.display = "none";
  let home = null;
  const set = (name, value) => {
    if (model.get(name) === value) return;
    model.set(name, value);
    model.save_changes();
  };
  // Charts and heatmaps take their colours and letters from the style sheet when they hear of another look.
  const dress = () => {
    const { width, height } = home.getBoundingClientRect(), presents = model.get("presents");
    const size = home.classList.contains("lt-explorer") ? sizeOf({ width, height }) : "middle";
    home.classList.remove("lt-light", "lt-dark");
    home.classList.add(`lt-${model.get("theme")}`);
    home.classList.toggle("lt-presenting", Boolean(presents) && home.classList.contains("lt-explorer"));
    home.dataset.presents = presents;
    home.dataset.focus = model.get("focus");
    home.querySelector(".lt-status")?.setAttribute("role", "status");
    home.style.setProperty("--lt-letters", `${presents ? Math.round(SLIDE * Math.min(height, width / 1.6)) : LETTERS[size]}`);
    // A slider's handle takes its name from nowhere.
    for (const handle of home.querySelectorAll(".noUi-handle")) {
      handle.setAttribute("aria-label", handle.closest(".lt-field")?.querySelector("label")?.textContent ?? "");
    }
    document.dispatchEvent(new Event("lt-look"));
  };
  const room = new ResizeObserver(dress);
  const press = (event) => {
    const clicker = home.classList.contains("lt-talk") && ["PageUp", "PageDown"].includes(event.key);
    if (event.defaultPrevented || !(KEYS.has(event.key) || clicker) || taken(event)) return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has keys of its own
    if (event.key === "Escape") home.focus(); // what closes takes the keyboard with it
    model.send({ key: event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key });
  };
  const name = ({ target }) => {
    const variant = /lt-of-(\S+)/.exec(target.closest(".lt-name")?.className)?.[1];
    if (variant) model.send({ name: variant });
  };
  const less = window.matchMedia("(prefers-reduced-motion: reduce)");
  const calm = () => set("reduced", less.matches);
  let keyboard = null, wait;
  const begin = () => {
    // A view is made first and put on the page a moment later.
    if (!el.isConnected) return (wait = requestAnimationFrame(begin));
    home = el.closest(".lt-explorer, .lt-alone-page");
    if (!home) return;
    dress();
    calm();
    room.observe(home);
    less.addEventListener("change", calm);
    model.on("change:theme change:presents change:focus", dress);
    // Where the page is all there is, its keys need no focus.
    keyboard = "voila" in document.body.dataset ? document : home;
    if (keyboard === home) home.tabIndex = 0; // elsewhere a click must bring them here
    keyboard.addEventListener("keydown", press);
    home.addEventListener("click", name);
  };
  begin();
  return () => {
    cancelAnimationFrame(wait);
    room.disconnect();
    less.removeEventListener("change", calm);
    model.off("change:theme change:presents change:focus", dress);
    keyboard?.removeEventListener("keydown", press);
    home?.removeEventListener("click", name);
  };
}

export default { initialize, render };

// The page's end of the pump: says when a frame is painted, and how much room there is.
// Presence is not painting: a hidden page paints nothing and answers at once, so that its search goes on.

// As in explorer.css.
function sizeOf({ width, height }) {
  if (width >= 1800 && height >= 1000) return "large";
  return width <= 1360 || height <= 820 ? "small" : "middle";
}

function afterPainting(done) {
  if (document.hidden) return done();
  // The first callback runs before this frame is painted, the second once it was.
  requestAnimationFrame(() => requestAnimationFrame(done));
}

function initialize({ model }) {
  const answer = ({ frame }) => afterPainting(() => model.send({ painted: frame }));
  model.on("msg:custom", answer);
  return () => model.off("msg:custom", answer);
}

function render({ model, el }) {
  el.style.display = "none";
  const room = new ResizeObserver(([{ contentRect }]) => {
    const size = sizeOf(contentRect);
    if (!contentRect.width || model.get("size") === size) return;
    model.set("size", size);
    model.save_changes();
  });
  let wait;
  const begin = () => {
    // A view is made first and put on the page a moment later.
    if (!el.isConnected) wait = requestAnimationFrame(begin);
    else if (el.closest(".lt-explorer")) room.observe(el.closest(".lt-explorer"));
  };
  begin();
  return () => {
    cancelAnimationFrame(wait);
    room.disconnect();
  };
}

export default { initialize, render };

// The page's end of the pump: says when a frame is painted, and how large the page is.
// Presence is not painting: a hidden page paints nothing and answers at once, so that its search goes on.

const SIZES = [
  ["large", "(min-width: 1800px) and (min-height: 1000px)"],
  ["small", "(max-width: 1360px), (max-height: 820px)"],
];

function size() {
  const found = SIZES.find(([, query]) => window.matchMedia(query).matches);
  return found ? found[0] : "middle";
}

function afterPainting(done) {
  if (document.hidden) return done();
  // The first callback runs before this frame is painted, the second once it was.
  requestAnimationFrame(() => requestAnimationFrame(done));
}

export default {
  initialize({ model }) {
    const answer = ({ frame }) => afterPainting(() => model.send({ painted: frame }));
    const resized = () => {
      if (model.get("size") === size()) return;
      model.set("size", size());
      model.save_changes();
    };
    model.on("msg:custom", answer);
    window.addEventListener("resize", resized);
    resized();
    return () => {
      model.off("msg:custom", answer);
      window.removeEventListener("resize", resized);
    };
  },
  render({ el }) {
    el.style.display = "none";
  },
};

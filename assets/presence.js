// Answers the kernel's pings, and says so when they stop coming: without Python a page is only a picture.
// Presence is not painting: the answer comes from the message handler, which a hidden page runs too.

const PATIENCE = 3; // pings that may fail to come before the connection counts as lost
const LOST = "The connection to Python is lost. What was finished is kept in the run's folder; ";

function initialize({ model }) {
  let release;
  const answer = () => model.send({});
  model.on("msg:custom", answer);
  answer();
  // Chromium freezes pages that it takes for idle, but none that holds a lock.
  if (model.get("voila")) {
    navigator.locks?.request("lottery-explorer", { mode: "shared" }, () => new Promise((done) => (release = done)));
  }
  return () => {
    model.off("msg:custom", answer);
    release?.();
  };
}

function render({ model, el }) {
  const voila = model.get("voila");
  let missed = 0;
  el.setAttribute("role", "alert");

  const lose = () => (el.textContent = LOST + (voila ? "reload the page to go on." : "run the cell again to go on."));
  const hear = () => {
    missed = 0;
    el.textContent = "";
  };
  // Ticks are counted like pings, for a laptop that sleeps stops both. In Jupyter a kernel that runs a long cell is
  // silent too; there a restart is told by ipywidgets.
  const tick = () => ++missed > PATIENCE && lose();
  const clock = voila && setInterval(tick, 1000 * model.get("interval"));
  model.on("msg:custom", hear);
  model.on("comm_live_update", lose);
  return () => {
    clearInterval(clock);
    model.off("msg:custom", hear);
    model.off("comm_live_update", lose);
  };
}

export default { initialize, render };

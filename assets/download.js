// Saves files on the reader's machine: pictures, which are drawn here, and bytes, which Python sends piece by piece.

function save(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function render({ model, el }) {
  el.style.display = "none";
  let pieces = [];

  async function assembled(type) {
    const unpacked = new Blob(pieces).stream().pipeThrough(new DecompressionStream("gzip"));
    pieces = [];
    return new Blob([await new Response(unpacked).arrayBuffer()], { type });
  }

  // Every message is answered with its number: taken, or why it was not.
  async function receive({ message, piece, pieces: whole, name, type, view, title, kind }, buffers) {
    try {
      if (view) save(await picture(el.closest(".lt-explorer"), view, title, kind), name);
      else {
        if (piece === 0) pieces = [];
        pieces.push(buffers[0]);
        if (piece === whole - 1) save(await assembled(type), name);
      }
      model.send({ message });
    } catch (error) {
      model.send({ message, problem: error.message });
    }
  }

  model.on("msg:custom", receive);
  return () => model.off("msg:custom", receive);
}

export default { render };

// A link in a field of its own, which copies it; where the browser does not let it, it is there to be copied by hand.

function render({ model, el }) {
  const field = document.createElement("input"), copy = document.createElement("button"), said = document.createElement("p");
  Object.assign(field, { type: "text", readOnly: true, ariaLabel: "Link" });
  Object.assign(copy, { type: "button", className: "jupyter-button widget-button", textContent: "Copy" });
  said.setAttribute("role", "status");
  el.classList.add("lt-link");
  el.append(field, copy, said);

  function show() {
    const page = location.origin + location.pathname;
    field.value = "voila" in document.body.dataset ? `${page}?${model.get("query")}` : model.get("line");
    said.textContent = "";
  }

  async function put() {
    show();
    field.focus();
    field.select();
    field.scrollLeft = 0;
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = "Copied to the clipboard.";
    } catch {
      said.textContent = "This browser does not let a page copy; press Ctrl+C or ⌘C.";
    }
  }

  copy.addEventListener("click", put);
  model.on("change", show);
  model.on("msg:custom", put);
  show();
  return () => {
    model.off("change", show);
    model.off("msg:custom", put);
  };
}

export default { render };

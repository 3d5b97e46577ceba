"use strict";
// The page works without this: it sorts tables, and shows every dot of the run under the pointer.
const amount = (text) => {
  const found = /^[^\d+-]*([+-]?\d[\d,]*\.?\d*(?:e[+-]?\d+)?)/.exec(text.trim().replace("<", ""));
  return found ? Number(found[1].replaceAll(",", "")) : NaN;
};

function compared(one, other) {
  const [a, b] = [amount(one), amount(other)];
  if (Number.isNaN(a) || Number.isNaN(b)) {
    return Number.isNaN(a) - Number.isNaN(b) || one.localeCompare(other);
  }
  return a - b;
}

function sort(table, head, column) {
  const isUp = head.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  const text = (row) => row.cells[column].textContent;
  rows.sort((a, b) => (isUp ? 1 : -1) * compared(text(a), text(b)));
  table.tBodies[0].append(...rows);
}

for (const table of document.querySelectorAll("table")) {
  if (table.tBodies[0].rows.length < 2 || table.querySelector(".ruled, [colspan]")) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(table, head, column));
  });
}

for (const drawn of document.querySelectorAll(".drawn")) {
  const dots = [...drawn.querySelectorAll("circle")];
  if (!dots.length) continue;
  const which = document.createElement("p");
  which.className = "which small";
  which.textContent = "Point at a dot, or click it, for its run.";
  drawn.after(which);
  const show = (dot) => {
    for (const other of dots) other.classList.toggle("same", other.dataset.run === dot.dataset.run);
    which.textContent = dot.querySelector("title").textContent;
    const link = dot.closest("a");
    if (link) {
      const shown = document.createElement("a");
      shown.href = link.href.baseVal;
      shown.textContent = "open it in MLflow";
      which.append(". ", shown);
    }
  };
  for (const dot of dots) {
    for (const what of ["pointerenter", "click"]) dot.addEventListener(what, () => show(dot));
    dot.closest("a")?.addEventListener("focus", () => show(dot));
  }
}

"use strict";
// Sorting by a click on a header; without this script the tables stay as they are.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const headers = Array.from(table.tHead.rows[0].cells);
  const key = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (text === "") return null;
    const number = Number(text);
    return Number.isNaN(number) ? text : number;
  };
  // Numbers before texts, and what is empty last in either direction.
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return sign * (typeof a === "number" ? a - b : a.localeCompare(b));
  };
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    // The label alone becomes the button: notes beside it stay links, and protocols stay text.
    button.textContent = header.firstChild.textContent;
    header.replaceChild(button, header.firstChild);
    button.addEventListener("click", () => {
      const before = header.getAttribute("aria-sort");
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      if (before === "ascending") {
        body.append(...rows); // the third click gives the order of the run back
        return;
      }
      const direction = before === "descending" ? "ascending" : "descending";
      header.setAttribute("aria-sort", direction);
      const sign = direction === "ascending" ? 1 : -1;
      const sorted = rows.slice().sort((a, b) => compare(key(a, column), key(b, column), sign));
      body.append(...sorted);
    });
  });
}
// On paper nothing can be opened.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

// Elements are made one by one and text goes in as text: nothing in this widget is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  ask: "M6 3h9l4 4v14H6z M15 3v4h4 M9 12h7 M9 16h5",
  close: "M6 6l12 12 M18 6L6 18",
  clear: "M5 8a8 8 0 1 1-1 6 M4 4v5h5",
  send: "M4 12h14 M12 6l6 6-6 6",
  stop: "M7 7h10v10H7z",
  page: "M6 3h9l4 4v14H6z M9 11h7 M9 15h7",
  copy: "M9 9h11v11H9z M5 15H4V4h11v1",
  up: "M7 11v9H3v-9z M7 11l4-8c2 0 2.5 1.500 2 3l-.8 3H20l-1.8 11H7",
  down: "M17 13V4h4v9z M17 13l-4 8c-2 0-2.5-1.5-2-3l.8-3H4L5.8 4H17",
  done: "M5 12l5 5 9-10",
  alert: "M12 4l9 16H3z M12 10v4 M12 17v.5",
};

/** An element with attributes, listeners (`onclick` and the like) and children; a string is text. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A line drawing that says nothing to screen readers: its button has words. */
function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"]]) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon, words, or both; with `hidden: true` the words are for screen readers and as a tooltip. */
function button(kind, label, onclick, { glyph = null, hidden = false, ...attributes } = {}) {
  const words = make("span", { class: hidden ? "unseen" : "label" }, label);
  const extra = hidden ? { title: label } : {};
  return make("button", { type: "button", class: kind, onclick, ...extra, ...attributes }, glyph && icon(glyph), words);
}

/** Change the words of a button made above. */
function relabel(node, label) {
  node.querySelector(".label, .unseen").textContent = label;
}

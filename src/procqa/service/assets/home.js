// Search as you type on the demo page: a combobox over titles and aliases; without this script the form still finds.
(() => {
  "use strict";
  const input = document.getElementById("q");
  const list = document.getElementById("suggestions");
  const status = document.getElementById("suggested");
  const key = document.querySelector("procqa-widget").getAttribute("site-key");
  const PAUSE = 120;
  let timer = 0;
  let asked = 0;
  let active = -1;

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Pages");

  const show = (titles, typed) => {
    list.replaceChildren(...titles.map(option(typed)));
    list.hidden = titles.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    status.textContent = titles.length === 1 ? "1 page found." : `${titles.length} pages found.`;
    choose(-1);
  };

  const option = (typed) => (found, number) => {
    const item = document.createElement("li");
    item.id = `suggestion-${number}`;
    item.setAttribute("role", "option");
    item.dataset.url = found.url;
    const title = document.createElement("span");
    title.className = "suggestion-title";
    title.textContent = found.title;
    item.append(title);
    const first = typed.trim().toLowerCase();
    const alias = found.aliases.find((name) => name.toLowerCase().includes(first));
    const small = document.createElement("span");
    small.className = "suggestion-more";
    small.textContent = alias && !found.title.toLowerCase().includes(first) ? alias : found.specialty;
    item.append(small);
    return item;
  };

  const choose = (number) => {
    active = number;
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === number)));
    if (number >= 0) {
      input.setAttribute("aria-activedescendant", list.children[number].id);
      list.children[number].scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  };

  const hide = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  };

  const go = (item) => {
    const url = new URL(item.dataset.url, location.href);
    if (url.origin === location.origin) location.assign(url);
  };

  const find = async () => {
    const typed = input.value;
    const number = (asked += 1);
    if (!typed.trim()) {
      hide();
      status.textContent = "";
      return;
    }
    try {
      const headers = key ? { Authorization: `Bearer ${key}` } : {};
      const response = await fetch(`/v1/titles?q=${encodeURIComponent(typed)}`, { headers });
      if (!response.ok) return;
      const { titles } = await response.json();
      if (number === asked && document.activeElement === input) show(titles, typed);
    } catch {
      hide(); // the form still finds
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    const count = list.hidden ? 0 : list.children.length;
    if (event.key === "Escape" && count) {
      event.preventDefault();
      hide();
    } else if (event.key === "ArrowDown" && count) {
      event.preventDefault();
      choose((active + 1) % count);
    } else if (event.key === "ArrowUp" && count) {
      event.preventDefault();
      choose(active <= 0 ? count - 1 : active - 1);
    } else if (event.key === "Enter" && active >= 0 && count) {
      event.preventDefault();
      go(list.children[active]);
    }
  });
  list.addEventListener("mousedown", (event) => {
    event.preventDefault(); // the input keeps the focus
    const item = event.target.closest("[role=option]");
    if (item) go(item);
  });
  input.addEventListener("blur", hide);
})();

// A source: the line that names a page and its section, and the page opened in place at the quoted words.

let regions = 0;

/** { docId, title, section } as an element: the section, and the page it is part of. */
function placeName(place, words) {
  const section = place.section ? make("span", { class: "place-section" }, words.section(place.section)) : null;
  return make("span", { class: "place" }, section, make("bdi", { class: "place-title", lang: PAGE_LANGUAGE }, place.title));
}

/**
 * A button that opens a section in place below `after`, with the spans highlighted. `face` are the button's contents;
 * its label changes only when it has one. Nothing is fetched before the first opening.
 */
function sourceButton(kind, face, place, spans, context) {
  const { words, announce } = context;
  regions += 1;
  const region = make("div", { class: "excerpt", id: `excerpt-${regions}`, hidden: true });
  const control = make("button", { type: "button", class: kind, "aria-expanded": "false", "aria-controls": region.id }, ...face);
  const label = control.querySelector(".toggle");
  control.addEventListener("click", async () => {
    const opening = region.hidden;
    region.hidden = !opening;
    control.setAttribute("aria-expanded", String(opening));
    if (label) label.textContent = words.say(opening ? "hide_source" : "show_source");
    if (!opening) return;
    if (await fillExcerpt(region, place, spans, context)) announce(words.say("page_opened"));
    context.reveal(region.querySelector("mark") || region);
  });
  return [control, region];
}

/** Put a section into a region; false when it could not be had. */
async function fillExcerpt(region, place, spans, context) {
  const { words, service, announce } = context;
  region.replaceChildren(make("p", { class: "excerpt-note" }, words.say("loading_page")));
  try {
    const page = await service.page(place.docId);
    region.replaceChildren(...excerpt(page, place, spans, context));
    return true;
  } catch {
    const again = button("plain", words.say("retry"), () => fillExcerpt(region, place, spans, context));
    region.replaceChildren(make("p", { class: "excerpt-note" }, words.say("page_failed")), again);
    announce(words.say("page_failed"));
    return false;
  }
}

function excerpt(page, place, spans, { words, service }) {
  const text = String(page.text);
  const part = page.sections.find((section) => section.section === place.section && holds(text, section, spans)) || page.sections[0];
  const current = spans.every((span) => text.slice(span.start, span.end) === span.exact);
  const marks = current ? spans : [];
  const all = blocksOf(text, utf16Offset(text, part.start), utf16Offset(text, part.end));
  const shown = nearby(all, marks);
  const body = make("div", { class: "page-words", lang: PAGE_LANGUAGE, dir: "auto" }, ...renderBlocks(text, shown, marks));
  if (shown.length < all.length) {
    if (shown[0] !== all[0]) body.prepend(make("p", { class: "more" }, "…"));
    if (shown.at(-1) !== all.at(-1)) body.append(make("p", { class: "more" }, "…"));
  }
  const heading = make("p", { class: "excerpt-head", lang: PAGE_LANGUAGE }, make("bdi", { class: "excerpt-title" }, String(page.title)), make("bdi", { class: "excerpt-section" }, String(part.heading || part.section)));
  const away = make("a", { class: "away", href: service.link(place, marks), target: "_blank", rel: "noopener" }, words.say("open_page"), make("span", { class: "unseen" }, ` ${words.say("new_tab")}`));
  return [current ? null : make("p", { class: "excerpt-note" }, words.say("page_changed")), heading, body, away].filter(Boolean);
}

/** Whether the section holds the first span: a page may have two sections of one name. */
function holds(text, section, spans) {
  return !spans.length || (utf16Offset(text, section.start) <= spans[0].start && spans[0].start < utf16Offset(text, section.end));
}

// Page text as blocks: paragraphs and list items, found by the same signs as the service finds them.

const BULLET = /^[ \t]*(?:[-*•·◦▪‣●○–—]|(\d{1,3})[.)]|[a-z][.)])[ \t]+(?=\S)/;
const AFTER_BULLET = /(?:^|\n)[ \t]*(?:[-*•·◦▪‣●○–—]|(\d{1,3})[.)]|[a-z][.)])[ \t]+$/;
// Of a long section only the surroundings of the quoted words are shown in place, in UTF-16 units.
const LONGEST_EXCERPT = 2400;
const AROUND = 700;

/** [{ start, end, item, number }]: `item` tells a list item from a paragraph, `number` is that of a numbered one. */
function blocksOf(text, start, end) {
  const blocks = [];
  let open = null;
  let place = start;
  for (const raw of text.slice(start, end).split(/(?<=\n)/)) {
    const first = place;
    place += raw.length;
    if (!raw.trim()) {
      open = null;
      continue;
    }
    const last = first + raw.trimEnd().length;
    const depth = raw.length - raw.trimStart().length;
    const bullet = BULLET.exec(raw);
    const ended = open && (bullet || text[open.end - 1] === ":" || (open.item && depth <= open.depth));
    if (!open || ended) {
      const number = bullet?.[1] ? Number(bullet[1]) : null;
      open = { start: first + (bullet ? bullet[0].length : depth), end: last, item: Boolean(bullet), number, depth };
      blocks.push(open);
    } else {
      open.end = last;
    }
  }
  return blocks;
}

/** The blocks near the spans when all of them would be too long to show in place. */
function nearby(blocks, spans) {
  const length = blocks.length ? blocks.at(-1).end - blocks[0].start : 0;
  if (length <= LONGEST_EXCERPT) return blocks;
  const from = spans.length ? Math.min(...spans.map((span) => span.start)) - AROUND : blocks[0].start;
  const to = spans.length ? Math.max(...spans.map((span) => span.end)) + AROUND : from + 2 * AROUND;
  return blocks.filter((block) => block.end >= from && block.start <= to);
}

/** Paragraphs and lists as elements; the words within the spans stand in `mark`. */
function renderBlocks(text, blocks, spans) {
  return grouped(blocks.map((block) => ({ ...block, content: marked(text, block, spans) })));
}

/** [{ item, number, content: [nodes] }] as paragraphs and lists; items that follow each other are one list. */
function grouped(blocks) {
  const nodes = [];
  let list = null;
  for (const { item, number, content } of blocks) {
    if (!item) {
      list = null;
      nodes.push(make("p", {}, ...content));
      continue;
    }
    const kind = number === null ? "ul" : "ol";
    if (!list || list.localName !== kind) {
      list = make(kind, number === null || number === 1 ? {} : { start: number });
      nodes.push(list);
    }
    list.append(make("li", {}, ...content));
  }
  return nodes;
}

function marked(text, block, spans) {
  const nodes = [];
  let place = block.start;
  for (const span of spans) {
    const first = Math.max(span.start, place);
    const last = Math.min(span.end, block.end);
    if (first >= last) continue;
    if (first > place) nodes.push(text.slice(place, first));
    nodes.push(make("mark", {}, text.slice(first, last)));
    place = last;
  }
  if (place < block.end) nodes.push(text.slice(place, block.end));
  return nodes;
}

/** The spans of an answer as blocks: an item of a list is known by the bullet before it. */
function answerBlocks(spans) {
  const blocks = [];
  let before = null;
  for (const span of spans) {
    const bullet = AFTER_BULLET.exec(span.prefix);
    const gap = before && before.docId === span.docId ? span.start - before.end : -1;
    const between = gap >= 0 && gap <= span.prefix.length ? span.prefix.slice(span.prefix.length - gap) : "\n";
    if (!bullet && before && !between.trim() && !between.includes("\n")) {
      blocks.at(-1).content.push(" ", span.exact); // the next sentence of the same paragraph or item
    } else {
      blocks.push({ item: Boolean(bullet), number: bullet?.[1] ? Number(bullet[1]) : null, content: [span.exact] });
    }
    before = span;
  }
  return blocks;
}

/** UTF-16 offset of a code point of a text. */
function utf16Offset(text, codePoints) {
  let place = 0;
  for (let count = 0; count < codePoints && place < text.length; count += 1) {
    place += text.codePointAt(place) > 0xffff ? 2 : 1;
  }
  return place;
}

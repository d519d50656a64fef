// What a reply looks like: an answer as a slip of its page, a question back, or no answer with the nearest sections.

const SURE = 0.8;
const PROBABLE = 0.4;
const MOST_NEXT = 3;
// The sections that are asked about most, and the English words that the service is asked with.
const NEXT = {
  Preparation: "How do I prepare for {title}?",
  Duration: "How long does {title} take?",
  "Risks and Complications": "What are the risks of {title}?",
  Recovery: "How long is the recovery after {title}?",
  "Patient Experience": "What does {title} feel like?",
  Alternatives: "What are the alternatives to {title}?",
  Benefits: "What are the benefits of {title}?",
  Personnel: "Who is present at {title}?",
  Setting: "Where is {title} done?",
  "Procedure Description": "How is {title} done?",
};

function confidenceWord(confidence) {
  if (confidence >= SURE) return "high";
  return confidence >= PROBABLE ? "middle" : "low";
}

/** The elements of a reply, best first. */
function replyView(turn, context) {
  const { reply } = turn;
  if (reply.status === "needs_clarification") return clarification(turn, context);
  if (reply.status === "abstained" || !reply.answers.length) return abstention(turn, context);
  const [best, ...others] = reply.answers;
  const parts = [slip(best, context)];
  if (turn.followed) parts.push(make("p", { class: "aside" }, context.words.say("from_history")));
  if (others.length) parts.push(further(context.words.say("also"), others, context));
  parts.push(feedback(turn, context));
  return parts;
}

/** What is said aloud, once, when a reply arrives. */
function replyAloud(reply, words) {
  if (reply.status === "needs_clarification") return words.say("which");
  if (!reply.answers.length || reply.status === "abstained") return words.say(reasonKey(reply.reason, words));
  const [{ spans }] = reply.answers;
  const text = spans.map((span) => span.exact).join("; ");
  return words.say("answer_said", { text, title: spans[0].title, section: words.section(spans[0].section) });
}

function reasonKey(reason, words) {
  return reason && words.has(reason) ? reason : "no_relevant_content";
}

/** An answer: its words, the place they come from, how sure, and what can be done with it. */
function slip(answer, context) {
  const { words } = context;
  const [first] = answer.spans;
  const said = make("blockquote", { class: "page-words said", lang: PAGE_LANGUAGE, dir: "auto" }, ...grouped(answerBlocks(answer.spans)));
  const from = make("p", { class: "from" }, make("span", { class: "unseen" }, `${words.say("from")} `), placeName(first, words));
  const [show, region] = sourceButton("plain", [icon("page"), make("span", { class: "toggle" }, words.say("show_source"))], first, answer.spans, context);
  const actions = make("div", { class: "actions" }, show, copyButton(answer, context));
  return make("div", { class: "slip" }, said, from, meter(answer.confidence, words), actions, region);
}

function meter(confidence, words) {
  const level = confidenceWord(confidence);
  const bars = make("span", { class: "bars", "aria-hidden": "true" }, make("i"), make("i"), make("i"));
  return make("p", { class: `sure sure-${level}` }, bars, make("span", { class: "sure-words" }, words.say(`confidence_${level}`)));
}

function further(title, answers, context) {
  const items = answers.map((answer) => make("li", {}, slip(answer, context)));
  return make("details", { class: "further" }, make("summary", {}, `${title} (${answers.length})`), make("ul", { class: "bare" }, ...items));
}

function copyButton({ spans }, { words, service, announce }) {
  const control = button("plain", words.say("copy"), async () => {
    const done = await copy(citedText(spans, service));
    relabel(control, words.say(done ? "copied" : "copy_failed"));
    announce(words.say(done ? "copied" : "copy_failed"));
    setTimeout(() => relabel(control, words.say("copy")), 2500);
  }, { glyph: "copy" });
  return control;
}

/** The verbatim words with the page, the section and the address that opens it. */
function citedText(spans, service) {
  const [place] = spans;
  const lines = answerBlocks(spans).map(({ item, content }) => `${item ? "• " : ""}${content.join("")}`);
  return `${lines.join("\n")}\n\n— ${place.title}, ${place.section}\n${service.link(place, spans)}`;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not a secure page, or not permitted
  }
}

function clarification(turn, context) {
  const { words, ask } = context;
  const choices = turn.reply.options.map((place) => {
    const name = make("bdi", { lang: PAGE_LANGUAGE }, place.title);
    const again = () => ask({ shown: place.title, asked: `${turn.asked} (${place.title})`, filters: { doc_id: [place.docId] } });
    return make("li", {}, make("button", { type: "button", class: "choice", onclick: again }, name));
  });
  const parts = [make("p", { class: "lead" }, words.say("which")), make("ul", { class: "bare choices" }, ...choices)];
  if (turn.reply.answers.length) parts.push(further(words.say("also_pages"), turn.reply.answers, context));
  return parts;
}

function abstention(turn, context) {
  const { words } = context;
  const parts = [make("p", { class: "lead" }, words.say(reasonKey(turn.reply.reason, words)))];
  if (turn.reply.reason !== "not_a_question") parts.push(make("p", { class: "aside" }, words.say("rather_none")));
  if (turn.reply.nearest.length) {
    const items = turn.reply.nearest.map((place) => make("li", {}, ...sourceButton("choice", [placeName(place, words)], place, [], context)));
    parts.push(make("h4", { class: "hint" }, words.say("nearest")), make("ul", { class: "bare choices" }, ...items));
  }
  parts.push(feedback(turn, context));
  return parts;
}

/** Questions about the sections that a page has, other than those already asked: [{ shown, asked, filters }]. */
async function nextQuestions(place, done, { words, service }) {
  const page = await service.page(place.docId);
  const has = new Set(page.sections.map((section) => section.section));
  return Object.keys(NEXT)
    .filter((section) => has.has(section) && !done.has(section))
    .slice(0, MOST_NEXT)
    .map((section) => sectionQuestion(section, place, words));
}

function sectionQuestion(section, { docId, title }, words) {
  return { shown: words.say(`ask_${section}`), asked: NEXT[section].replace("{title}", () => title), filters: { doc_id: [docId], section: [section] } };
}

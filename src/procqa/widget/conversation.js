// The turns of a conversation: each is asked, waits, and ends in a reply or in trouble with words of its own.

// Earlier questions sent along, so that a follow-up keeps its subject.
const MOST_HISTORY = 8;
const STARTERS = ["Recovery", "Preparation", "Risks and Complications"];
const MOST_LISTED = 100;

class Conversation {
  /** `context` is what views share: words, service, announce, reveal. `onbusy(busy)` tells the composer. */
  constructor(context, memory, onbusy) {
    this.context = { ...context, ask: (question) => this.ask(question), changed: () => this.keep() };
    this.memory = memory;
    this.onbusy = onbusy;
    this.stopper = null;
    this.open = false;
    this.list = make("ol", { class: "bare turns" });
    this.greeting = make("div", { class: "greeting" });
    this.views = new Map();
    this.turns = [];
  }

  /** Show the turns that this tab remembers; one that was under way can be asked again. Returns whether it was open. */
  restore() {
    const { open, turns } = this.memory.recall();
    this.open = open;
    this.turns = turns.map((turn) => (turn.state === "waiting" ? { ...turn, state: "failed", trouble: { kind: "interrupted", seconds: 0 } } : turn));
    for (const turn of this.turns) this.append(turn);
    this.greet();
    if (this.turns.length) this.suggest(this.turns.at(-1));
    return open;
  }

  keep() {
    this.memory.keep(this.open, this.turns);
  }

  get busy() {
    return this.stopper !== null;
  }

  /** Ask { shown, asked, filters }: what the reader sees, what the service is asked, and where alone it looks. */
  ask({ shown, asked, filters = null }) {
    if (this.busy) return;
    const turn = { shown, asked, filters, state: "waiting", reply: null, trouble: null, rating: null };
    this.list.querySelector(".next")?.remove();
    this.turns.push(turn);
    this.append(turn);
    this.greet();
    this.pursue(turn);
  }

  stop() {
    this.stopper?.abort();
  }

  clear() {
    this.stop();
    this.turns = [];
    this.views.clear();
    this.list.replaceChildren();
    this.context.service.forget();
    this.memory.forget();
    this.greet();
    this.keep();
    this.context.announce(this.context.words.say("cleared"));
  }

  append(turn) {
    const { words } = this.context;
    const reply = make("div", { class: "reply" });
    const asked = make("h3", { class: "asked" }, make("span", { class: "unseen" }, `${words.say("you_asked")} `), make("bdi", {}, turn.shown));
    this.views.set(turn, reply);
    this.list.append(make("li", { class: "turn" }, asked, reply));
    this.show(turn);
  }

  /** Draw the reply of a turn as its state has it. */
  show(turn) {
    const views = { waiting: waitingView, done: replyView, failed: (failed, context) => troubleView(failed, context, () => this.retry(failed)) };
    const draw = Object.hasOwn(views, turn.state) ? views[turn.state] : views.failed;
    this.views.get(turn).replaceChildren(...draw(turn, this.context));
  }

  async pursue(turn) {
    const { service, announce, words } = this.context;
    const stopper = new AbortController();
    this.stopper = stopper;
    this.onbusy(true);
    Object.assign(turn, { state: "waiting", trouble: null });
    this.show(turn);
    this.keep();
    this.context.reveal(this.views.get(turn).parentNode, "start");
    const tell = (key) => {
      this.views.get(turn)?.querySelector(".waiting-words")?.replaceChildren(words.say(key));
      announce(words.say(key));
    };
    announce(words.say("waiting"));
    const slow = setTimeout(tell, SLOW_AFTER, "slow");
    try {
      turn.reply = await service.ask(this.body(turn), stopper.signal, tell);
      turn.state = "done";
      turn.followed = !turn.filters && this.earlier(turn).some((other) => other.reply.about?.docId === turn.reply.about?.docId);
    } catch (error) {
      Object.assign(turn, { state: "failed", trouble: { kind: error.kind, seconds: error.seconds } });
    } finally {
      clearTimeout(slow);
    }
    if (this.stopper === stopper) {
      this.stopper = null;
      this.onbusy(false);
    }
    if (this.views.has(turn)) this.settle(turn); // else it was cleared meanwhile
  }

  settle(turn) {
    const { announce, words, reveal } = this.context;
    this.show(turn);
    this.keep();
    announce(turn.state === "done" ? replyAloud(turn.reply, words) : words.say(turn.trouble.kind));
    reveal(this.views.get(turn).parentNode, "start");
    if (turn.state === "done") this.suggest(turn);
    if (turn.trouble?.kind === "offline") addEventListener("online", () => this.retry(turn), { once: true });
  }

  retry(turn) {
    if (this.busy || turn.state !== "failed" || !this.views.has(turn)) return;
    this.pursue(turn);
  }

  /** The turns before one that were replied to. */
  earlier(turn) {
    return this.turns.slice(0, this.turns.indexOf(turn)).filter((other) => other.state === "done");
  }

  body(turn) {
    const body = { question: turn.asked, history: this.earlier(turn).slice(-MOST_HISTORY).map((other) => other.asked) };
    if (turn.filters) body.filters = turn.filters;
    return body;
  }

  /** Below the last answer: what else its page tells. */
  async suggest(turn) {
    const { about, answers } = turn.reply || {};
    if (turn.state !== "done" || turn.reply.status !== "answered") return;
    const place = about || answers[0].spans[0];
    const same = this.turns.filter((other) => other.reply?.about?.docId === place.docId);
    const done = new Set(same.map((other) => other.reply.about.section));
    try {
      const questions = await nextQuestions(place, done, this.context);
      if (turn === this.turns.at(-1) && questions.length) this.views.get(turn).append(suggestions("next", questions, this.context));
    } catch {
      // Suggestions are a kindness: without them the answer stands.
    }
  }

  /** Before the first question: what this is, and questions about pages that exist. */
  greet() {
    this.greeting.hidden = this.turns.length > 0;
    if (this.greeting.hidden || this.greeting.childElementCount) return;
    const { words } = this.context;
    this.greeting.append(make("p", { class: "greeting-ask" }, words.say("greeting")), make("p", { class: "greeting-more" }, words.say("greeting_more")));
  }

  /** Once, when the panel is first seen: fetch pages to suggest questions about. */
  async prepare() {
    if (this.prepared || this.greeting.hidden) return;
    this.prepared = true;
    const { words, service } = this.context;
    try {
      const { documents } = await service.request(`v1/documents?limit=${MOST_LISTED}`);
      const questions = starters(documents, words);
      if (questions.length) this.greeting.append(suggestions("try", questions, this.context));
    } catch {
      this.prepared = false; // perhaps at the next opening
    }
  }
}

function waitingView(turn, { words }) {
  const dots = make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i"));
  return [make("p", { class: "waiting" }, dots, make("span", { class: "waiting-words" }, words.say("waiting")))];
}

/** What went wrong, in words of its own, and a way on. */
function troubleView(turn, { words }, retry) {
  const { kind, seconds } = turn.trouble || { kind: "broken", seconds: 0 };
  const again = button("plain", words.say("retry"), retry, { glyph: "clear" });
  const told = make("p", {}, words.say(words.has(kind) ? kind : "broken"));
  if (kind === "limited" && seconds) countDown(seconds, told, again, words);
  return [make("div", { class: "trouble" }, icon("alert"), make("div", {}, told, again))];
}

function countDown(seconds, told, again, words) {
  const left = make("span", {}, ` ${words.say("limited_for", { n: seconds })}`);
  told.append(left);
  again.disabled = true;
  let remaining = seconds;
  const timer = setInterval(() => {
    remaining -= 1;
    left.textContent = remaining > 0 ? ` ${words.say("limited_for", { n: remaining })}` : "";
    if (remaining > 0 && told.isConnected) return;
    clearInterval(timer);
    again.disabled = false;
  }, 1000);
}

function suggestions(key, questions, { words, ask }) {
  const items = questions.map((question) => {
    const title = question.title && make("bdi", { class: "chip-title", lang: PAGE_LANGUAGE }, question.title);
    return make("li", {}, make("button", { type: "button", class: "chip", onclick: () => ask(question) }, make("span", {}, question.label || question.shown), title || null));
  });
  return make("div", { class: key === "next" ? "next" : "starters" }, make(key === "next" ? "h4" : "h3", { class: "hint" }, words.say(key)), make("ul", { class: "bare chips" }, ...items));
}

/** A question about each of a few pages with short titles, from different folders of the corpus. */
function starters(documents, words) {
  const chosen = [];
  const folders = new Set();
  for (const page of [...documents].sort((a, b) => a.title.length - b.title.length)) {
    const folder = page.doc_id.split("/")[0];
    const section = STARTERS.find((name) => page.sections.includes(name) && !chosen.some((other) => other.section === name));
    if (!section || folders.has(folder)) continue;
    folders.add(folder);
    const question = sectionQuestion(section, { docId: page.doc_id, title: page.title }, words);
    chosen.push({ ...question, label: question.shown, title: page.title, section, shown: `${question.shown} (${page.title})` });
  }
  return chosen;
}

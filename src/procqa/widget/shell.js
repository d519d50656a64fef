// The frame around the conversation: launcher and dialog, inline panel or full page; composer, shortcut, focus, theme.

const LONGEST_QUESTION = 3500;
const SAID_FOR = 6_000;
const MODES = new Set(["launcher", "panel", "page"]);

class ProcqaWidget extends HTMLElement {
  connectedCallback() {
    if (!this.shadowRoot) this.build();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    document.addEventListener("keydown", (event) => this.shortcut(event), { signal });
    this.narrow.addEventListener("change", () => this.refit(), { signal });
    this.darkness.addEventListener("change", () => this.paint(), { signal });
    new IntersectionObserver((seen, watch) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      this.conversation.prepare();
    }).observe(this.panel);
  }

  disconnectedCallback() {
    this.leaving.abort();
  }

  /** An option by its attribute, or else by the data- attribute of the script that brought the widget. */
  option(name) {
    return this.getAttribute(name) ?? SCRIPT?.getAttribute(`data-${name}`) ?? null;
  }

  build() {
    const mode = this.option("mode");
    this.mode = MODES.has(mode) ? mode : "launcher";
    this.base = new URL(this.option("server") ?? ".", SCRIPT?.src || location.href).href.replace(/\/?$/, "/");
    this.words = new Words([this.option("lang") || "", document.documentElement.lang, ...navigator.languages], this.ownWords());
    this.narrow = matchMedia("(max-width: 30em), (max-height: 30em)");
    this.darkness = matchMedia("(prefers-color-scheme: dark)");
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const context = {
      words: this.words,
      service: new Service(this.base, this.option("site-key")),
      announce: (text) => this.announce(text),
      reveal: (node, where) => this.reveal(node, where),
    };
    this.conversation = new Conversation(context, new Memory(this.base), (busy) => this.setBusy(busy));
    this.draw(root);
    this.paint();
    const wasOpen = this.conversation.restore();
    if (this.mode === "launcher" && wasOpen) this.open({ focus: false });
    if (this.conversation.turns.length) requestAnimationFrame(() => this.log.scrollTo({ top: this.log.scrollHeight }));
  }

  ownWords() {
    let own = {};
    try {
      own = JSON.parse(this.option("strings") || "{}");
    } catch {
      console.warn("procqa: data-strings is not JSON; the shipped words are used.");
    }
    const emergency = this.option("emergency");
    return emergency === null ? own : { ...own, emergency };
  }

  draw(root) {
    const { words } = this;
    this.status = make("div", { class: "unseen", role: "status" });
    this.log = make("div", { class: "log", role: "region", "aria-label": words.say("conversation"), tabindex: "0" }, this.conversation.greeting, this.conversation.list);
    const inside = [this.status, this.header(), this.log, this.composer(), this.footer()];
    if (this.mode === "launcher") {
      this.launcher = button("launcher", words.say("launch"), () => this.toggle(), { glyph: "ask", "aria-haspopup": "dialog", "aria-expanded": "false" });
      this.panel = make("dialog", { class: "panel", "aria-labelledby": "heading", onclose: () => this.closed(), onkeydown: (event) => this.escape(event) }, ...inside);
    } else {
      this.panel = make("section", { class: "panel", "aria-labelledby": "heading" }, ...inside);
    }
    this.frame = make("div", { class: `frame ${this.mode}-mode`, lang: words.language, dir: words.direction }, this.launcher, this.panel);
    for (const kind of ["keydown", "keyup", "keypress"]) this.frame.addEventListener(kind, keepFromSite);
    root.append(this.frame);
  }

  header() {
    const { words } = this;
    const clear = button("round", words.say("clear"), () => (this.conversation.clear(), this.input.focus()), { glyph: "clear", hidden: true });
    const close = this.mode === "launcher" && button("round", words.say("close"), () => this.close(), { glyph: "close", hidden: true });
    const named = make("div", { class: "named" }, make("h2", { id: "heading" }, words.say("title")), make("p", { class: "subtitle" }, words.say("subtitle")));
    return make("header", { class: "head" }, make("span", { class: "seal" }, icon("ask")), named, clear, close || null);
  }

  composer() {
    const { words } = this;
    this.input = make("textarea", {
      class: "input", rows: "1", maxlength: LONGEST_QUESTION, placeholder: words.say("placeholder"), "aria-label": words.say("question"),
      dir: "auto", autocomplete: "off", enterkeyhint: "send", onkeydown: (event) => this.enter(event),
    });
    this.sender = button("send", words.say("send"), () => this.submit(), { glyph: "send", hidden: true });
    this.stopper = button("send", words.say("stop"), () => (this.conversation.stop(), this.input.focus()), { glyph: "stop", hidden: true });
    this.stopper.hidden = true;
    return make("div", { class: "composer" }, this.input, this.sender, this.stopper);
  }

  footer() {
    const { words } = this;
    const phone = (this.option("emergency-phone") || "").replace(/[^\d+*#]/g, "");
    const line = words.say("emergency");
    const emergency = phone ? make("a", { href: `tel:${phone}` }, line) : line;
    return make("footer", { class: "foot" }, make("p", {}, words.say("notice")), make("p", { class: "emergency" }, emergency));
  }

  /** Open the panel, or in the other modes go to its input. */
  open({ focus = true } = {}) {
    if (this.mode === "launcher" && !this.panel.open) {
      this.cameFrom = focus ? document.activeElement : null;
      if (this.narrow.matches && focus) this.panel.showModal();
      else this.panel.show();
      this.launcher.setAttribute("aria-expanded", "true");
      this.frame.classList.add("opened");
      this.conversation.open = true;
      this.conversation.keep();
      if (!focus) this.panel.contains(this.shadowRoot.activeElement) && this.shadowRoot.activeElement.blur();
    }
    if (focus) this.input.focus();
  }

  close() {
    if (this.mode === "launcher") this.panel.close();
  }

  /** Ask a question as if it had been typed. */
  ask(question) {
    const text = String(question).trim().slice(0, LONGEST_QUESTION);
    this.open();
    if (text) this.conversation.ask({ shown: text, asked: text });
  }

  toggle() {
    if (this.panel.open) this.close();
    else this.open();
  }

  closed() {
    if (this.refitting) return;
    this.launcher.setAttribute("aria-expanded", "false");
    this.frame.classList.remove("opened");
    this.conversation.open = false;
    this.conversation.keep();
    // The focus goes back to where it was; the launcher is where it was when the launcher was used.
    if (this.cameFrom && this.cameFrom !== this && this.cameFrom !== document.body && this.cameFrom.isConnected) this.cameFrom.focus();
    else this.launcher.focus();
  }

  /** Between narrow and wide the dialog changes from modal to not, keeping the focus. */
  refit() {
    if (this.mode !== "launcher" || !this.panel.open) return;
    const focused = this.shadowRoot.activeElement;
    this.refitting = true;
    this.panel.addEventListener("close", () => (this.refitting = false), { once: true });
    this.panel.close();
    if (this.narrow.matches) this.panel.showModal();
    else this.panel.show();
    focused?.focus();
  }

  escape(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    this.close();
  }

  enter(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  submit() {
    const text = this.input.value.trim();
    if (this.conversation.busy) return;
    if (text) {
      this.input.value = "";
      this.conversation.ask({ shown: text, asked: text });
    }
    this.input.focus();
  }

  setBusy(busy) {
    const moved = [this.sender, this.stopper].includes(this.shadowRoot.activeElement);
    this.sender.hidden = busy;
    this.stopper.hidden = !busy;
    if (moved) this.input.focus(); // a hidden button would lose it
  }

  /** Alt+Q unless the site has set another key of the form "Alt+K", "Control+/" or "none". */
  shortcut(event) {
    const wanted = (this.option("shortcut") || "Alt+Q").toLowerCase().split("+");
    const key = wanted.pop();
    const held = ["alt", "control", "meta", "shift"].filter((name) => event[`${name === "control" ? "ctrl" : name}Key`]);
    // On a Mac, Alt changes the letter that is typed; its place on the keyboard stays.
    const pressed = event.key?.toLowerCase() === key || event.code === `Key${key.toUpperCase()}`;
    if (key === "none" || !pressed || held.sort().join() !== wanted.sort().join()) return;
    event.preventDefault();
    if (this.mode === "launcher") this.toggle();
    else this.open();
  }

  paint() {
    const theme = this.option("theme");
    this.frame.classList.toggle("dark", theme === "dark" || (theme !== "light" && this.darkness.matches));
  }

  announce(text) {
    this.status.textContent = text;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => (this.status.textContent = ""), SAID_FOR);
  }

  /** Scroll the log, and never the site around it, until a node is in sight. */
  reveal(node, where = "nearest") {
    // In a very low window it is the whole panel that scrolls.
    const scroller = getComputedStyle(this.log).overflowY === "visible" ? this.panel : this.log;
    const log = scroller.getBoundingClientRect();
    const box = node.getBoundingClientRect();
    let by = box.top - log.top - 8;
    // No further than needed, so that the answer stays in sight with the page that opens below it.
    if (where === "nearest" && by > 0) by = Math.min(by, Math.max(0, box.bottom - log.bottom + log.height / 6));
    if (where === "nearest" && by === 0) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    scroller.scrollBy({ top: by, behavior: calm ? "instant" : "smooth" });
  }
}

/** What is typed here is not for the shortcuts of the site, which sees only the widget as its target. */
function keepFromSite(event) {
  const typing = event.composedPath()[0].matches?.("textarea, input");
  if (typing && !event.altKey && !event.ctrlKey && !event.metaKey) event.stopPropagation();
}

/** Bring the widget onto the page, unless the site has placed it itself. */
function start() {
  if (!customElements.get("procqa-widget")) customElements.define("procqa-widget", ProcqaWidget);
  if (!document.querySelector("procqa-widget")) document.body.append(document.createElement("procqa-widget"));
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
else start();

// The way to the service: one request function, problems told as kinds that the interface has words for.

const TIMEOUT = 30_000;
const SLOW_AFTER = 4_000;
const PAUSES = [1_000, 2_000, 4_000, 8_000]; // before asking again; a server restart is over within them

/** A request that failed; `kind` is a key of the words, `seconds` how long to wait before another try. */
class Trouble extends Error {
  constructor(kind, seconds = 0) {
    super(kind);
    this.kind = kind;
    this.seconds = seconds;
  }
}

const KIND_OF_STATUS = { 400: "invalid", 401: "refused", 403: "refused", 404: "missing", 413: "invalid", 422: "invalid", 429: "limited", 503: "starting" };

class Service {
  constructor(base, key) {
    this.base = base;
    this.key = key;
    this.pages = new Map();
  }

  /** The JSON of an address; throws Trouble. A stopped request throws the kind "stopped". */
  async request(path, { body, stop } = {}) {
    const control = new AbortController();
    const timer = setTimeout(() => control.abort("timeout"), TIMEOUT);
    const stopping = () => control.abort("stopped");
    stop?.addEventListener("abort", stopping, { once: true });
    const headers = {};
    if (body) headers["Content-Type"] = "application/json";
    if (this.key) headers.Authorization = `Bearer ${this.key}`;
    const method = body ? "POST" : "GET";
    try {
      if (stop?.aborted) throw new Trouble("stopped");
      const options = { method, headers, body: body && JSON.stringify(body), signal: control.signal };
      const response = await fetch(new URL(path, this.base), { ...options, credentials: "omit", referrerPolicy: "no-referrer" });
      if (!response.ok) throw new Trouble(KIND_OF_STATUS[response.status] || "broken", waitTold(response));
      return response.status === 204 ? {} : await response.json();
    } catch (error) {
      if (error instanceof Trouble) throw error;
      if (control.signal.aborted) throw new Trouble(control.signal.reason);
      if (error instanceof SyntaxError) throw new Trouble("broken");
      throw new Trouble(navigator.onLine ? "network" : "offline");
    } finally {
      clearTimeout(timer);
      stop?.removeEventListener("abort", stopping);
    }
  }

  /** Ask; a lost connection or a service that is starting is tried again, and told to `onpause` each time. */
  async ask(body, stop, onpause) {
    for (let tries = 0; ; tries += 1) {
      try {
        return readReply(await this.request("v1/ask", { body, stop }));
      } catch (error) {
        if (!(error instanceof Trouble)) throw new Trouble("broken");
        if (!["network", "starting"].includes(error.kind) || tries === PAUSES.length) throw error;
        onpause(error.kind === "network" ? "reconnecting" : "warming");
        await pause(Math.max(PAUSES[tries], Math.min(error.seconds, 10) * 1000), stop);
      }
    }
  }

  /** A whole page, asked for once. */
  page(docId) {
    if (!this.pages.has(docId)) {
      const asked = this.request(`v1/${pagePath({ docId }, [])}`).catch((error) => {
        this.pages.delete(docId);
        throw error;
      });
      this.pages.set(docId, asked);
    }
    return this.pages.get(docId);
  }

  forget() {
    this.pages.clear();
  }

  /** The address that opens a page, at the spans if there are any. */
  link(place, spans) {
    return new URL(pagePath(place, spans), this.base).href;
  }
}

/** The path that opens a page, with the words from the first to the last of these spans highlighted if there are any. */
function pagePath({ docId }, spans) {
  const path = `documents/${docId.split("/").map(encodeURIComponent).join("/")}`;
  if (!spans.length) return path;
  const [first, last] = [spans[0].first, spans.at(-1).last];
  return `${path}?start=${first}&end=${last}#c${first}-${last}`;
}

function waitTold(response) {
  const seconds = Number.parseInt(response.headers.get("Retry-After") || "", 10);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 600) : 0;
}

function pause(milliseconds, stop) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    stop?.addEventListener("abort", () => (clearTimeout(timer), reject(new Trouble("stopped"))), { once: true });
  });
}

/** What the interface needs of a reply, and no more; throws Trouble where it does not have the promised form. */
function readReply(data) {
  try {
    const cited = new Map(data.citations.map((item) => [String(item.id), readCitation(item)]));
    const answers = data.answers.map((answer) => {
      const spans = answer.spans.map((span) => {
        const citation = cited.get(String(span.citation));
        if (!citation) throw new TypeError("a span without its citation");
        return citation;
      });
      if (!spans.length) throw new TypeError("an answer without words");
      return { confidence: Number(answer.confidence), spans };
    });
    const about = data.interpreted_as;
    const reply = {
      id: String(data.id),
      status: String(data.status),
      answers,
      about: about && readPlace(about),
      reason: data.abstention ? String(data.abstention.reason) : null,
      nearest: data.abstention ? data.abstention.nearest.map(readPlace) : [],
      options: data.clarification ? data.clarification.options.map(readPlace) : [],
    };
    if (reply.status === "answered" && !answers.length) throw new TypeError("answered without an answer");
    return reply;
  } catch {
    throw new Trouble("broken");
  }
}

function readPlace({ doc_id: docId, title, section }) {
  return { docId: String(docId), title: String(title), section: section ? String(section) : "" };
}

function readCitation(item) {
  const [start, end] = item.utf16.map(Number);
  const { exact, prefix } = item.quote;
  // `first` and `last` count code points, as addresses of the service do; `start` and `end` UTF-16 units, as this language.
  const [first, last] = [Number(item.start), Number(item.end)];
  return { ...readPlace(item), first, last, start, end, exact: String(exact), prefix: String(prefix) };
}

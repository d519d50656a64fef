// The conversation of this tab: sessionStorage outlives a reload, and ends with the tab.

const FORM = 1;
const MOST_TURNS = 100;

class Memory {
  constructor(base) {
    this.name = `procqa:${base}`;
  }

  /** { open, turns } as last kept; nothing when the browser forbids storage or another version wrote it. */
  recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.name));
      if (kept?.form === FORM && Array.isArray(kept.turns)) return { open: kept.open === true, turns: kept.turns.filter(isTurn) };
    } catch {
      // A browser without storage has a conversation that ends with the page.
    }
    return { open: false, turns: [] };
  }

  keep(open, turns) {
    try {
      sessionStorage.setItem(this.name, JSON.stringify({ form: FORM, open, turns: turns.slice(-MOST_TURNS) }));
    } catch {
      this.forget(); // full: better none than half a conversation
    }
  }

  forget() {
    try {
      sessionStorage.removeItem(this.name);
    } catch {
      // As above.
    }
  }
}

function isTurn(turn) {
  return typeof turn?.shown === "string" && typeof turn.asked === "string" && typeof turn.state === "string";
}

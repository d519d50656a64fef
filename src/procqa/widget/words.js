// All words of the interface come from one table (STRINGS: key, then language), which a site can override.

const RIGHT_TO_LEFT = new Set(["ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"]);
// The pages are English; verbatim words are marked so, whatever the language of the interface.
const PAGE_LANGUAGE = "en";

/** The words of one language. `given` are a site's own words: { key: "words" }, for any language. */
class Words {
  constructor(wanted, given = {}) {
    const shipped = new Set(Object.keys(STRINGS.launch));
    const codes = wanted.map((code) => code.toLowerCase().split("-")[0]).filter(Boolean);
    // A language that a site brings its own words for need not be one of the shipped ones.
    const own = Object.keys(given).length > 0 ? codes[0] : undefined;
    this.language = codes.find((code) => shipped.has(code) || code === own) || PAGE_LANGUAGE;
    this.direction = RIGHT_TO_LEFT.has(this.language) ? "rtl" : "ltr";
    this.given = given;
  }

  has(key) {
    return typeof this.given[key] === "string" || Object.hasOwn(STRINGS, key);
  }

  /** The words for a key, with {names} filled in. */
  say(key, values = {}) {
    const own = this.given[key];
    const words = typeof own === "string" ? own : STRINGS[key][this.language] || STRINGS[key][PAGE_LANGUAGE];
    return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  }

  /** A section's name in the reader's language, or as the page has it. */
  section(name) {
    return this.has(name) ? this.say(name) : name;
  }
}

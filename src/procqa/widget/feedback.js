// Thumbs, with a reason for a thumb down. A service without a feedback door is told so plainly.

const REASONS = ["wrong_procedure", "not_an_answer", "incomplete", "hard_to_understand", "outdated", "other"];
const REASONS_AGAINST_NONE = ["should_have_answered", "hard_to_understand", "other"];
const LONGEST_COMMENT = 1000;

/** The row below an answer; `turn.rating` is kept with the conversation. */
function feedback(turn, context) {
  const asked = context.words.say(turn.reply.answers.length ? "helpful" : "helpful_none");
  const row = make("div", { class: "feedback", role: "group", "aria-label": asked });
  if (turn.rating) row.append(note(context.words.say("thanks")));
  else row.append(make("span", { class: "feedback-ask" }, asked), ...thumbs(row, turn, context));
  return row;
}

function thumbs(row, turn, context) {
  const { words } = context;
  const up = button("round", words.say("yes"), () => rate(row, turn, { rating: "up" }, context), { glyph: "up", hidden: true });
  const down = button("round", words.say("no"), () => {
    const form = reasons(row, turn, context);
    row.replaceChildren(form);
    form.querySelector("input").focus();
  }, { glyph: "down", hidden: true });
  return [up, down];
}

function reasons(row, turn, context) {
  const { words } = context;
  const offered = turn.reply.answers.length ? REASONS : REASONS_AGAINST_NONE;
  const choices = offered.map((reason) =>
    make("label", { class: "reason" }, make("input", { type: "radio", name: "reason", value: reason, required: true }), make("span", {}, words.say(reason))));
  const comment = make("textarea", { class: "comment", name: "comment", rows: 2, maxlength: LONGEST_COMMENT });
  const send = (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    const said = given.get("comment").trim();
    rate(row, turn, { rating: "down", reason: given.get("reason"), ...(said ? { comment: said } : {}) }, context);
  };
  return make("form", { class: "reasons", onsubmit: send },
    make("fieldset", {}, make("legend", {}, words.say("reason")), ...choices),
    make("label", { class: "comment-label" }, words.say("comment"), comment),
    make("button", { type: "submit", class: "filled" }, words.say("send_feedback")));
}

async function rate(row, turn, given, context) {
  const { words, service, announce, changed } = context;
  const say = (key) => {
    const told = note(words.say(key));
    row.replaceChildren(told);
    announce(words.say(key));
    told.focus(); // what had the focus is gone
    return told;
  };
  try {
    await service.request("v1/feedback", { body: { id: turn.reply.id, ...given } });
    turn.rating = given.rating;
    changed();
    say("thanks");
  } catch (error) {
    if (error.kind === "missing") say("no_feedback");
    else say("feedback_failed").append(" ", button("plain", words.say("retry"), () => rate(row, turn, given, context)));
  }
}

function note(text) {
  return make("p", { class: "aside", tabindex: "-1" }, text);
}

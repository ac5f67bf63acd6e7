// The overlay: counters, a countdown, a goal, a leaderboard, and moments one after the other.
import { Numbers } from "./stream.js";
import { bigNumbers, keepCountdown, said, shownCount } from "./words.js";

const EVERY = 1000; // each thousandth entry is a moment
const SHOWN_MS = 6000;
const last = {};
const waiting = [];
const goal = document.getElementById("goal");

function setText(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}

function showNext() {
  const place = document.getElementById("moment");
  if (!place || place.dataset.busy || waiting.length === 0) return;
  place.dataset.busy = "yes";
  setText(place, waiting.shift());
  setTimeout(() => {
    setText(place, "");
    delete place.dataset.busy;
    showNext();
  }, SHOWN_MS);
}

function notice(name, value) {
  const before = last[name];
  last[name] = value;
  if (before === undefined) return;
  if (name === "orders" && before === 0 && value > 0) waiting.push(said("first_order"));
  if (name === "entries" && Math.floor(value / EVERY) > Math.floor(before / EVERY)) {
    waiting.push(said("nth_entry", { count: shownCount(Math.floor(value / EVERY) * EVERY) }));
  }
  showNext();
}

function show(found) {
  for (const [name, value] of Object.entries(bigNumbers(found))) {
    for (const place of document.querySelectorAll(`[data-number="${name}"]`)) setText(place, typeof value === "string" ? value : shownCount(value));
    if (typeof value === "number") notice(name, value);
    if (goal && name === document.body.dataset.goalOf) goal.value = value;
  }
}

const numbers = new Numbers(document.body.dataset.stream, {
  campaign: (answer) => show({ windows: answer.windows }),
  influencer: (answer) => answer && show({ windows: answer.influencer.windows }),
  giveaway: (answer) => show({ giveaway: answer.giveaway }),
  board(answer) {
    const list = document.getElementById("board");
    if (!list) return;
    list.replaceChildren(
      ...answer.places.slice(0, 5).map((each) => {
        const row = document.createElement("li");
        const name = document.createElement("bdi");
        name.textContent = each.handle || each.influencer_id;
        const value = document.createElement("span");
        value.className = "value";
        value.textContent = shownCount(each.value);
        row.append(name, " ", value);
        return row;
      }),
    );
  },
});
keepCountdown(() => numbers.now());

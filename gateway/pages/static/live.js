// The live page: what the server rendered is kept current. Texts are set as text, never as markup.
import { Chart } from "./chart.js";
import { Numbers } from "./stream.js";
import { bigNumbers, keepCountdown, localTimes, said, shownCount, shownMinute, shownShare, shownRule } from "./words.js";

const isStill = matchMedia("(prefers-reduced-motion: reduce)");
const chart = new Chart(document.getElementById("chart"));
const shown = new Map();
const firstPlaces = new Map();

function element(name, text = "", classes = "") {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

function timeElement(ms) {
  const made = element("time", shownMinute(ms));
  made.dateTime = new Date(ms).toISOString();
  return made;
}

function setText(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}

// A number rolls from what is shown to what is true within half a second.
function roll(name, value) {
  const place = document.querySelector(`[data-number="${name}"]`);
  if (!place) return;
  if (typeof value === "string") return setText(place, value);
  const from = shown.get(name);
  shown.set(name, value);
  if (from === undefined || from === value || isStill.matches || document.hidden) return setText(place, shownCount(value));
  const began = performance.now();
  const step = (now) => {
    if (shown.get(name) !== value) return;
    const part = Math.min(1, (now - began) / 450);
    setText(place, shownCount(Math.round(from + (value - from) * part)));
    if (part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

function showNumbers(found) {
  for (const [name, value] of Object.entries(bigNumbers(found))) roll(name, value);
}

function showPhase(card) {
  const place = document.getElementById("phase");
  place.dataset.phase = card.phase;
  setText(place, said(`phase_${card.phase}`));
}

function showMood(windows) {
  const mood = windows?.["1h"]?.sentiment;
  const bar = document.getElementById("mood-bar");
  bar.toggleAttribute("hidden", !mood);
  if (!mood) return setText(document.getElementById("mood-text"), said("no_mood"));
  const shares = { positive: mood.positive_share, neutral: mood.neutral_share, negative: mood.negative_share };
  let x = 0;
  for (const [name, share] of Object.entries(shares)) {
    const part = bar.querySelector(`.${name}`);
    part.setAttribute("x", (100 * x).toFixed(1));
    part.setAttribute("width", (100 * share).toFixed(1));
    x += share;
  }
  const words = Object.entries(shares).map(([name, share]) => `${shownShare(share)} ${said(name)}`);
  setText(document.getElementById("mood-text"), `${said("mood_of", { count: shownCount(mood.sample_size) })}: ${words.join(", ")}`);
}

function showWords(answer) {
  for (const name of ["positive", "negative"]) {
    const place = document.getElementById(`words-${name}`);
    if (!place) continue;
    const made = answer[name].flatMap((each) => {
      const word = element("span", "", "word");
      word.append(element("bdi", each.word), " ", element("small", shownCount(each.people)));
      return [word, " "];
    });
    place.replaceChildren(...(made.length ? made : ["–"]));
  }
}

function boardRow(id) {
  const row = element("tr");
  row.dataset.id = id;
  const rank = element("td", "", "rank");
  rank.append(element("span", "", "place"), element("span", "", "move"));
  const head = element("th");
  head.scope = "row";
  const bar = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  bar.setAttribute("class", "bar");
  bar.setAttribute("viewBox", "0 0 100 1");
  bar.setAttribute("preserveAspectRatio", "none");
  bar.setAttribute("aria-hidden", "true");
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  rect.setAttribute("height", "1");
  bar.append(rect);
  head.append(element("bdi"), bar);
  row.append(rank, head, element("td", "", "value"), element("td", "", "wide comments"), element("td", "", "dot"));
  return row;
}

function moodWord(net) {
  if (net == null) return "";
  return net > 0.1 ? "positive" : net < -0.1 ? "negative" : "neutral";
}

function showMove(place, id, now) {
  const first = firstPlaces.get(id) ?? now;
  firstPlaces.set(id, first);
  const move = place.querySelector(".move");
  const steps = first - now;
  move.dataset.move = steps > 0 ? "up" : steps < 0 ? "down" : "";
  const text = steps === 0 ? "" : `${steps > 0 ? "▲" : "▼"}${Math.abs(steps)}`;
  if (move.textContent === text) return;
  move.textContent = text;
  move.title = steps === 0 ? "" : said(steps > 0 ? "up" : "down", { count: Math.abs(steps) });
}

// Rows are kept by influencer; they move from where they were (first, last, invert, play).
function showBoard(answer) {
  const body = document.getElementById("board");
  if (!body) return;
  const rows = new Map([...body.children].map((row) => [row.dataset.id, row]));
  const before = new Map([...rows].map(([id, row]) => [id, row.getBoundingClientRect().top]));
  const most = Math.max(1, ...answer.places.map((each) => each.value));
  const order = answer.places.map((each) => {
    const row = rows.get(each.influencer_id) ?? boardRow(each.influencer_id);
    setText(row.querySelector(".place"), String(each.place));
    setText(row.querySelector("bdi"), each.handle || each.influencer_id);
    row.querySelector("rect").setAttribute("width", ((100 * each.value) / most).toFixed(1));
    setText(row.querySelector(".value"), shownCount(each.value));
    setText(row.querySelector(".comments"), shownCount(each.comments));
    const dot = row.querySelector(".dot");
    dot.dataset.mood = moodWord(each.net_sentiment);
    const net = each.net_sentiment == null ? null : Math.round(100 * each.net_sentiment);
    setText(dot, net == null ? "–" : net === 0 ? "0" : `${net < 0 ? "-" : "+"}${Math.abs(net)}`);
    showMove(row, each.influencer_id, each.place);
    return row;
  });
  const isSame = order.length === body.children.length && order.every((row, place) => body.children[place] === row);
  if (isSame) return;
  body.replaceChildren(...order);
  if (isStill.matches) return;
  for (const row of order) {
    const from = before.get(row.dataset.id);
    const by = from === undefined ? 0 : from - row.getBoundingClientRect().top;
    if (by) row.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], { duration: 350, easing: "ease-out" });
  }
}

function showAlerts(answer) {
  const list = document.getElementById("alerts");
  const rows = answer.alerts.map((each) => {
    const row = element("li");
    row.dataset.severity = each.severity;
    if (each.severity === "critical") row.append(element("strong", said("urgent")), " ");
    const small = element("small");
    small.append(timeElement(each.opened_at_ms));
    row.append(element("bdi", each.explanation), " ", small);
    return row;
  });
  list.replaceChildren(...rows);
  document.getElementById("no-alerts").hidden = rows.length > 0;
}

function showMinutes(answer) {
  chart.show(answer);
  document.getElementById("no-minutes").hidden = answer.minutes.length > 0;
  const rows = answer.minutes.slice(-30).reverse().map((each) => {
    const row = element("tr");
    const head = element("th");
    head.scope = "row";
    head.append(timeElement(each.start_ms));
    row.append(head);
    for (const value of [each.engagements, each.comments, each.entries, each.purchases]) row.append(element("td", shownCount(value ?? 0)));
    return row;
  });
  document.getElementById("minutes-table").replaceChildren(...rows);
  const first = answer.minutes.slice(-30)[0]?.start_ms ?? 0;
  const moments = answer.moments.filter((each) => each.at_ms >= first).map((each) => {
    const row = element("li");
    row.append(timeElement(each.at_ms), ` ${said(`moment_${each.kind}`)}`);
    if (each.label) row.append(": ", element("bdi", each.kind === "alert" ? shownRule(each.label) : each.label));
    return row;
  });
  document.getElementById("moments").replaceChildren(...moments);
}

localTimes();
const numbers = new Numbers(document.body.dataset.stream, {
  campaign(answer) {
    showPhase(answer.campaign);
    showNumbers({ windows: answer.windows });
    showMood(answer.windows);
  },
  influencer(answer) {
    if (!answer) return;
    showPhase(answer.campaign);
    showNumbers({ windows: answer.influencer.windows });
    showMood(answer.influencer.windows);
  },
  giveaway(answer) {
    showNumbers({ giveaway: answer.giveaway });
  },
  board: showBoard,
  words: showWords,
  alerts: showAlerts,
  minutes: showMinutes,
});
keepCountdown(() => numbers.now());

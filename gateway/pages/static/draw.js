// Verifies a draw from its published files, in this browser alone: SHA-256 and HMAC by WebCrypto (docs/giveaway.md).
import { said } from "./words.js";

const base = document.body.dataset.draw;
const text = new TextEncoder();
const hex = (bytes) => [...new Uint8Array(bytes)].map((each) => each.toString(16).padStart(2, "0")).join("");
const sha256 = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));

async function published(name) {
  const answer = await fetch(`${base}/${name}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.arrayBuffer();
}

const json = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

function readList(bytes) {
  const lines = new TextDecoder().decode(bytes).split("\n");
  if (lines.pop() !== "") throw new Error("entries.txt: its last line does not end");
  const ends = [];
  let total = 0;
  for (const line of lines) {
    const parts = line.match(/^([0-9a-f]{32}) ([1-9][0-9]*)$/);
    if (!parts) throw new Error(`entries.txt: ${line}`);
    total += Number(parts[2]);
    ends.push([total, parts[1]]);
  }
  return { lines: lines.length, total, ends };
}

function whoseLot(ends, lot) {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lot < ends[middle][0]) high = middle;
    else low = middle + 1;
  }
  return ends[low][1];
}

// Yields entrants in the order of the draw: n = the first 15 digits of an HMAC; what would favour a lot is skipped.
async function* order(list, listHash, value, version, excluded) {
  const key = await crypto.subtle.importKey("raw", text.encode(value), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const total = BigInt(list.total);
  const fair = (1n << 60n) - ((1n << 60n) % total);
  const drawn = new Set(excluded);
  let left = list.ends.filter(([, entrant]) => !drawn.has(entrant)).length;
  for (let counter = 0; left > 0; counter += 1) {
    const digest = hex(await crypto.subtle.sign("HMAC", key, text.encode(`campaign-pulse draw ${version}\n${listHash}\n${counter}`)));
    const number = BigInt(`0x${digest.slice(0, 15)}`);
    if (number >= fair) continue;
    const lot = Number(number % total);
    const entrant = whoseLot(list.ends, lot);
    if (drawn.has(entrant)) continue;
    drawn.add(entrant);
    left -= 1;
    yield { entrant, counter, lot };
  }
}

export async function verify() {
  const checks = [];
  const check = (what, isRight) => checks.push({ what, isRight });
  const frozenBytes = await published("frozen.json");
  const frozen = json(frozenBytes);
  const commitment = await sha256(frozenBytes);
  check("SHA-256 frozen.json", commitment === document.getElementById("commitment").textContent);
  const entriesBytes = await published("entries.txt");
  const listHash = await sha256(entriesBytes);
  check("SHA-256 entries.txt", listHash === frozen.entries.sha256);
  check("SHA-256 left-out.txt", (await sha256(await published("left-out.txt"))) === frozen.left_out.sha256);
  const list = readList(entriesBytes);
  check(`entries.txt: ${list.lines}`, list.lines === frozen.entries.lines);
  check(`lots: ${list.total}`, list.total === frozen.chances);
  const files = [...document.querySelectorAll("#h-files ~ ul a")].map((each) => each.textContent);
  if (files.includes("log.json")) {
    const steps = json(await published("log.json"));
    const isChained = steps.every((each, place) => each.place.number === place + 1 && (each.place.previous ?? null) === (place ? steps[place - 1].sha256 : null));
    check("log.json", isChained && steps.some((each) => each.sha256 === commitment));
  }
  if (!files.includes("draw.json")) return { checks, isDrawn: false };
  const draw = json(await published("draw.json"));
  check("draw.json → frozen.json", draw.frozen === commitment);
  const excluded = [];
  for (const each of draw.exclusions ?? []) {
    const bytes = await published(each.file);
    check(`SHA-256 ${each.file}`, (await sha256(bytes)) === each.sha256);
    excluded.push(json(bytes).entrant);
  }
  const version = /[12]$/.test(frozen.format) ? 1 : 2;
  const keyed = version === 1 ? commitment : listHash;
  const wanted = [...draw.winners, ...draw.substitutes];
  const made = [];
  if (wanted.length > 0) {
    for await (const each of order(list, keyed, draw.randomness, version, excluded)) {
      made.push(each);
      if (made.length === wanted.length) break;
    }
  }
  wanted.forEach((each, place) => {
    const own = made[place];
    check(`${place + 1}: ${each.entrant}`, own?.entrant === each.entrant && own.counter === each.counter && own.lot === each.lot);
  });
  check(`winners: ${draw.winners.length}`, draw.winners.length + (draw.unfilled ?? 0) === frozen.winners);
  return { checks, isDrawn: true };
}

const button = document.getElementById("verify");
button.hidden = false;
button.addEventListener("click", async () => {
  const verdict = document.getElementById("verdict");
  const places = document.getElementById("checks");
  verdict.textContent = said("verifying");
  places.replaceChildren();
  let rows = [];
  try {
    const { checks, isDrawn } = await verify();
    const wrong = checks.filter((each) => !each.isRight);
    verdict.dataset.verdict = wrong.length ? "wrong" : "right";
    verdict.textContent = wrong.length ? said("not_verified") : said("verified", { count: checks.length });
    rows = (wrong.length ? wrong : checks).map((each) => `${each.isRight ? "✓" : "✗"} ${each.what}`);
    if (!wrong.length) rows.push(isDrawn ? said("check_origin") : said("not_drawn_yet"));
  } catch (error) {
    verdict.dataset.verdict = "wrong";
    verdict.textContent = said("not_verified");
    rows = [String(error.message)];
  }
  places.replaceChildren(
    ...rows.map((each) => {
      const row = document.createElement("li");
      row.textContent = each;
      return row;
    }),
  );
});

// Texts of the page's language, and numbers as Intl writes them.
export const language = document.documentElement.lang;
export const texts = JSON.parse(document.body.dataset.texts);

const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const minute = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

export const shownCount = (value) => whole.format(value);
export const shownShare = (value) => share.format(value);
export const shownTime = (ms) => time.format(ms);
export const shownMinute = (ms) => minute.format(ms);
export const shownDay = (ms) => day.format(ms);

// Amounts are exact decimal texts: Intl takes texts without rounding them to floats first.
// Decimals by ISO 4217, as models/currencies.py has them: browsers follow usage, which differs.
const WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
const WITH_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND";
export const shownMoney = (amount, currency) => {
  const digits = WITHOUT_DECIMALS.includes(currency) ? 0 : WITH_THREE_DECIMALS.includes(currency) ? 3 : 2;
  return new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "code", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(amount);
};

export const said = (name, values = {}) => texts[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

// What a rule has found, in words; the name of one that a newer worker knows and this page does not.
export const shownRule = (rule) => texts[`rule_${rule}`] ?? rule;

// A length of time in its two largest units.
export function shownLength(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [
    ["days", Math.floor(seconds / 86400)],
    ["hours", Math.floor(seconds / 3600) % 24],
    ["minutes", Math.floor(seconds / 60) % 60],
    ["seconds", seconds % 60],
  ];
  let first = parts.findIndex(([, count]) => count > 0);
  if (first < 0) first = parts.length - 1;
  return parts.slice(first, first + 2).map(([unit, count]) => said(unit, { count })).join(" ");
}

// The moments in the page are UTC until here: the browser knows the reader's zone.
export function localTimes(root = document) {
  for (const each of root.querySelectorAll("time[datetime]")) {
    const at = Date.parse(each.dateTime);
    if (Number.isFinite(at)) each.textContent = shownMinute(at);
  }
}

export function countdownText(opens, closes, now) {
  if (now < opens) return `${said("opens_in")} ${shownLength(opens - now)}`;
  if (now < closes) return `${said("closes_in")} ${shownLength(closes - now)}`;
  return `${said("closed_at")} ${shownDay(closes)}`;
}

export function keepCountdown(clock) {
  const place = document.getElementById("countdown");
  if (!place || !place.dataset.closes || !place.dataset.opens) return;
  const opens = Number(place.dataset.opens);
  const closes = Number(place.dataset.closes);
  const show = () => {
    const text = countdownText(opens, closes, clock());
    if (place.textContent !== text) place.textContent = text;
  };
  show();
  setInterval(show, 1000);
}

// The big numbers of an answer, as texts by name.
export function bigNumbers({ windows, giveaway }) {
  const found = {};
  const total = windows?.total;
  if (total) {
    found.comments = total.comments ?? 0;
    found.engagements = total.engagements ?? 0;
    found.orders = total.purchases ?? 0;
    const sums = Object.entries(total.revenue ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    found.revenue = sums.map(([currency, each]) => shownMoney(each.revenue, currency)).join("\u00a0· ") || "–";
  }
  if (giveaway) {
    found.entries = giveaway.entries ?? 0;
    found.people = giveaway.unique_entrants ?? 0;
  }
  return found;
}

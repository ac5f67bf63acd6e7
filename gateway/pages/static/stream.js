// The stream of numbers. Values are absolute: what was missed does not matter, what is shown is always the newest.
import { said, shownCount, shownTime } from "./words.js";

const SILENCE_MS = 12000; // the gateway says something every 5 s at least

export class Numbers {
  constructor(address, handlers) {
    this.handlers = handlers;
    this.offset = 0; // of the gateway's clock to this one
    this.heard = Date.now();
    this.status = null;
    this.address = address;
    this.open();
    setInterval(() => this.look(), 1000);
  }

  now() {
    return Date.now() + this.offset;
  }

  open() {
    const source = (this.source = new EventSource(this.address));
    for (const [name, handle] of Object.entries(this.handlers)) {
      source.addEventListener(name, (event) => {
        this.heard = Date.now();
        handle(JSON.parse(event.data));
      });
    }
    source.addEventListener("reset", () => (this.heard = Date.now()));
    source.addEventListener("pulse", (event) => {
      const told = JSON.parse(event.data);
      this.heard = Date.now();
      this.offset = told.at_ms - Date.now();
      this.status = told;
      this.show();
    });
    source.addEventListener("error", () => this.look(true));
  }

  look(isCut = false) {
    const silent = Date.now() - this.heard;
    if (isCut || silent > SILENCE_MS) {
      this.isLost = true;
      this.show();
    }
    // A refused stream is not tried again by the browser.
    if (this.source.readyState === EventSource.CLOSED && silent > 3000) {
      this.heard = this.heard || Date.now();
      this.open();
    }
  }

  show() {
    const place = document.getElementById("freshness");
    const told = this.status;
    const isLost = this.source.readyState !== EventSource.OPEN || Date.now() - this.heard > SILENCE_MS;
    let state = "lost";
    let text = said("lost", { time: shownTime(this.heard) });
    if (!isLost && told) {
      state = told.freshness.state;
      if (state === "live") {
        const lag = told.freshness.lag ?? 0;
        text = lag > 1000 ? said("behind", { count: shownCount(lag) }) : said("as_of", { time: shownTime(told.at_ms) });
      } else if (state === "unknown") {
        text = said("unknown");
      } else {
        text = told.freshness.since_ms == null ? said("stopped") : said("stopped_since", { time: shownTime(told.freshness.since_ms) });
      }
    }
    // A screen reader is told when the state changes, not each time it is confirmed.
    place.setAttribute("aria-live", place.dataset.state === state ? "off" : "polite");
    place.dataset.state = state;
    document.body.dataset.state = state;
    if (place.classList.contains("stale")) place.hidden = state === "live";
    if (place.textContent !== text) place.textContent = text;
  }
}

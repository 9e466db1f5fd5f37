// The history event by event: a list that is filtered by type and text.

import { get } from "./api.js";
import { h } from "./dom.js";
import { gist, tone } from "./events.js";
import { after, count, counted } from "./format.js";
import { Rows } from "./rows.js";

const ROW = 28;
const PATIENCE_MS = 250; // after a key, before a search

export class History {
  /**
   * @param options.at the address of the execution
   * @param options.chosen called with the event that was chosen
   */
  constructor({ at, chosen }) {
    this.at = at;
    this.events = [];
    this.shown = [];
    this.found = null; // ids of the events with the text; null while none is sought
    this.rows = new Rows({
      label: "Events",
      height: ROW,
      draw: (index, row) => this.drawEvent(index, row),
      chosen: (index) => chosen(this.shown[index]),
    });
    this.type = h(
      "select",
      { "aria-label": "Event type", onchange: () => this.filter() },
      h("option", { value: "" }, "all types"),
    );
    this.text = h("input", {
      type: "search",
      placeholder: "Search in events and payloads",
      "aria-label": "Search in events and payloads",
      "aria-keyshortcuts": "/",
      oninput: () => this.typed(),
    });
    this.said = h("span", { class: "said", role: "status" });
    this.element = h(
      "section",
      { class: "history", "aria-label": "History" },
      h("div", { class: "tools" }, this.type, this.text, this.said),
      this.rows.element,
    );
    this.keys = {
      title: "History",
      keys: [
        ["/", "search", () => this.text.focus()],
        [["ArrowUp", "ArrowDown"], "the event before, the next, in the list"],
      ],
    };
    this.types = new Map();
  }

  update(events) {
    this.events = events;
    const types = new Map();
    for (const { eventType } of events) types.set(eventType, (types.get(eventType) || 0) + 1);
    for (const [type, number] of [...types].sort()) {
      if (!this.types.has(type))
        this.types.set(type, this.type.appendChild(h("option", { value: type }, type)));
      this.types.get(type).textContent = `${type} (${count(number)})`;
    }
    this.filter();
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), PATIENCE_MS);
  }

  async search() {
    const text = this.text.value.trim();
    if (!text) {
      this.found = null;
    } else {
      this.said.textContent = "searching…";
      const answer = await get("search", { domain: this.at.domain, run: this.at.run, text });
      if (this.text.value.trim() !== text) return;
      this.found = new Set(answer.events);
    }
    this.filter();
  }

  filter() {
    const type = this.type.value;
    const chosen = this.shown[this.rows.choice]?.eventId;
    this.shown = this.events.filter(
      (event) => (!type || event.eventType === type) && (!this.found || this.found.has(event.eventId)),
    );
    this.rows.choice = this.shown.findIndex(({ eventId }) => eventId === chosen);
    this.rows.reset(this.shown.length);
    this.said.textContent =
      this.shown.length === this.events.length
        ? counted(this.events.length, "event")
        : `${count(this.shown.length)} of ${counted(this.events.length, "event")}`;
  }

  /** Show and choose an event, whatever was filtered. */
  reveal(eventId) {
    if (!this.shown.some((event) => event.eventId === eventId)) {
      this.type.value = this.text.value = "";
      this.found = null;
      this.filter();
    }
    this.rows.choose(
      this.shown.findIndex((event) => event.eventId === eventId),
      { quietly: true },
    );
  }

  drawEvent(index, row) {
    const event = this.shown[index];
    row.classList.add("event");
    row.append(
      h("span", { class: "id" }, String(event.eventId)),
      h("span", { class: "when" }, after(event.eventTimestamp - this.events[0].eventTimestamp)),
      h("span", { class: "type" }, h("span", { class: `dot ${tone(event.eventType)}` }), event.eventType),
      h("span", { class: "gist" }, gist(event)),
    );
  }
}

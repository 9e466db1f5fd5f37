// One event, whole: its attributes, links to the events and executions it names, its payloads decoded.

import { get } from "./api.js";
import { copyable, fill, h, link } from "./dom.js";
import { attributesOf, tone, typeText } from "./events.js";
import { after, counted, exact, timeout } from "./format.js";

const KINDS = {
  json: "JSON",
  text: "text",
  bytes: "bytes",
  stored: "in a data store",
  failure: "traceback",
  unreadable: "cannot be read",
};

/** Show an event in a panel; `at` is the address of its execution, `start` when that was started. */
export async function showEvent(panel, at, eventId, start) {
  panel.dataset.event = eventId;
  const { event, payloads } = await get("event", { domain: at.domain, run: at.run, event: eventId });
  if (panel.dataset.event !== String(eventId)) return; // another one was asked for meanwhile
  fill(panel, eventDetail(event, payloads, at, start));
}

function eventDetail(event, payloads, at, start) {
  const attributes = attributesOf(event);
  const lines = Object.entries(attributes)
    .filter(([name]) => !(name in payloads))
    .map(([name, value]) => [h("dt", {}, words(name)), h("dd", {}, attribute(name, value, at))]);
  return [
    h(
      "h2",
      { class: "event-title" },
      h("span", { class: `dot ${tone(event.eventType)}` }),
      event.eventType,
      h("small", {}, ` #${event.eventId}`),
    ),
    h(
      "p",
      { class: "muted" },
      exact(event.eventTimestamp),
      "  ",
      h("b", {}, after(event.eventTimestamp - start)),
    ),
    ...Object.entries(payloads).map(([name, payload]) => payloadBlock(name, payload)),
    h("dl", { class: "facts" }, ...lines),
  ];
}

/** A payload with its name, what it is, and its text. */
export function payloadBlock(name, { kind, text, size, cut }) {
  return h(
    "figure",
    { class: `payload ${kind}` },
    h(
      "figcaption",
      {},
      h("b", {}, words(name)),
      h("span", { class: "kind" }, KINDS[kind]),
      h("span", { class: "muted" }, counted(size, "character")),
      kind === "unreadable" ? null : copyable(text, name),
    ),
    h("pre", { tabindex: "0", "aria-label": name }, text || "(empty)"),
    cut ? h("p", { class: "muted" }, "Cut here. The download has all of it.") : null,
  );
}

function words(name) {
  return name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/\b([A-Z])(?=[a-z])/g, (letter) => letter.toLowerCase());
}

function attribute(name, value, at) {
  if (name.endsWith("EventId"))
    return value ? link({ ...at, tab: "history", event: value }, `#${value}`) : "none";
  if (/^(continued|new)ExecutionRunId$/.test(name)) return link({ domain: at.domain, run: value }, value);
  if (name.endsWith("Timeout")) return timeout(value);
  if (Array.isArray(value)) return value.join(", ");
  if (value !== null && typeof value === "object") {
    if (value.runId !== undefined) return link({ domain: at.domain, run: value.runId }, value.workflowId);
    return value.version === undefined ? (value.name ?? JSON.stringify(value)) : typeText(value);
  }
  return String(value);
}

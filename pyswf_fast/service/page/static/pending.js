// What an open execution waits for, for how long, and whether anybody polls the lists in question.

import { h, link } from "./dom.js";
import { counted, duration, instant, since } from "./format.js";

const KINDS = {
  decision: ["Decision task", "Decision tasks"],
  activity: ["Activity", "Activities"],
  timer: ["Timer", "Timers"],
  child: ["Child workflow", "Child workflows"],
  lambda: ["Lambda function", "Lambda functions"],
};
const BETWEEN_POLLS_SECONDS = 10; // a worker that polled so lately is only busy between two polls

/** The section, from what `/api/execution` says. */
export function pendingSection({ pending, now, expires }, at) {
  const rows = pending.flatMap(({ kind, count, items }) => [
    ...items.map((item) => row(kind, item, now, at)),
    items.length < count
      ? h(
          "tr",
          {},
          h(
            "td",
            { colspan: 5, class: "muted" },
            `and ${count - items.length} more of ${count} ${KINDS[kind][1].toLowerCase()}`,
          ),
        )
      : null,
  ]);
  const nothing = h(
    "tr",
    {},
    h(
      "td",
      { colspan: 5, class: "warn" },
      "Nothing: only a signal, a cancel request or its timeout will go on with this execution.",
    ),
  );
  return h(
    "section",
    { class: "pending", "aria-labelledby": "pending-title" },
    h("h2", { id: "pending-title" }, "Pending"),
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...["What", "Name", "For", "State", "Due"].map((text) => h("th", { scope: "col" }, text)),
          ),
        ),
        h("tbody", {}, rows.length ? rows : nothing),
      ),
    ),
    h("p", { class: "muted" }, `The execution times out ${instant(expires)}, in ${duration(expires - now)}.`),
  );
}

function row(kind, item, now, at) {
  return h(
    "tr",
    { "data-kind": kind },
    h("td", {}, KINDS[kind][0]),
    h(
      "td",
      {},
      kind === "decision"
        ? link({ ...at, tab: "history", event: item.event }, `event ${item.event}`)
        : h(
            "span",
            {},
            item.type ? h("b", {}, item.type, " ") : null,
            link({ ...at, tab: "history", event: item.event }, item.name),
          ),
    ),
    h("td", { class: "number" }, since(item.started || item.since, now)),
    h("td", {}, state(kind, item, now, at)),
    h(
      "td",
      {},
      item.due
        ? h("time", { title: instant(item.due) }, item.due < now ? "now" : `in ${duration(item.due - now)}`)
        : "—",
      item.timeout
        ? h("span", { class: "muted" }, ` ${item.timeout.toLowerCase().replaceAll("_", " ")}`)
        : null,
    ),
  );
}

function state(kind, item, now, at) {
  if (kind === "child") {
    return item.execution
      ? h(
          "span",
          {},
          "runs: ",
          link({ domain: at.domain, run: item.execution.runId }, item.execution.workflowId),
        )
      : "is being started";
  }
  if (kind === "timer") return "runs";
  if (kind === "lambda") return item.started ? "runs" : "is being started";
  const parts = [];
  if (item.cancelRequested) parts.push("asked to cancel");
  if (item.started) {
    parts.push(`with ${item.identity || "a worker that gave no identity"}`);
    if (item.heartbeat) parts.push(`last heartbeat ${duration(now - item.heartbeat)} ago`);
  } else if (item.withheld) {
    parts.push("withheld while the one before runs");
  } else {
    return h(
      "span",
      {},
      parts.length ? `${parts.join(", ")}, ` : "",
      "waits in list ",
      h("b", {}, item.list.name),
      ": ",
      polled(item.list, now),
    );
  }
  return parts.join(", ");
}

/** Who polls a list. */
function polled({ here, last }, now) {
  const pollers = Object.entries(here);
  if (pollers.length) {
    const total = pollers.reduce((sum, [, number]) => sum + number, 0);
    const who = pollers.map(([identity]) => identity || "no identity").join(", ");
    return `${counted(total, "poll waits", "polls wait")} there (${who})`;
  }
  const before =
    last && `${duration(now - last.at)} ago by ${last.identity || "a worker that gave no identity"}`;
  if (last && now - last.at < BETWEEN_POLLS_SECONDS) return `last polled ${before}`;
  return h(
    "strong",
    { class: "nobody" },
    "no worker polls this list",
    h("span", {}, last ? `; it was last polled ${before}` : "; none has since the service was started"),
  );
}

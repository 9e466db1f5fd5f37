// Lanes and bars in words, and all that there is about a lane.

import { h, link } from "./dom.js";
import { counted, duration } from "./format.js";

const KINDS = {
  execution: "Execution",
  decisions: "Decision tasks",
  marks: "Marks",
  activity: "Activity",
  timer: "Timer",
  child: "Child workflow",
  lambda: "Lambda function",
};
const MOST_BARS = 100;

/** A bar in words. */
export function barTitle(lane, { phase, outcome, from, to, merged }) {
  if (merged > 1) return `${counted(merged, "bar")}, ${duration((to - from) / 1000)}`;
  const what = { wait: "waited", run: "ran", "back-off": "waited before another attempt", mark: "" }[phase];
  const took = phase === "mark" ? "" : `${what} ${duration((to - from) / 1000)}`;
  return [lane.type || KINDS[lane.kind], took, outcome === "completed" && phase !== "run" ? "" : outcome]
    .filter(Boolean)
    .join(", ");
}

/** A lane in words. */
export function laneText(lane) {
  const ended = lane.bars[lane.bars.length - 1];
  const runs = lane.bars.filter(({ phase }) => phase === "run");
  const attempts =
    lane.kind === "activity" && !lane.members && runs.length > 1
      ? `, ${counted(runs.length, "attempt")}`
      : "";
  const head = [KINDS[lane.kind], lane.type === "timer" ? "" : lane.type, lane.name].filter(
    (part, n) => part && (n || lane.type || lane.kind === "timer"),
  );
  const bars = counted(lane.bars.length, "bar");
  const took = duration((lane.last - lane.first) / 1000);
  return `${head.join(" ") || lane.name}${attempts}, ${bars}, ${took}, ${ended.outcome.replace("-", " ")}`;
}

/** A lane's bars and events; `at` is the address of its execution. */
export function laneDetail(lane, at, events) {
  const bars = lane.bars.slice(0, MOST_BARS);
  const start = events[0].eventTimestamp * 1000;
  return [
    h(
      "h2",
      { class: "event-title" },
      lane.type && lane.kind !== "timer" ? h("span", {}, lane.type, " ") : null,
      lane.kind === "timer" ? `timer ${lane.name}` : lane.name,
    ),
    h("p", { class: "muted" }, laneText(lane)),
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h("tr", {}, ...["What", "After", "For", "End"].map((text) => h("th", { scope: "col" }, text))),
      ),
      h(
        "tbody",
        {},
        ...bars.map((bar) =>
          h(
            "tr",
            {},
            h(
              "td",
              {},
              link(
                { ...at, tab: "history", event: bar.event },
                bar.phase === "mark"
                  ? events[bar.event - 1].eventType
                  : bar.phase === "run"
                    ? "run"
                    : bar.phase,
              ),
            ),
            h("td", { class: "number" }, duration((bar.from - start) / 1000)),
            h("td", { class: "number" }, bar.phase === "mark" ? "" : duration((bar.to - bar.from) / 1000)),
            h(
              "td",
              {},
              bar.phase === "wait" && bar.outcome === "completed" ? "" : bar.outcome.replace("-", " "),
            ),
          ),
        ),
      ),
    ),
    lane.bars.length > bars.length
      ? h(
          "p",
          { class: "muted" },
          `The first ${bars.length} of ${counted(lane.bars.length, "bar")}: the history has all.`,
        )
      : null,
    h("h3", {}, "Events"),
    h(
      "p",
      { class: "links" },
      ...lane.events
        .slice(0, MOST_BARS)
        .flatMap((id) => [
          link({ ...at, tab: "history", event: id }, `#${id} ${events[id - 1].eventType}`),
          h("br", {}),
        ]),
    ),
  ];
}

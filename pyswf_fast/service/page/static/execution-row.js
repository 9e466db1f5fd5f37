// A row of the list of executions.

import { address, h } from "./dom.js";
import { typeText } from "./events.js";
import { count, counted, duration, exact, instant, since, statusText } from "./format.js";

/** The row, from an entry of `/api/executions`; `now` is the service's clock. */
export function rowOf(info, params, now) {
  const { execution, startTimestamp: started, closeTimestamp: closed } = info;
  const status = info.closeStatus || "OPEN";
  const at = { domain: params.domain, run: execution.runId };
  const tags = (info.tagList || []).flatMap((tag) => [
    " ",
    h("a", { class: "tag", href: address({ domain: params.domain, tag }) }, tag),
  ]);
  return h(
    "tr",
    {},
    h(
      "td",
      {},
      h("span", { class: `status ${status}` }, statusText(status)),
      info.cancelRequested ? h("span", { class: "tag" }, "asked to cancel") : null,
    ),
    h(
      "td",
      { class: "main" },
      h("a", { class: "name", href: address(at), title: execution.workflowId }, execution.workflowId),
      ...tags,
      h("span", { class: "run mono", title: execution.runId }, execution.runId.slice(0, 14), "…"),
    ),
    h(
      "td",
      { class: "kind", "data-label": "type" },
      h("span", { title: typeText(info.workflowType) }, typeText(info.workflowType)),
    ),
    h("td", { "data-label": "started" }, h("span", { title: exact(started) }, instant(started))),
    h(
      "td",
      { class: "number", "data-label": "time" },
      closed ? duration(closed - started) : since(started, now),
    ),
    h("td", { class: "number", "data-label": "events" }, count(info.events)),
    h("td", { "data-label": "open now" }, closed ? "—" : openText(info.openCounts)),
  );
}

function openText(counts) {
  const parts = [
    [counts.openDecisionTasks, "decision"],
    [counts.openActivityTasks, "activity", "activities"],
    [counts.openTimers, "timer"],
    [counts.openChildWorkflowExecutions, "child", "children"],
    [counts.openLambdaFunctions, "Lambda"],
  ];
  return (
    parts
      .filter(([number]) => number)
      .map(([number, ...noun]) => counted(number, ...noun))
      .join(", ") || "nothing"
  );
}

// What an execution is: its status, facts and payloads, and what is pending.

import { address, copyable, h, link } from "./dom.js";
import { payloadBlock } from "./event.js";
import { attributesOf, typeText } from "./events.js";
import { duration, exact, instant, since, statusText, timeout } from "./format.js";
import { pendingSection } from "./pending.js";

/** The elements, from what `/api/execution` says. */
export function summaryOf(told, at) {
  const { executionInfo: info, executionConfiguration: set } = told;
  const { workflowId, runId } = info.execution;
  const status = info.closeStatus || "OPEN";
  const started = attributesOf(told.started.event);
  const ended = told.closed ? attributesOf(told.closed.event) : {};
  const facts = [
    ["type", typeText(info.workflowType)],
    ["started", h("span", { title: exact(info.startTimestamp) }, instant(info.startTimestamp))],
    told.closed
      ? ["closed", h("span", { title: exact(info.closeTimestamp) }, instant(info.closeTimestamp))]
      : null,
    [
      told.closed ? "took" : "open for",
      told.closed
        ? duration(info.closeTimestamp - info.startTimestamp)
        : since(info.startTimestamp, told.now),
    ],
    ["events", told.lastEventId.toLocaleString("en-US")],
    info.parent
      ? ["parent", link({ domain: at.domain, run: info.parent.runId }, info.parent.workflowId)]
      : null,
    started.continuedExecutionRunId
      ? ["continues", link({ domain: at.domain, run: started.continuedExecutionRunId }, "the run before")]
      : null,
    ended.newExecutionRunId
      ? ["continued by", link({ domain: at.domain, run: ended.newExecutionRunId }, "the next run")]
      : null,
    info.tagList?.length
      ? [
          "tags",
          info.tagList
            .map((tag) => [h("a", { class: "tag", href: address({ domain: at.domain, tag }) }, tag), " "])
            .flat(),
        ]
      : null,
    info.cancelRequested ? ["cancel requested", "yes"] : null,
    ["task list", set.taskList.name],
    [
      "timeouts",
      `${timeout(set.executionStartToCloseTimeout)}, decisions ${timeout(set.taskStartToCloseTimeout)}`,
    ],
    ["child policy", set.childPolicy.toLowerCase().replaceAll("_", " ")],
    set.taskPriority ? ["priority", set.taskPriority] : null,
    set.lambdaRole ? ["Lambda role", set.lambdaRole] : null,
    ["reason", "timeoutType", "cause"].map((name) => ended[name] && [name, ended[name]]).find(Boolean) ??
      null,
  ].filter(Boolean);
  const payloads = [
    ...Object.entries(told.started.payloads).map(([name, payload]) => [name, payload]),
    ...(told.closed
      ? Object.entries(told.closed.payloads).map(([name, payload]) => [
          told.closed.event.eventType === "WorkflowExecutionContinuedAsNew"
            ? `${name} of the next run`
            : name,
          payload,
        ])
      : []),
  ];
  return [
    h("nav", { class: "crumbs", "aria-label": "Where this is" }, link({ domain: at.domain }, at.domain)),
    h(
      "div",
      { class: "head" },
      h("h1", {}, workflowId),
      h("span", { class: `status ${status}` }, statusText(status)),
      h(
        "span",
        { class: "actions" },
        link({ domain: at.domain, workflow: workflowId }, "Runs of this id"),
        h(
          "a",
          {
            href: `/api/history?${new URLSearchParams(at)}`,
            download: "",
            "aria-keyshortcuts": "d",
            title: "JSON, as pyswf-fast replay reads it",
          },
          "Download history",
        ),
      ),
    ),
    h(
      "p",
      { class: "run" },
      h("span", { class: "muted" }, "run "),
      h("span", { class: "mono" }, runId),
      " ",
      copyable(runId, "run id"),
    ),
    h(
      "dl",
      { class: "facts wide" },
      ...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    ),
    payloads.length
      ? h("div", { class: "payloads" }, ...payloads.map(([name, payload]) => payloadBlock(name, payload)))
      : null,
    told.closed ? null : pendingSection(told, at),
  ];
}

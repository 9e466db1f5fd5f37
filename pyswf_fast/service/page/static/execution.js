// One execution: what it is, what is pending, and its timeline and history as two tabs.

import { get } from "./api.js";
import { address, copyable, fill, h, link } from "./dom.js";
import { payloadBlock, showEvent } from "./event.js";
import { attributesOf, millis, typeText } from "./events.js";
import { duration, exact, counted, instant, since, statusText, timeout } from "./format.js";
import { History } from "./history.js";
import { pendingSection } from "./pending.js";
import { Timeline, laneText } from "./timeline.js";

const SIDE_BY_SIDE = 4; // requests for pages of events at once

/** The view; `params` name the domain and the run, and what of it is shown. */
export function executionView(params, host) {
  const at = { domain: params.domain, run: params.run };
  const panel = h("aside", { class: "panel", "aria-label": "Details", "aria-live": "polite" });
  const head = h("div", {});
  const tabs = {
    timeline: h("button", { type: "button", role: "tab", id: "tab-timeline", "aria-controls": "tab-panel", "aria-keyshortcuts": "t", onclick: () => open("timeline") }, "Timeline"),
    history: h("button", { type: "button", role: "tab", id: "tab-history", "aria-controls": "tab-panel", "aria-keyshortcuts": "h", onclick: () => open("history") }, "History"),
  };
  const shown = h("div", { class: "shown", role: "tabpanel", id: "tab-panel" });
  const views = {
    timeline: new Timeline({ chosen: (lane) => fill(panel, lane ? laneDetail(lane, at, events) : "") }),
    history: new History({ at, chosen: (event) => event && chooseEvent(event.eventId) }),
  };
  const progress = h("span", { class: "said", role: "status" });
  const element = h("article", { class: "execution" }, head,
    h("div", { class: "tabs", role: "tablist", "aria-label": "Views", onkeydown: (event) => tabKeys(event) }, tabs.timeline, tabs.history, progress),
    h("div", { class: "split" }, shown, panel));
  const events = [];
  let last = null;
  let loading = null;
  let tab = "";
  let closed = false;

  async function refresh() {
    const told = await get("execution", at);
    host.setClock(told.now);
    const summary = JSON.stringify({ ...told, now: 0 });
    const ofPending = told.pending.length || !told.closed;
    if (summary !== last?.summary || ofPending) {
      const focused = document.activeElement?.closest?.(".head, .pending") ? document.activeElement.getAttribute("href") : null;
      if (summary !== last?.summary) fill(head, summaryOf(told, at));
      last = { told, summary };
      if (focused) head.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
    }
    document.title = `${told.executionInfo.execution.workflowId} · pyswf-fast`;
    loading ??= load(told.lastEventId).finally(() => { loading = null; });
    if (events.length) await loading;
    else loading.catch((error) => { progress.textContent = error.message; });
  }

  /** Bring the events up to `lastId`; only the new ones are asked for. */
  async function load(lastId) {
    while (events.length < lastId && !closed) {
      const first = events.length + 1;
      const pages = [get("events", { ...at, first })];
      if (events.pageSize) for (let n = 1; n < SIDE_BY_SIDE && first + n * events.pageSize <= lastId; n++) pages.push(get("events", { ...at, first: first + n * events.pageSize }));
      const answers = await Promise.all(pages);
      for (const answer of answers) if (answer.events[0]?.eventId === events.length + 1) events.push(...answer.events);
      if (!events.pageSize) events.pageSize = answers[0].events.length;
      if (!answers[0].events.length) break;
      progress.textContent = events.length < lastId ? `reading ${counted(lastId, "event")}: ${Math.round((100 * events.length) / lastId)} %` : "";
    }
    if (!closed) update();
  }

  function update() {
    const { told } = last;
    const end = told.closed ? millis(told.closed.event) : told.now * 1000;
    if (tab === "history") {
      if (events.length !== views.history.events.length) views.history.update(events.slice());
      if (wanted) revealWanted();
    } else {
      views.timeline.update(events, end);
    }
  }

  let wanted = Number(params.event) || null;

  function open(name) {
    if (name === tab) return;
    tab = name;
    for (const [key, button] of Object.entries(tabs)) {
      button.setAttribute("aria-selected", String(key === name));
      button.tabIndex = key === name ? 0 : -1;
    }
    shown.setAttribute("aria-labelledby", `tab-${name}`);
    fill(shown, views[name].element);
    fill(panel, h("p", { class: "muted" }, name === "timeline" ? "Choose a lane to see its attempts and events." : "Choose an event to see all of it."));
    host.keys(views[name].keys, { title: "Execution", keys: [
      ["t", "timeline", () => open("timeline")], ["h", "history", () => open("history")],
      ["d", "download the history", () => head.querySelector("a[download]").click()],
    ] });
    history.replaceState(null, "", address({ ...at, tab: name, event: name === "history" ? wanted : null }));
    if (events.length) update();
    views[name].rows.element.focus({ preventScroll: true });
  }

  function tabKeys(event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    open(tab === "timeline" ? "history" : "timeline");
    tabs[tab].focus();
  }

  function chooseEvent(eventId) {
    history.replaceState(null, "", address({ ...at, tab: "history", event: eventId }));
    showEvent(panel, at, eventId, events[0].eventTimestamp).catch((error) => fill(panel, h("p", { class: "warn" }, error.message)));
  }

  function revealWanted() {
    if (wanted > events.length) return;
    views.history.reveal(wanted);
    chooseEvent(wanted);
    wanted = null;
  }

  return {
    element,
    refresh,
    isLive: () => !last?.told.closed,
    shown: () => open(params.tab === "history" || wanted ? "history" : "timeline"),
    up: () => address({ domain: at.domain }),
    navigate(to) {
      if (to.domain !== at.domain || to.run !== at.run) return false;
      wanted = Number(to.event) || null;
      if (to.tab !== tab) open(to.tab === "history" ? "history" : "timeline");
      else if (wanted) revealWanted();
      return true;
    },
    close() { closed = true; },
  };
}

function summaryOf(told, at) {
  const { executionInfo: info, executionConfiguration: set } = told;
  const { workflowId, runId } = info.execution;
  const status = info.closeStatus || "OPEN";
  const started = attributesOf(told.started.event);
  const ended = told.closed ? attributesOf(told.closed.event) : {};
  const facts = [
    ["type", typeText(info.workflowType)],
    ["started", h("span", { title: exact(info.startTimestamp) }, instant(info.startTimestamp))],
    told.closed ? ["closed", h("span", { title: exact(info.closeTimestamp) }, instant(info.closeTimestamp))] : null,
    [told.closed ? "took" : "open for", told.closed ? duration(info.closeTimestamp - info.startTimestamp) : since(info.startTimestamp, told.now)],
    ["events", told.lastEventId.toLocaleString("en-US")],
    info.parent ? ["parent", link({ domain: at.domain, run: info.parent.runId }, info.parent.workflowId)] : null,
    started.continuedExecutionRunId ? ["continues", link({ domain: at.domain, run: started.continuedExecutionRunId }, "the run before")] : null,
    ended.newExecutionRunId ? ["continued by", link({ domain: at.domain, run: ended.newExecutionRunId }, "the next run")] : null,
    info.tagList?.length ? ["tags", info.tagList.map((tag) => [h("a", { class: "tag", href: address({ domain: at.domain, tag }) }, tag), " "]).flat()] : null,
    info.cancelRequested ? ["cancel requested", "yes"] : null,
    ["task list", set.taskList.name],
    ["timeouts", `${timeout(set.executionStartToCloseTimeout)}, decisions ${timeout(set.taskStartToCloseTimeout)}`],
    ["child policy", set.childPolicy.toLowerCase().replaceAll("_", " ")],
    set.taskPriority ? ["priority", set.taskPriority] : null,
    set.lambdaRole ? ["Lambda role", set.lambdaRole] : null,
    ["reason", "timeoutType", "cause"].map((name) => ended[name] && [name, ended[name]]).find(Boolean) ?? null,
  ].filter(Boolean);
  const payloads = [
    ...Object.entries(told.started.payloads).map(([name, payload]) => [name, payload]),
    ...(told.closed ? Object.entries(told.closed.payloads).map(([name, payload]) => [told.closed.event.eventType === "WorkflowExecutionContinuedAsNew" ? `${name} of the next run` : name, payload]) : []),
  ];
  return [
    h("nav", { class: "crumbs", "aria-label": "Where this is" }, link({ domain: at.domain }, at.domain)),
    h("div", { class: "head" }, h("h1", {}, workflowId), h("span", { class: `status ${status}` }, statusText(status)),
      h("span", { class: "actions" }, link({ domain: at.domain, workflow: workflowId }, "Runs of this id"),
        h("a", { href: `/api/history?${new URLSearchParams(at)}`, download: "", "aria-keyshortcuts": "d", title: "JSON, as pyswf-fast replay reads it" }, "Download history"))),
    h("p", { class: "run" }, h("span", { class: "muted" }, "run "), h("span", { class: "mono" }, runId), " ", copyable(runId, "run id")),
    h("dl", { class: "facts wide" }, ...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    payloads.length ? h("div", { class: "payloads" }, ...payloads.map(([name, payload]) => payloadBlock(name, payload))) : null,
    told.closed ? null : pendingSection(told, at),
  ];
}

const MOST_BARS = 100;

function laneDetail(lane, at, events) {
  const bars = lane.bars.slice(0, MOST_BARS);
  const start = events[0].eventTimestamp * 1000;
  return [
    h("h2", { class: "event-title" }, lane.type && lane.kind !== "timer" ? h("span", {}, lane.type, " ") : null, lane.kind === "timer" ? `timer ${lane.name}` : lane.name),
    h("p", { class: "muted" }, laneText(lane)),
    h("table", {}, h("thead", {}, h("tr", {}, ...["What", "After", "For", "End"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...bars.map((bar) => h("tr", {},
        h("td", {}, link({ ...at, tab: "history", event: bar.event }, bar.phase === "mark" ? events[bar.event - 1].eventType : bar.phase === "run" ? "run" : bar.phase)),
        h("td", { class: "number" }, duration((bar.from - start) / 1000)),
        h("td", { class: "number" }, bar.phase === "mark" ? "" : duration((bar.to - bar.from) / 1000)),
        h("td", {}, bar.phase === "wait" && bar.outcome === "completed" ? "" : bar.outcome.replace("-", " ")))))),
    lane.bars.length > bars.length ? h("p", { class: "muted" }, `The first ${bars.length} of ${counted(lane.bars.length, "bar")}: the history has all.`) : null,
    h("h3", {}, "Events"),
    h("p", { class: "links" }, ...lane.events.slice(0, MOST_BARS).flatMap((id) => [link({ ...at, tab: "history", event: id }, `#${id} ${events[id - 1].eventType}`), h("br", {})])),
  ];
}

// One execution: what it is, what is pending, and its timeline and history as two tabs.

import { get } from "./api.js";
import { address, fill, h } from "./dom.js";
import { showEvent } from "./event.js";
import { millis } from "./events.js";
import { counted } from "./format.js";
import { History } from "./history.js";
import { laneDetail } from "./lane-detail.js";
import { summaryOf } from "./summary.js";
import { Timeline } from "./timeline.js";

const SIDE_BY_SIDE = 4; // requests for pages of events at once

/** The view; `params` name the domain and the run, and what of it is shown. */
export function executionView(params, host) {
  const at = { domain: params.domain, run: params.run };
  const panel = h("aside", { class: "panel", "aria-label": "Details", "aria-live": "polite" });
  const head = h("div", {});
  const tabs = {
    timeline: h(
      "button",
      {
        type: "button",
        role: "tab",
        id: "tab-timeline",
        "aria-controls": "tab-panel",
        "aria-keyshortcuts": "t",
        onclick: () => open("timeline"),
      },
      "Timeline",
    ),
    history: h(
      "button",
      {
        type: "button",
        role: "tab",
        id: "tab-history",
        "aria-controls": "tab-panel",
        "aria-keyshortcuts": "h",
        onclick: () => open("history"),
      },
      "History",
    ),
  };
  const shown = h("div", { class: "shown", role: "tabpanel", id: "tab-panel" });
  const views = {
    timeline: new Timeline({ chosen: (lane) => fill(panel, lane ? laneDetail(lane, at, events) : "") }),
    history: new History({ at, chosen: (event) => event && chooseEvent(event.eventId) }),
  };
  const progress = h("span", { class: "said", role: "status" });
  const element = h(
    "article",
    { class: "execution" },
    head,
    h(
      "div",
      { class: "tabs", role: "tablist", "aria-label": "Views", onkeydown: (event) => tabKeys(event) },
      tabs.timeline,
      tabs.history,
      progress,
    ),
    h("div", { class: "split" }, shown, panel),
  );
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
      const focused = document.activeElement?.closest?.(".head, .pending")
        ? document.activeElement.getAttribute("href")
        : null;
      if (summary !== last?.summary) fill(head, summaryOf(told, at));
      last = { told, summary };
      if (focused) head.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
    }
    document.title = `${told.executionInfo.execution.workflowId} · pyswf-fast`;
    loading ??= load(told.lastEventId).finally(() => {
      loading = null;
    });
    if (events.length) await loading;
    else
      loading.catch((error) => {
        progress.textContent = error.message;
      });
  }

  /** Bring the events up to `lastId`; only the new ones are asked for. */
  async function load(lastId) {
    while (events.length < lastId && !closed) {
      const first = events.length + 1;
      const pages = [get("events", { ...at, first })];
      if (events.pageSize)
        for (let n = 1; n < SIDE_BY_SIDE && first + n * events.pageSize <= lastId; n++)
          pages.push(get("events", { ...at, first: first + n * events.pageSize }));
      const answers = await Promise.all(pages);
      for (const answer of answers)
        if (answer.events[0]?.eventId === events.length + 1) events.push(...answer.events);
      if (!events.pageSize) events.pageSize = answers[0].events.length;
      if (!answers[0].events.length) break;
      progress.textContent =
        events.length < lastId
          ? `reading ${counted(lastId, "event")}: ${Math.round((100 * events.length) / lastId)} %`
          : "";
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
    fill(
      panel,
      h(
        "p",
        { class: "muted" },
        name === "timeline"
          ? "Choose a lane to see its attempts and events."
          : "Choose an event to see all of it.",
      ),
    );
    host.keys(views[name].keys, {
      title: "Execution",
      keys: [
        ["t", "timeline", () => open("timeline")],
        ["h", "history", () => open("history")],
        ["d", "download the history", () => head.querySelector("a[download]").click()],
      ],
    });
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
    showEvent(panel, at, eventId, events[0].eventTimestamp).catch((error) =>
      fill(panel, h("p", { class: "warn" }, error.message)),
    );
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
    close() {
      closed = true;
    },
  };
}

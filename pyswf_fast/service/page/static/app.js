// Which view the address names, and its refreshing while somebody looks.

import { Trouble } from "./api.js";
import { fill, h, link } from "./dom.js";
import { executionView } from "./execution.js";
import { executionsView } from "./executions.js";
import { duration } from "./format.js";
import { showKeys, useKeys } from "./keys.js";

const REFRESH_MS = 2000;
const REST = 10; // a refresh that takes long is followed by a rest so many times as long

const main = document.getElementById("main");
const live = document.getElementById("live");
const trouble = document.getElementById("trouble");
let view = null;
let paused = false;
let timer = 0;
let clockOffset = 0; // the service's clock minus the browser's, in seconds

const everywhere = {
  title: "Everywhere",
  keys: [
    ["?", "these keys", showKeys],
    ["r", "refresh now", () => refresh()],
    [
      ".",
      "pause or resume refreshing",
      () => {
        paused = !paused;
        show(null);
        schedule(REFRESH_MS);
      },
    ],
    [
      "u",
      "up to the list of executions",
      () => {
        const up = view?.up?.();
        if (up) go(up);
      },
    ],
  ],
};

/** Show what an address of this page names. */
function go(href, { replace = false } = {}) {
  if (href !== location.pathname + location.search)
    history[replace ? "replaceState" : "pushState"](null, "", href);
  render();
}

async function render() {
  clearTimeout(timer);
  view?.close?.();
  const params = Object.fromEntries(new URLSearchParams(location.search));
  const host = { go, setClock, keys: (...tables) => useKeys(...tables, everywhere) };
  useKeys(everywhere);
  const rendered = (params.run ? executionView : executionsView)(params, host);
  view = rendered;
  try {
    await rendered.refresh();
    if (view !== rendered) return;
    fill(main, rendered.element);
    rendered.shown?.();
    show(null);
  } catch (error) {
    if (view !== rendered) return;
    fill(
      main,
      h(
        "section",
        { class: "empty" },
        h("h1", {}, "Not to be shown"),
        h("p", {}, error.message),
        h("p", {}, link({}, "All executions")),
      ),
    );
    show(error);
  }
  schedule(REFRESH_MS);
}

async function refresh() {
  clearTimeout(timer);
  const refreshed = view;
  const began = performance.now();
  try {
    await refreshed.refresh();
    if (view === refreshed && !refreshed.element.isConnected) fill(main, refreshed.element);
    show(null);
  } catch (error) {
    show(error);
  }
  if (view === refreshed) schedule(Math.max(REFRESH_MS, REST * (performance.now() - began)));
}

function schedule(delay) {
  clearTimeout(timer);
  if (!paused && !document.hidden && view?.isLive() !== false) timer = setTimeout(refresh, delay);
}

function show(error) {
  if (error && !(error instanceof Trouble)) console.error(error);
  trouble.hidden = !error;
  trouble.textContent = error ? error.message : "";
  const state = error ? "lost" : paused ? "paused" : view?.isLive() === false ? "final" : "live";
  live.dataset.state = state;
  const words = { live: "live", paused: "paused", final: "final", lost: "no answer" };
  if (live.textContent !== words[state]) live.textContent = words[state];
}

function setClock(now) {
  clockOffset = now - Date.now() / 1000;
}

setInterval(() => {
  const now = Date.now() / 1000 + clockOffset;
  for (const element of document.querySelectorAll("[data-since]")) {
    const text = duration(Math.max(0, Math.floor(now - element.dataset.since)));
    if (now - element.dataset.since >= 1 && element.textContent !== text) element.textContent = text;
  }
}, 1000);

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && view) refresh();
});
window.addEventListener("popstate", render);
document.addEventListener("click", (event) => {
  const anchor = event.target instanceof Element ? event.target.closest("a") : null;
  if (!anchor || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey)
    return;
  const target = new URL(anchor.href);
  if (
    target.origin !== location.origin ||
    target.pathname !== "/" ||
    target.hash ||
    anchor.hasAttribute("download")
  )
    return;
  event.preventDefault();
  if (view?.navigate?.(Object.fromEntries(target.searchParams))) return;
  go(target.pathname + target.search);
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
});
render();

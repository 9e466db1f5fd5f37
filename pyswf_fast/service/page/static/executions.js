// Domains and executions: filters, newest first, a page at a time.

import { get } from "./api.js";
import { address, fill, h, link } from "./dom.js";
import { count, counted, statusText } from "./format.js";
import { rowOf } from "./execution-row.js";

const PAGE = 50;
const MOST_REQUESTS = 40; // for one page; each looks at 2,500 executions at most
const FILTERS = ["workflow", "type", "tag", "status", "since", "until"];
const STATUSES = [
  "OPEN",
  "CLOSED",
  "COMPLETED",
  "FAILED",
  "CANCELED",
  "TERMINATED",
  "CONTINUED_AS_NEW",
  "TIMED_OUT",
];
const PATIENCE_MS = 300;

/** The view; `params` hold the domain, the filters and where the page begins. */
export function executionsView(params, host) {
  const title = h("h1", {}, "Executions");
  const domains = h("select", { id: "domain", onchange: () => host.go(address({ domain: domains.value })) });
  const about = h("p", { class: "muted" });
  const form = h(
    "form",
    {
      class: "filters",
      role: "search",
      "aria-label": "Filters",
      // A form of several fields without a button to submit it has no `submit` by Enter.
      onkeydown: (event) => {
        if (event.key !== "Enter" || event.target.type !== "search") return;
        event.preventDefault();
        apply().then(() => move(1));
      },
    },
    field("workflow", "Workflow id", { type: "search", placeholder: "part of it", "aria-keyshortcuts": "/" }),
    field("type", "Type", { type: "search", placeholder: "name version" }),
    field("tag", "Tag", { type: "search", placeholder: "exact" }),
    h(
      "label",
      {},
      h("span", {}, "Status"),
      h(
        "select",
        { name: "status", onchange: () => apply() },
        h("option", { value: "" }, "any"),
        ...STATUSES.map((status) =>
          h("option", { value: status, selected: params.status === status }, statusText(status)),
        ),
      ),
    ),
    field("since", "Started since", { type: "datetime-local", step: "1" }),
    field("until", "Started until", { type: "datetime-local", step: "1" }),
    h(
      "button",
      { type: "button", class: "clear", onclick: () => host.go(address({ domain: params.domain })) },
      "Clear",
    ),
  );
  const body = h("tbody", {});
  const table = h(
    "table",
    { class: "executions" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ...["Status", "Workflow", "Type", "Started", "Time", "Events", "Open now"].map((text) =>
          h("th", { scope: "col" }, text),
        ),
      ),
    ),
    body,
  );
  const paging = h("nav", { class: "paging", "aria-label": "Pages" });
  const empty = h("div", { class: "empty", hidden: true });
  const element = h(
    "section",
    {},
    h("div", { class: "head" }, title, h("label", { class: "domain" }, h("span", {}, "Domain"), domains)),
    about,
    form,
    h("div", { class: "scroll" }, table),
    empty,
    paging,
  );
  const rows = new Map();
  let timer = 0;

  function field(name, text, attributes) {
    const value =
      (name === "since" || name === "until") && params[name] ? local(params[name]) : params[name] || "";
    const input = h("input", {
      name,
      value,
      ...attributes,
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(apply, PATIENCE_MS);
      },
    });
    return h("label", {}, h("span", {}, text), input);
  }

  function apply() {
    clearTimeout(timer);
    const given = Object.fromEntries(FILTERS.map((name) => [name, form.elements[name].value.trim()]));
    for (const name of ["since", "until"])
      if (given[name]) given[name] = Math.floor(new Date(given[name]).getTime() / 1000);
    Object.assign(params, given, { before: "" });
    history.replaceState(null, "", address(params));
    return refresh();
  }

  let asked = 0;

  async function refresh() {
    const number = ++asked;
    const known = (await get("domains")).domains;
    if (!known.length) {
      showEmpty(params, known);
      return;
    }
    if (!params.domain)
      params.domain = known.reduce((most, one) => (one.executions > most.executions ? one : most)).domain;
    showDomains(known);
    const found = [];
    let before = params.before;
    let now = 0;
    let requests = 0;
    do {
      const page = await get("executions", { ...params, before, limit: PAGE - found.length });
      found.push(...page.executions);
      ({ before, now } = page);
    } while (before !== null && found.length < PAGE && ++requests < MOST_REQUESTS && number === asked);
    if (number !== asked) return;
    host.setClock(now);
    showRows(found, now);
    showEmpty(params, known, found);
    fill(
      paging,
      params.before ? link({ ...params, before: "" }, "« Newest") : null,
      before !== null ? link({ ...params, before }, found.length < PAGE ? "Search on »" : "Older »") : null,
    );
  }

  function showDomains(known) {
    const signature = JSON.stringify(known);
    if (domains.dataset.known === signature) return;
    domains.dataset.known = signature;
    const names = known.map((one) => one.domain);
    fill(
      domains,
      names.includes(params.domain) ? null : h("option", { value: params.domain }, params.domain),
      ...known.map((one) =>
        h(
          "option",
          { value: one.domain },
          `${one.domain}${one.status === "DEPRECATED" ? " (deprecated)" : ""}`,
        ),
      ),
    );
    domains.value = params.domain;
    const one = known.find(({ domain }) => domain === params.domain);
    about.textContent = one
      ? [
          `${count(one.open)} open of ${counted(one.executions, "execution")}`,
          one.retention === "NONE" || one.retention === "0"
            ? "closed ones are not kept"
            : `closed ones are kept for ${counted(Number(one.retention), "day")}`,
          one.region,
          one.description,
        ]
          .filter(Boolean)
          .join(" · ")
      : "";
    document.title = `${params.domain} · pyswf-fast`;
  }

  function showRows(found, now) {
    const kept = new Map();
    for (const info of found) {
      const { runId } = info.execution;
      const signature = JSON.stringify(info);
      let row = rows.get(runId);
      if (row?.dataset.signature !== signature) {
        const focused = row?.contains(document.activeElement);
        const made = rowOf(info, params, now);
        made.dataset.signature = signature;
        if (row) row.replaceWith(made);
        if (focused) made.querySelector("a").focus();
        row = made;
      }
      kept.set(runId, row);
    }
    rows.clear();
    for (const [runId, row] of kept) rows.set(runId, row);
    const wanted = [...kept.values()];
    if (wanted.length !== body.children.length || wanted.some((row, n) => body.children[n] !== row)) {
      const focused = document.activeElement;
      body.replaceChildren(...wanted);
      if (body.contains(focused)) focused.focus();
    }
  }

  function showEmpty(given, known, found = []) {
    empty.hidden = found.length > 0;
    table.hidden = !found.length;
    form.hidden = !known.length;
    const isFiltered = FILTERS.some((name) => given[name]);
    if (!known.length)
      fill(
        empty,
        h("h2", {}, "No domains yet"),
        h("p", {}, "Register one, or start a worker, which registers its own:"),
        h("pre", {}, sample()),
      );
    else if (isFiltered)
      fill(
        empty,
        h("h2", {}, "No execution passes these filters"),
        h("p", {}, link({ domain: given.domain }, "Clear the filters")),
      );
    else
      fill(
        empty,
        h("h2", {}, "No executions yet"),
        h("p", {}, "Start one in this domain:"),
        h("pre", {}, sample(given.domain)),
      );
  }

  function move(step) {
    const links = [...body.querySelectorAll("a.name")];
    const index = links.indexOf(document.activeElement);
    links[Math.max(0, Math.min(links.length - 1, index + step))]?.focus();
  }

  host.keys({
    title: "Executions",
    keys: [
      ["/", "filter by workflow id; Enter goes to what was found", () => form.elements.workflow.focus()],
      [["j", "ArrowDown"], "next execution", () => move(1)],
      [["k", "ArrowUp"], "the one before", () => move(-1)],
      ["Enter", "show it"],
      ["o", "older", () => paging.querySelector("a:last-child")?.click()],
      ["n", "newest", () => host.go(address({ ...params, before: "" }))],
      ["c", "clear the filters", () => host.go(address({ domain: params.domain }))],
    ],
  });
  return {
    element,
    refresh,
    isLive: () => true,
    up: () => null,
    close: () => {
      clearTimeout(timer);
      asked++;
    },
  };
}

function local(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

function sample(domain = "play") {
  return [
    `export AWS_ENDPOINT_URL_SWF=${location.origin} PYSWF_DOMAIN=${domain}`,
    "pyswf-fast worker sums &",
    "pyswf-fast start sums:total 1 2 3 4 --wait",
  ].join("\n");
}

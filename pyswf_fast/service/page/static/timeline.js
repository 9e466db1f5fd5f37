// The timeline of an execution: an axis that zooms, its folds, and a lane for each thing that ran or waited.

import { Axis } from "./axis.js";
import { fill, h } from "./dom.js";
import { clock, count, counted, duration, instant } from "./format.js";
import { barTitle, laneText } from "./lane-detail.js";
import { buildLanes, busyIntervals, groupLanes } from "./lanes.js";
import { mergeBars } from "./bars.js";
import { Rows } from "./rows.js";

const ROW = 26;
const TICK_GAP = 90;
const NARROWEST_MS = 5;

export class Timeline {
  /** @param options.chosen called with the lane that was chosen */
  constructor({ chosen }) {
    this.lanes = [];
    this.shownLanes = [];
    this.open = new Set();
    this.grouped = false;
    this.window = null; // positions in sight; null is all
    this.rows = new Rows({
      label: "Timeline",
      height: ROW,
      draw: (index, row) => this.drawLane(index, row),
      chosen: (index) => chosen(this.shownLanes[index]),
    });
    this.scale = h("div", { class: "scale" });
    this.bands = h("div", { class: "bands", "aria-hidden": "true" });
    this.said = h("span", { class: "said", role: "status" });
    this.foldAll = this.toggle("Fold idle time", "f", true, () => this.toggleFolds());
    this.groupAll = this.toggle("Group by type", "g", false, () => this.toggleGroups());
    this.element = h(
      "section",
      { class: "timeline", "aria-label": "Timeline" },
      h(
        "div",
        { class: "tools" },
        this.button("−", "zoom out", "-", () => this.zoom(2)),
        this.button("+", "zoom in", "+", () => this.zoom(0.5)),
        this.button("←", "earlier", "ArrowLeft", () => this.pan(-0.25)),
        this.button("→", "later", "ArrowRight", () => this.pan(0.25)),
        this.button("All", "all of it", "0", () => this.show(null)),
        this.foldAll,
        this.groupAll,
        this.said,
      ),
      h(
        "div",
        { class: "legend", "aria-hidden": "true" },
        ...[
          ["wait", "waits"],
          ["run", "runs"],
          ["run completed", "completed"],
          ["run failed", "failed"],
          ["run timed-out", "timed out"],
          ["run canceled", "canceled"],
          ["back-off", "back-off"],
        ].map(([name, text]) => h("span", {}, h("i", { class: `bar ${name}` }), text)),
      ),
      h("div", { class: "chart" }, h("div", { class: "corner" }), this.scale, this.bands, this.rows.element),
    );
    this.keys = {
      title: "Timeline",
      keys: [
        [["+", "="], "zoom in", () => this.zoom(0.5)],
        ["-", "zoom out", () => this.zoom(2)],
        [
          ["ArrowLeft", "ArrowRight"],
          "earlier, later",
          (key) => this.pan(key === "ArrowLeft" ? -0.25 : 0.25),
        ],
        ["0", "all of it", () => this.show(null)],
        ["f", "fold idle time, or not", () => this.toggleFolds()],
        ["g", "group by type, or not", () => this.toggleGroups()],
        [["ArrowUp", "ArrowDown"], "choose a lane, in the chart"],
      ],
    };
    this.rows.element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.draw()).observe(this.rows.element);
  }

  button(text, label, key, action) {
    const title = `${label[0].toUpperCase()}${label.slice(1)}`;
    return h(
      "button",
      { type: "button", "aria-label": title, title, "aria-keyshortcuts": key, onclick: action },
      text,
    );
  }

  toggle(text, key, pressed, action) {
    return h(
      "button",
      { type: "button", "aria-pressed": String(pressed), "aria-keyshortcuts": key, onclick: action },
      text,
    );
  }

  /** Show these events; `end` is when the execution closed, or now, in milliseconds. */
  update(events, end) {
    if (!events.length) return;
    this.lanes = buildLanes(events, end);
    this.busy = busyIntervals(this.lanes, events);
    this.start = this.lanes[0].first;
    this.end = Math.max(end, this.lanes[0].last);
    this.layOut();
  }

  layOut() {
    const before = this.axis && this.window && this.window.map((position) => this.axis.instant(position));
    this.axis = new Axis(
      this.busy,
      this.start,
      this.end,
      this.foldAll.getAttribute("aria-pressed") === "true" ? this.open : "all",
    );
    if (before) this.window = before.map((at) => this.axis.position(at));
    this.choose();
    this.draw();
  }

  /** Which lanes have something between the edges of the window. */
  choose() {
    const lanes = this.grouped ? groupLanes(this.lanes) : this.lanes;
    const [first, last] = this.edges().map((position) => this.axis.instant(position));
    const chosen = this.shownLanes[this.rows.choice];
    this.shownLanes = this.window ? lanes.filter((lane) => lane.first <= last && lane.last >= first) : lanes;
    this.rows.choice = chosen
      ? this.shownLanes.findIndex(
          (lane) => lane.bars[0].event === chosen.bars[0].event && lane.kind === chosen.kind,
        )
      : -1;
    this.said.textContent =
      this.shownLanes.length < lanes.length
        ? `${count(this.shownLanes.length)} of ${counted(lanes.length, "lane")}`
        : counted(lanes.length, "lane");
  }

  edges() {
    return this.window || [0, this.axis.length];
  }

  show(window) {
    this.window = window;
    this.choose();
    this.draw();
  }

  zoom(factor, at = 0.5) {
    const [first, last] = this.edges();
    const width = Math.max(NARROWEST_MS, (last - first) * factor);
    if (width >= this.axis.length) this.show(null);
    else this.move(first + (last - first - width) * at, width);
  }

  pan(part) {
    const [first, last] = this.edges();
    if (this.window) this.move(first + (last - first) * part, last - first);
  }

  move(first, width) {
    const kept = Math.max(0, Math.min(first, this.axis.length - width));
    this.show([kept, kept + width]);
  }

  wheel(event) {
    const track = this.scale.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(
        Math.exp(event.deltaY / 200),
        Math.max(0, Math.min(1, (event.clientX - track.left) / track.width)),
      );
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.pan((event.deltaX || event.deltaY) / track.width);
    }
  }

  toggleFolds() {
    const folded = this.foldAll.getAttribute("aria-pressed") === "true";
    this.foldAll.setAttribute("aria-pressed", String(!folded));
    this.open.clear();
    this.window = null;
    this.layOut();
  }

  toggleGroups() {
    this.grouped = !this.grouped;
    this.groupAll.setAttribute("aria-pressed", String(this.grouped));
    this.rows.choice = -1;
    this.choose();
    this.draw();
  }

  toggleFold(from) {
    if (!this.open.delete(from)) this.open.add(from);
    this.window = null;
    this.layOut();
    this.scale.querySelector(`[data-from="${from}"]`)?.focus();
  }

  draw() {
    if (!this.axis) return;
    this.width = this.scale.clientWidth;
    this.drawScale();
    this.rows.reset(this.shownLanes.length);
  }

  x(at) {
    const [first, last] = this.edges();
    return ((this.axis.position(at) - first) / (last - first)) * this.width;
  }

  drawScale() {
    const [first, last] = this.edges();
    const perPixel = (last - first) / Math.max(1, this.width);
    const marks = this.axis.ticks(first, last, TICK_GAP * perPixel).map(({ instant: at, position, step }) => {
      const tick = h("span", { class: "tick", title: instant(at / 1000) }, clock(at - this.start, step));
      tick.style.left = `${(position - first) / perPixel}px`;
      return tick;
    });
    const bands = [];
    const isFolding = this.foldAll.getAttribute("aria-pressed") === "true";
    let free = -Infinity;
    for (const [from, to] of isFolding ? this.axis.foldable : []) {
      const [left, right] = [this.x(from), this.x(to)];
      if (right < 0 || left > this.width) continue;
      const folded = !this.open.has(from);
      const band = h("i", { class: folded ? "band" : "band unfolded" });
      band.style.left = `${Math.max(0, left)}px`;
      band.style.width = `${Math.min(this.width, right) - Math.max(0, left)}px`;
      if (right - left >= 2) bands.push(band);
      const middle = (Math.max(0, left) + Math.min(this.width, right)) / 2;
      const text = duration((to - from) / 1000);
      const half = folded ? text.length * 3.2 + 14 : 20;
      const place = Math.max(half, Math.min(middle, this.width - half));
      if (place - half < free) continue;
      free = place + half;
      const label = folded ? `${text} idle, folded: unfold` : `${text} idle: fold`;
      const button = h(
        "button",
        {
          type: "button",
          class: "fold",
          "aria-label": label,
          title: label,
          "aria-expanded": String(!folded),
          "data-from": from,
          onclick: () => this.toggleFold(from),
        },
        folded ? `⋯ ${text}` : "fold",
      );
      button.style.left = `${place}px`;
      marks.push(button);
    }
    fill(this.scale, marks);
    fill(this.bands, bands);
  }

  drawLane(index, row) {
    const lane = this.shownLanes[index];
    const track = h("span", { class: "track" });
    for (const merged of mergeBars(lane, (at) => this.x(at), this.width)) {
      const bar = h("i", {
        class: `bar ${lane.kind} ${merged.phase} ${merged.outcome}`,
        "data-event": merged.event,
        title: barTitle(lane, merged),
      });
      bar.style.left = `${merged.left}px`;
      bar.style.width = `${merged.width}px`;
      track.append(bar);
    }
    row.classList.add("lane", lane.kind);
    row.setAttribute("aria-label", laneText(lane));
    row.title = lane.type ? `${lane.type}  ${lane.name}` : lane.name;
    row.append(
      h(
        "span",
        { class: "lane-name" },
        lane.type && lane.kind !== "timer" ? h("b", {}, lane.type) : null,
        lane.kind === "timer" ? `timer ${lane.name}` : lane.name,
      ),
      track,
    );
  }
}

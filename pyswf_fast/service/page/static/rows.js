// A list of any length of which only the rows in sight are elements: a listbox with one stop for Tab.

import { h } from "./dom.js";

const SPARE = 6; // rows drawn above and below those in sight

export class Rows {
  /**
   * @param options.label what it is a list of, for screen readers
   * @param options.height of a row in pixels
   * @param options.draw makes a row's content: (index, row element)
   * @param options.chosen called when the choice moved: (index)
   */
  constructor({ label, height, draw, chosen }) {
    this.height = height;
    this.draw = draw;
    this.chosen = chosen;
    this.count = 0;
    this.choice = -1;
    this.drawn = new Map();
    this.canvas = h("div", { class: "rows-canvas", role: "presentation" });
    this.element = h(
      "div",
      { class: "rows", role: "listbox", tabindex: "0", "aria-label": label },
      this.canvas,
    );
    this.id = `rows-${label.replaceAll(/\W+/g, "-")}`;
    this.element.addEventListener("scroll", () => this.paint());
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.choose(Number(row.dataset.index));
    });
    new ResizeObserver(() => this.paint()).observe(this.element);
  }

  /** There are `count` rows now, and what they show may have changed. */
  reset(count) {
    this.count = count;
    if (this.choice >= count) this.choice = count - 1;
    this.canvas.style.height = `${count * this.height}px`;
    this.clear();
    this.paint();
  }

  clear() {
    this.drawn.clear();
    this.canvas.replaceChildren();
  }

  paint() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / this.height) - SPARE);
    const seen = Math.ceil(this.element.clientHeight / this.height) + 2 * SPARE;
    const last = Math.min(this.count - 1, first + seen);
    for (const [index, row] of this.drawn) {
      if (index < first || index > last) {
        row.remove();
        this.drawn.delete(index);
      }
    }
    for (let index = first; index <= last; index++) {
      if (!this.drawn.has(index)) this.drawn.set(index, this.canvas.appendChild(this.row(index)));
    }
    const chosen = this.drawn.get(this.choice);
    if (chosen) this.element.setAttribute("aria-activedescendant", chosen.id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  row(index) {
    const row = h("div", {
      role: "option",
      id: `${this.id}-${index}`,
      "data-index": index,
      "aria-setsize": this.count,
      "aria-posinset": index + 1,
      "aria-selected": String(index === this.choice),
    });
    row.style.top = `${index * this.height}px`;
    row.style.height = `${this.height}px`;
    this.draw(index, row);
    return row;
  }

  /** Choose a row and bring it into sight. */
  choose(index, { quietly = false } = {}) {
    if (!this.count) return;
    const before = this.drawn.get(this.choice);
    this.choice = Math.max(0, Math.min(this.count - 1, index));
    before?.setAttribute("aria-selected", "false");
    const top = this.choice * this.height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight)
      this.element.scrollTop = top + this.height - clientHeight;
    this.paint();
    this.drawn.get(this.choice)?.setAttribute("aria-selected", "true");
    if (!quietly) this.chosen(this.choice);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
    const steps = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.choose(this.choice < 0 && step > 0 && step !== Infinity ? 0 : this.choice + step);
  }
}

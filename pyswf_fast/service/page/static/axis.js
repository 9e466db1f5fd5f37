// Time along the x-axis. Long stretches in which nothing ran and nothing happened are folded to a mark.
//
// Positions on the folded axis are in milliseconds, as instants are: only folds are shorter than their time.

const SHORTEST_FOLD_MS = 1000;
const FOLD_SHARE = 0.11; // of what is not folded, for one fold
const ALL_FOLDS_SHARE = 0.5; // for all of them together

/** The stretches between `start` and `end` that no interval `[from, to]` touches. */
export function idleGaps(intervals, start, end) {
  const sorted = [...intervals].sort((a, b) => a[0] - b[0]);
  const gaps = [];
  let reached = start;
  for (const [from, to] of [...sorted, [end, end]]) {
    if (from > reached) gaps.push([reached, from]);
    if (to > reached) reached = to;
  }
  return gaps;
}

/** Which gaps to fold: the longest, class by class, until idle time takes no more than half of the axis. */
export function chooseFolds(gaps, span) {
  const longestFirst = gaps
    .filter(([from, to]) => to - from >= SHORTEST_FOLD_MS)
    .sort((a, b) => b[1] - b[0] - (a[1] - a[0]));
  let idle = longestFirst.reduce((sum, [from, to]) => sum + to - from, 0);
  let left = span;
  const folds = [];
  while (folds.length < longestFirst.length && idle > left / 2) {
    const limit = (longestFirst[folds.length][1] - longestFirst[folds.length][0]) / 4;
    while (folds.length < longestFirst.length) {
      const [from, to] = longestFirst[folds.length];
      if (to - from < limit) break;
      folds.push([from, to]);
      idle -= to - from;
      left -= to - from;
    }
  }
  return folds;
}

export class Axis {
  /**
   * @param intervals when something ran, or (from = to) happened
   * @param open beginnings of folds that are shown unfolded; "all" for all
   */
  constructor(intervals, start, end, open = new Set()) {
    this.start = start;
    this.end = Math.max(end, start + 1);
    this.foldable = chooseFolds(idleGaps(intervals, start, this.end), this.end - start).sort(
      (a, b) => a[0] - b[0],
    );
    const folds = open === "all" ? [] : this.foldable.filter(([from]) => !open.has(from));
    const folded = folds.reduce((sum, [from, to]) => sum + to - from, 0);
    const shown = this.end - start - folded || 1;
    const width = shown * Math.min(FOLD_SHARE, ALL_FOLDS_SHARE / folds.length);
    this.pieces = [];
    let at = start;
    let position = 0;
    const add = (to, length, isFold) => {
      this.pieces.push({ from: at, to, position, length, isFold });
      at = to;
      position += length;
    };
    for (const [from, to] of folds) {
      if (from > at) add(from, from - at, false);
      add(to, width, true);
    }
    if (this.end > at || !this.pieces.length) add(this.end, this.end - at, false);
    this.length = position;
  }

  /** Where an instant is on the axis. */
  position(instant) {
    const piece = this.find((one) => one.to >= instant);
    const part = (instant - piece.from) / (piece.to - piece.from || 1);
    return piece.position + piece.length * Math.max(0, part);
  }

  /** Which instant is at a position. */
  instant(position) {
    const piece = this.find((one) => one.position + one.length >= position);
    return (
      piece.from + (piece.to - piece.from) * Math.max(0, (position - piece.position) / (piece.length || 1))
    );
  }

  find(reaches) {
    let low = 0;
    let high = this.pieces.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (reaches(this.pieces[middle])) high = middle;
      else low = middle + 1;
    }
    return this.pieces[low];
  }

  /** What to label between two positions, none nearer to another than `gap`: `{instant, position, step}`. */
  ticks(first, last, gap) {
    const step = niceStep(gap);
    const found = [];
    let free = first;
    for (const piece of this.pieces) {
      if (piece.isFold || piece.position + piece.length < first || piece.position > last) continue;
      const from = Math.max(piece.from, this.instant(Math.max(first, piece.position)));
      for (let n = Math.ceil((from - this.start) / step); ; n++) {
        const instant = this.start + n * step;
        const position = piece.position + instant - piece.from;
        if (instant > piece.to || position > last) break;
        if (position >= free) {
          found.push({ instant, position, step });
          free = position + gap;
        }
      }
    }
    return found;
  }
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 1.2e5, 3e5, 6e5, 9e5, 1.8e6, 3.6e6,
  7.2e6, 1.08e7, 2.16e7, 4.32e7, 8.64e7, 1.728e8, 6.048e8, 2.592e9,
];

function niceStep(least) {
  return STEPS.find((step) => step >= least) || Math.ceil(least / 2.592e9) * 2.592e9;
}

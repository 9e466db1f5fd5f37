// Bars in pixels: what would be too narrow to see is widened, and what falls on one place is one bar.

const NARROWEST = 3;
const WORSE = ["failed", "timed-out", "canceled", "open", "completed"];

/**
 * The bars of a lane in sight, `{left, width, phase, outcome, event, from, to, merged}`: at most as many as
 * there is room for, however many the lane has.
 *
 * @param x gives the pixel of an instant
 * @param width of the lane in pixels
 */
export function mergeBars(lane, x, width) {
  const drawn = [];
  const bars = lane.members ? lane.bars.filter(({ phase }) => phase === "run") : lane.bars;
  for (const bar of bars.length ? bars : lane.bars) {
    const isMark = bar.phase === "mark";
    const begin = x(bar.from);
    const finish = isMark ? begin : x(bar.to);
    if (finish < 0 || begin > width) continue;
    const left = Math.max(isMark ? begin - 4 : begin, isMark ? -4 : 0);
    const right = Math.max(Math.min(finish, width), left + (isMark ? 9 : NARROWEST));
    const before = drawn[drawn.length - 1];
    if (before && joins(before, bar, left, right, Boolean(lane.members))) {
      before.width = Math.max(before.left + before.width, right) - before.left;
      before.to = Math.max(before.to, bar.to);
      before.merged += 1;
      if (WORSE.indexOf(bar.outcome) < WORSE.indexOf(before.outcome) && bar.outcome !== "open")
        before.outcome = bar.outcome;
      if (bar.phase === "run") before.phase = "run";
    } else {
      drawn.push({ ...bar, left, width: right - left, merged: 1 });
    }
  }
  return drawn;
}

function joins(before, bar, left, right, grouped) {
  const reached = before.left + before.width;
  if (left >= reached + 0.5) return false;
  if (grouped) return true;
  const bothNarrow = before.width <= NARROWEST * 2 && right - left <= NARROWEST;
  return bothNarrow || (left < reached - 0.5 && before.phase === bar.phase && before.outcome === bar.outcome);
}

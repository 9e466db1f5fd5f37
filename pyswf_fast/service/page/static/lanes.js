// A history as lanes: what ran, waited and happened, each with its bars and marks.

import { attributesOf, millis, typeText } from "./events.js";

/**
 * A bar is `{from, to, phase, outcome, event}`: phase "wait" (in its list, or before it started), "run" or
 * "back-off"; outcome "open", "completed", "failed", "timed-out" or "canceled"; event, where it began.
 * A lane is `{kind, name, type, bars, events, first, last}`.
 */
export function buildLanes(events, now) {
  return new Builder(events, now).build();
}

/** When something ran, or happened: the rest is idle. */
export function busyIntervals(lanes, events) {
  const ran = lanes
    .filter(({ kind }) => ["decisions", "activity", "lambda"].includes(kind))
    .flatMap(({ bars }) => bars.filter(({ phase }) => phase === "run").map(({ from, to }) => [from, to]));
  return [...ran, ...events.map((event) => [millis(event), millis(event)])];
}

/** The lanes of a kind and type as one each. */
export function groupLanes(lanes) {
  const groups = new Map();
  for (const lane of lanes) {
    const key = `${lane.kind}\n${lane.type}`;
    const group = groups.get(key);
    if (group) group.push(lane);
    else groups.set(key, [lane]);
  }
  return [...groups.values()].map((members) =>
    members.length === 1
      ? members[0]
      : {
          ...members[0],
          name: `${members.length.toLocaleString("en-US")} ×`,
          members,
          bars: members.flatMap(({ bars }) => bars).sort((a, b) => a.from - b.from),
          first: Math.min(...members.map(({ first }) => first)),
          last: members.reduce((latest, { last }) => Math.max(latest, last), 0),
        },
  );
}

const OUTCOMES = {
  Completed: "completed",
  Failed: "failed",
  TimedOut: "timed-out",
  Canceled: "canceled",
  Terminated: "failed",
  Fired: "completed",
  ContinuedAsNew: "completed",
};
const BACK_OFF = /^([alc])(\d+)-\d+$/; // the library's timer before another attempt
const ATTEMPT = /^(\d+)-\d+$/; // the library's id of an attempt beyond the first

class Builder {
  constructor(events, now) {
    this.events = events;
    this.now = now;
    this.lanes = [];
    this.byKey = new Map();
    this.begun = new Map(); // by the id of the event that began it
  }

  build() {
    if (!this.events.length) return [];
    const first = this.events[0];
    this.execution = this.lane("execution", "", "Execution", "");
    this.decisions = this.lane("decisions", "", "Decisions", "");
    this.marks = this.lane("marks", "", "Signals and marks", "");
    this.begin(this.execution, first, "run");
    for (const event of this.events) this.take(event, attributesOf(event));
    for (const { bar } of this.begun.values())
      if (bar.outcome === "open") bar.to = Math.max(bar.from, this.now);
    for (const lane of this.lanes) {
      lane.bars.sort((a, b) => a.from - b.from);
      lane.first = lane.bars.length ? lane.bars[0].from : 0;
      lane.last = lane.bars.reduce((latest, { to }) => Math.max(latest, to), 0);
    }
    return this.lanes.filter(({ bars }) => bars.length);
  }

  take(event, attributes) {
    const { eventType: type } = event;
    const end = type.match(/(Completed|Failed|TimedOut|Canceled|Terminated|Fired|ContinuedAsNew)$/)?.[1];
    if (type.startsWith("WorkflowExecution") && end) {
      this.end(1, event, OUTCOMES[end]);
    } else if (type.startsWith("DecisionTask")) {
      if (type.endsWith("Scheduled")) this.begin(this.decisions, event, "wait");
      else this.step(attributes.scheduledEventId, event, end);
    } else if (type === "ActivityTaskScheduled") {
      this.begin(
        this.attempted("activity", attributes.activityId, typeText(attributes.activityType)),
        event,
        "wait",
      );
    } else if (type === "LambdaFunctionScheduled") {
      this.begin(this.attempted("lambda", attributes.id, attributes.name), event, "wait");
    } else if (type === "StartLambdaFunctionFailed") {
      this.end(attributes.scheduledEventId, event, "failed");
    } else if (/^(ActivityTask|LambdaFunction)(Started|Completed|Failed|TimedOut|Canceled)$/.test(type)) {
      this.step(attributes.scheduledEventId, event, end);
    } else if (type === "TimerStarted") {
      const [, kind, number] = attributes.timerId.match(BACK_OFF) || [];
      const served = this.byKey.get(`${{ a: "activity", l: "lambda" }[kind]}\n${number}`);
      if (served) this.begin(served, event, "back-off");
      else this.begin(this.lane("timer", attributes.timerId, attributes.timerId, "timer"), event, "wait");
    } else if (type === "TimerFired" || type === "TimerCanceled") {
      this.end(attributes.startedEventId, event, OUTCOMES[end]);
    } else if (type === "StartChildWorkflowExecutionInitiated") {
      const lane = this.lane(
        "child",
        event.eventId,
        attributes.workflowId,
        typeText(attributes.workflowType),
      );
      this.begin(lane, event, "wait");
    } else if (type.startsWith("ChildWorkflowExecution")) {
      this.step(attributes.initiatedEventId, event, end);
    } else if (type === "StartChildWorkflowExecutionFailed" && this.begun.has(attributes.initiatedEventId)) {
      this.end(attributes.initiatedEventId, event, "failed");
    } else if (type !== "WorkflowExecutionStarted") {
      this.mark(event, end === "Failed" ? "failed" : markOf(type));
    }
  }

  lane(kind, id, name, type) {
    const key = `${kind}\n${id}`;
    let lane = kind === "timer" ? undefined : this.byKey.get(key);
    if (!lane) {
      lane = { kind, name, type, bars: [], events: [] };
      this.lanes.push(lane);
      this.byKey.set(key, lane);
    }
    return lane;
  }

  /** The lane of all attempts at an activity or function. */
  attempted(kind, id, type) {
    const first = id.match(ATTEMPT)?.[1];
    const before = first === undefined ? undefined : this.byKey.get(`${kind}\n${first}`);
    if (before && before.type === type) return before;
    const same = this.byKey.get(`${kind}\n${id}`);
    if (same && same.type !== type) this.byKey.delete(`${kind}\n${id}`);
    return this.lane(kind, id, id, type);
  }

  begin(lane, event, phase) {
    const bar = { from: millis(event), to: millis(event), phase, outcome: "open", event: event.eventId };
    lane.bars.push(bar);
    lane.events.push(event.eventId);
    this.begun.set(event.eventId, { lane, bar });
  }

  step(begunId, event, end) {
    if (end) {
      this.end(begunId, event, OUTCOMES[end]);
      return;
    }
    const begun = this.begun.get(begunId);
    if (!begun) return;
    begun.bar.to = millis(event);
    begun.bar.outcome = "completed";
    begun.bar = { ...begun.bar, from: millis(event), phase: "run", outcome: "open" };
    begun.lane.bars.push(begun.bar);
    begun.lane.events.push(event.eventId);
  }

  end(begunId, event, outcome) {
    const begun = this.begun.get(begunId);
    if (!begun) return;
    begun.bar.to = millis(event);
    begun.bar.outcome = outcome;
    begun.lane.events.push(event.eventId);
  }

  mark(event, outcome) {
    const at = millis(event);
    this.marks.bars.push({ from: at, to: at, phase: "mark", outcome, event: event.eventId });
    this.marks.events.push(event.eventId);
  }
}

function markOf(type) {
  if (type.includes("CancelRequested")) return "canceled";
  return type.includes("Signal") ? "signal" : "marker";
}

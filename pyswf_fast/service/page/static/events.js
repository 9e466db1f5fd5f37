// What history events say, in few words.

import { timeout } from "./format.js";

/** The attributes of an event. */
export function attributesOf(event) {
  return event[`${event.eventType[0].toLowerCase()}${event.eventType.slice(1)}EventAttributes`] || {};
}

/** When it happened, in milliseconds. */
export function millis(event) {
  return Math.round(event.eventTimestamp * 1000);
}

/** A workflow or activity type. */
export function typeText(type) {
  return `${type.name} ${type.version}`;
}

/** The colour that an event is shown with. */
export function tone(type) {
  if (/Failed$|TimedOut$|Terminated$/.test(type)) return "bad";
  if (/Cancel/.test(type)) return "canceled";
  if (/^DecisionTask/.test(type)) return "decision";
  if (/^(Activity|Lambda)/.test(type)) return "activity";
  if (/^Timer/.test(type)) return "timer";
  if (/Child/.test(type)) return "child";
  if (/Signal/.test(type)) return "signal";
  return /^Marker/.test(type) ? "marker" : "execution";
}

// What one wants to see of an event first.
const TELLING = [
  "activityId",
  "timerId",
  "workflowId",
  "id",
  "signalName",
  "markerName",
  "functionId",
  "activityType",
  "workflowType",
  "name",
  "workflowExecution",
  "cause",
  "timeoutType",
  "reason",
  "startToFireTimeout",
  "identity",
  "input",
  "result",
  "details",
  "control",
  "newExecutionRunId",
];

/** An event in one line. */
export function gist(event) {
  const attributes = attributesOf(event);
  const parts = [];
  for (const name of TELLING) {
    const value = attributes[name];
    if (value === undefined || value === "" || (name === "details" && attributes.reason)) continue;
    if (typeof value === "object")
      parts.push(value.version === undefined ? (value.workflowId ?? value.name) : typeText(value));
    else parts.push(name === "startToFireTimeout" ? timeout(value) : value);
  }
  return parts.join("  ·  ");
}

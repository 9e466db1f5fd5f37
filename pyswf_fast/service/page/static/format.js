// Instants, durations and statuses as people read them.

const UNITS = [
  ["d", 86400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A duration in seconds: "3 d 4 h", "1 min 5 s", "1.25 s", "12 ms". */
export function duration(seconds) {
  if (seconds < 0) return `−${duration(-seconds)}`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(2))} s`;
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const first = UNITS.findIndex(([, size]) => whole >= size);
  const [unit, size] = UNITS[first];
  const count = Math.floor(whole / size);
  const [nextUnit, nextSize] = UNITS[first + 1];
  const rest = Math.floor((whole - count * size) / nextSize);
  return rest ? `${count} ${unit} ${rest} ${nextUnit}` : `${count} ${unit}`;
}

/** A timeout as SWF writes it. */
export function timeout(text) {
  return text === undefined ? null : text === "NONE" ? "none" : duration(Number(text));
}

/** An instant, in the reader's time zone. */
export function instant(seconds) {
  return dateTime.format(seconds * 1000);
}

/** An instant to the millisecond, in UTC. */
export function exact(seconds) {
  return new Date(Math.round(seconds * 1000)).toISOString().replace("T", " ").replace("Z", " UTC");
}

/** How long after the start something was: "+1.5 s". */
export function after(seconds) {
  return `+${seconds < 60 ? `${seconds.toFixed(3)} s` : duration(seconds)}`;
}

/** Milliseconds since the start, as precise as a scale's step: "2.5 s", "14:00:02", "3 d 14:00". */
export function clock(milliseconds, step) {
  if (!milliseconds) return "0";
  const decimals = step >= 1000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
  if (milliseconds < 60_000) return `${Number((milliseconds / 1000).toFixed(3))} s`;
  const seconds = (milliseconds % 60_000) / 1000;
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  const days = Math.floor(milliseconds / 86_400_000);
  const ofDay = `${two((milliseconds / 3_600_000) % 24)}:${two((milliseconds / 60_000) % 60)}`;
  const rest =
    step % 60_000 ? `:${seconds.toFixed(decimals).padStart(decimals ? decimals + 3 : 2, "0")}` : "";
  return `${days ? `${days} d ` : ""}${ofDay}${rest}`;
}

/** An element that keeps telling how long ago `seconds` is; `app.js` lets it tick. */
export function since(seconds, now) {
  const element = document.createElement("time");
  element.dateTime = new Date(seconds * 1000).toISOString();
  element.title = instant(seconds);
  element.dataset.since = seconds;
  element.textContent = duration(Math.max(0, now - seconds));
  return element;
}

/** The status of an execution as one word or two. */
export function statusText(status) {
  return status.toLowerCase().replaceAll("_", " ");
}

/** A number with its thousands apart. */
export function count(number) {
  return number.toLocaleString("en-US");
}

/** "1 event", "2 events". */
export function counted(number, noun, nouns = `${noun}s`) {
  return `${count(number)} ${number === 1 ? noun : nouns}`;
}

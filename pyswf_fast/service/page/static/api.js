// The service's read-only JSON.

/** What went wrong, for people; `status` is 0 when the service did not answer. */
export class Trouble extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** The answer to a GET of `/api/<name>`; raises Trouble. */
export async function get(name, params = {}) {
  const given = Object.entries(params).filter(
    ([, value]) => value !== "" && value !== null && value !== undefined,
  );
  let response;
  try {
    response = await fetch(`/api/${name}?${new URLSearchParams(given)}`);
  } catch {
    throw new Trouble("The service does not answer. This page tries again until it does.", 0);
  }
  const type = response.headers.get("content-type") || "";
  const answer = type.includes("json") ? await response.json() : { error: await response.text() };
  if (!response.ok)
    throw new Trouble(answer.error || `The service answered ${response.status}.`, response.status);
  return answer;
}

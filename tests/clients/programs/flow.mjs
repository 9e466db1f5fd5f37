// AWS's SDK for JavaScript runs a workflow with its own decider and worker; argument: the domain.
import { createRequire } from "node:module";

const { SWF, UnknownResourceFault, paginateListClosedWorkflowExecutions, paginateGetWorkflowExecutionHistory } =
  createRequire(process.env.MODULES + "/")("@aws-sdk/client-swf");

const domain = process.argv[2];
const swf = new SWF();
const sleep = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

await swf.registerDomain({ name: domain, workflowExecutionRetentionPeriodInDays: "1" });
await swf.registerWorkflowType({
  domain,
  name: "flow",
  version: "1",
  defaultTaskList: { name: "decide" },
  defaultChildPolicy: "TERMINATE",
  defaultExecutionStartToCloseTimeout: "60",
  defaultTaskStartToCloseTimeout: "10",
});
await swf.registerActivityType({
  domain,
  name: "double",
  version: "1",
  defaultTaskList: { name: "work" },
  defaultTaskScheduleToStartTimeout: "60",
  defaultTaskScheduleToCloseTimeout: "60",
  defaultTaskStartToCloseTimeout: "60",
  defaultTaskHeartbeatTimeout: "60",
});

function decide(events) {
  const of = (kind) => events.filter((event) => event.eventType === kind);
  if (of("TimerStarted").length === 0) {
    return [
      { decisionType: "StartTimer", startTimerDecisionAttributes: { timerId: "t", startToFireTimeout: "1" } },
      { decisionType: "RecordMarker", recordMarkerDecisionAttributes: { markerName: "m", details: "é 😀" } },
      ...[1, 2, 3].map((n) => ({
        decisionType: "ScheduleActivityTask",
        scheduleActivityTaskDecisionAttributes: {
          activityId: `a${n}`,
          activityType: { name: "double", version: "1" },
          input: String(n),
        },
      })),
    ];
  }
  const done = of("ActivityTaskCompleted");
  if (done.length < 3 || of("TimerFired").length < 1 || of("WorkflowExecutionSignaled").length < 1) return [];
  const results = done.map((event) => Number(event.activityTaskCompletedEventAttributes.result));
  const result = JSON.stringify(results.sort());
  return [
    {
      decisionType: "CompleteWorkflowExecution",
      completeWorkflowExecutionDecisionAttributes: { result },
    },
  ];
}

async function decider() {
  for (;;) {
    const poll = { domain, taskList: { name: "decide" }, maximumPageSize: 5 };
    const task = await swf.pollForDecisionTask(poll);
    if (!task.taskToken) continue;
    const events = [...task.events];
    for (let page = task; page.nextPageToken; ) {
      page = await swf.pollForDecisionTask({ ...poll, nextPageToken: page.nextPageToken });
      events.push(...page.events);
    }
    await swf.respondDecisionTaskCompleted({ taskToken: task.taskToken, decisions: decide(events) });
  }
}

async function worker() {
  for (;;) {
    const task = await swf.pollForActivityTask({ domain, taskList: { name: "work" }, identity: "the worker" });
    if (!task.taskToken) continue;
    await swf.recordActivityTaskHeartbeat({ taskToken: task.taskToken, details: "half way" });
    await swf.respondActivityTaskCompleted({ taskToken: task.taskToken, result: String(2 * Number(task.input)) });
  }
}

for (const loop of [decider, worker, worker]) {
  loop().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
try {
  await swf.describeDomain({ name: "none" });
} catch (error) {
  console.log(error instanceof UnknownResourceFault, error.name, error.message);
}
try {
  await swf.respondActivityTaskCompleted({ taskToken: "made up" });
} catch (error) {
  console.log(error.name, error.message);
}
const { runId } = await swf.startWorkflowExecution({
  domain,
  workflowId: "w",
  workflowType: { name: "flow", version: "1" },
  tagList: ["tagged"],
});
await swf.signalWorkflowExecution({ domain, workflowId: "w", signalName: "go" });
const execution = { workflowId: "w", runId };
let info;
do {
  await sleep(0.1);
  info = (await swf.describeWorkflowExecution({ domain, execution })).executionInfo;
} while (info.executionStatus === "OPEN");
console.log(info.closeStatus, info.closeTimestamp - info.startTimestamp >= 1000);

let events = 0;
for await (const page of paginateGetWorkflowExecutionHistory({ client: swf, pageSize: 4 }, { domain, execution })) {
  events += page.events.length;
}
let closed = 0;
const filter = { closeTimeFilter: { oldestDate: new Date(0) }, tagFilter: { tag: "tagged" } };
for await (const page of paginateListClosedWorkflowExecutions({ client: swf }, { domain, ...filter })) {
  closed += page.executionInfos.length;
}
console.log(events, closed);
process.exit(0); // polls wait for up to a minute

package clients;

import java.util.Map;
import org.camunda.bpm.client.task.ExternalTask;

/** handleFailure and handleBpmnError. */
final class Failures {
  private static final String NONE = "{}";

  /** The process has the task `a`. */
  static void retries(Engine engine) {
    Report report = new Report("failure", engine);
    String topic = engine.key("plain.a");
    Engine.Instance instance = engine.start("plain", "order-2", "{\"given\":{\"value\":1}}");
    Worker worker = new Worker(engine, "java-1");
    ExternalTask task = worker.fetch(topic).single();
    describe(report, "first", task, instance);
    worker
        .service()
        .handleFailure(
            task.getId(),
            "x".repeat(700),
            "line 1\nline 2",
            2,
            0,
            Map.of("failed", true, "given", 2),
            Map.of("own", "of the task"));
    ExternalTask again = worker.fetch(topic).single();
    describe(report, "again", again, instance);
    report.line("details", again.getErrorDetails());
    report.variables("again", again);
    report.json("stored", engine.variables(instance));
    // The pause is a lock of the worker who failed.
    long before = System.currentTimeMillis();
    worker.service().handleFailure(again, "later", null, 1, 3_600_000);
    report.line("paused", worker.fetch(topic).tasks().size());
    var row = engine.get("/external-task?processInstanceId=" + instance.id()).get(0);
    report.line("holder", row.get("workerId"));
    report.line("pause", minutes(before, row.get("lockExpirationTime").asText()) + " minutes");
    worker.service().handleFailure(again, "no more", "why", 0, 0);
    report.line("given out", worker.fetch(topic).tasks().size());
    var incident = engine.get("/incident?processInstanceId=" + instance.id()).get(0);
    report.line("incident", incident.get("incidentType") + " " + incident.get("incidentMessage"));
    engine.call("PUT", "/external-task/" + task.getId() + "/retries", "{\"retries\":5}");
    ExternalTask revived = worker.fetch(topic).single();
    describe(report, "revived", revived, instance);
    report.attempt("completed", () -> worker.service().complete(revived));
    report.line("state", engine.state(instance));
    worker.service().handleFailure(withoutTask(engine, worker), null, null, 0, 0);
    report.line("no message", engine.get("/incident?processDefinitionId=" + instance.definitionId()).get(0).get("incidentMessage"));
  }

  private static ExternalTask withoutTask(Engine engine, Worker worker) {
    engine.start("plain", "order-3", NONE);
    return worker.fetch(engine.key("plain.a")).single();
  }

  private static void describe(
      Report report, String what, ExternalTask task, Engine.Instance instance) {
    report.line(what + " retries", task.getRetries());
    report.line(what + " message", task.getErrorMessage());
    report.line(what + " activity", task.getActivityId());
    report.line(what + " process", task.getProcessDefinitionKey());
    report.line(what + " business key", task.getBusinessKey());
    report.line(what + " worker", task.getWorkerId());
    report.line(what + " topic", task.getTopicName());
    report.line(what + " priority", task.getPriority());
    report.line(what + " tenant", task.getTenantId());
    report.line(what + " version tag", task.getProcessDefinitionVersionTag());
    report.line(what + " instance", instance.id().equals(task.getProcessInstanceId()));
    report.line(what + " definition", instance.definitionId().equals(task.getProcessDefinitionId()));
    report.line(what + " execution", task.getExecutionId() != null);
    report.line(what + " activity instance", task.getActivityInstanceId() != null);
    long lock = task.getLockExpirationTime().getTime() - System.currentTimeMillis();
    report.line(what + " locked", lock > 0 && lock <= Worker.LOCK_MS);
    report.line(what + " created", task.getCreateTime().getTime() <= System.currentTimeMillis());
    report.line(what + " properties", task.getExtensionProperties());
  }

  private static long minutes(long from, String until) {
    try {
      java.util.Date end =
          new java.text.SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZ").parse(until);
      return Math.round((end.getTime() - from) / 3_600_000.0) * 60;
    } catch (java.text.ParseException error) {
      throw new IllegalStateException(error);
    }
  }

  /** The process has the task `a`, whose boundary event catches the code `known`, and then the task `b`. */
  static void bpmnErrors(Engine engine) {
    Report report = new Report("bpmn error", engine);
    Worker worker = new Worker(engine, "java-1");
    String topic = engine.key("caught.a");
    Engine.Instance instance = engine.start("caught", "order-4", NONE);
    ExternalTask task = worker.fetch(topic).single();
    worker.service().handleBpmnError(task, "known", "what happened", Map.of("reason", "because"));
    ExternalTask after = worker.fetch(engine.key("caught.b")).single();
    report.variables("caught", after);
    worker.service().complete(after);
    report.line("caught state", engine.state(instance));

    Engine.Instance bare = engine.start("caught", "order-5", NONE);
    worker.service().handleBpmnError(worker.fetch(topic).single(), "known");
    report.variables("bare", worker.fetch(engine.key("caught.b")).single());
    report.line("bare state", engine.state(bare));

    Engine.Instance lost = engine.start("caught", "order-6", NONE);
    ExternalTask unknown = worker.fetch(topic).single();
    report.name(unknown.getId(), "task");
    report.attempt(
        "not caught", () -> worker.service().handleBpmnError(unknown, "unknown", "why", Map.of("v", 1)));
    report.line("not caught state", engine.state(lost));
    report.line("not caught variables", engine.historicVariables(lost).keySet());
    engine.start("caught", "order-7", NONE);
    ExternalTask empty = worker.fetch(topic).single();
    report.name(empty.getId(), "task");
    report.attempt("empty code", () -> worker.service().handleBpmnError(empty, ""));
    report.attempt("no code", () -> worker.service().handleBpmnError(empty, null));
  }
}

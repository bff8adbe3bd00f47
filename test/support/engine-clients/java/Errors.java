package clients;

import java.util.Map;
import java.util.function.Consumer;
import org.camunda.bpm.client.exception.ExternalTaskClientException;
import org.camunda.bpm.client.task.ExternalTask;
import org.camunda.bpm.client.task.ExternalTaskService;
import org.camunda.bpm.client.variable.ClientValues;
import org.camunda.bpm.engine.variable.Variables;

/** How the client reports what the engine refuses. The process has the task `a`. */
final class Errors {
  private static final String NOBODY = "00000000-0000-0000-0000-000000000000";

  static void run(Engine engine) {
    Report report = new Report("errors", engine);
    Engine.Instance instance = engine.start("plain", "order-10", "{}");
    Worker worker = new Worker(engine, "java-1");
    ExternalTask task = worker.fetch(engine.key("plain.a"), filter -> filter.businessKey("order-10")).single();
    ExternalTaskService service = worker.service();
    report.name(task.getId(), "task");
    report.name(instance.id(), "instance");
    unknown(report, service);
    unreadable(report, service, task);
    report.attempt("lock for no time", () -> service.lock(task, 0));
    report.attempt("extend by nothing", () -> service.extendLock(task, 0));
    report.attempt("extend by less", () -> service.extendLock(task, -5));
    report.attempt("negative retries", () -> service.handleFailure(task, "m", "d", -1, 0));
    report.attempt("negative timeout", () -> service.handleFailure(task, "m", "d", 1, -1));
    report.line("retries", engine.get("/external-task/" + task.getId()).get("retries"));
    // Nobody reads Json before an expression does.
    report.attempt(
        "no JSON", () -> service.setVariables(task, Map.of("j", ClientValues.jsonValue("{"))));
    engine.call("DELETE", "/process-instance/" + instance.id(), null);
    report.attempt("cancelled", () -> service.complete(task));
  }

  private static void unknown(Report report, ExternalTaskService service) {
    report.attempt("unknown lock", () -> service.lock(NOBODY, 1_000));
    report.attempt("unknown extend", () -> service.extendLock(NOBODY, 1_000));
    report.attempt("unknown complete", () -> service.complete(NOBODY, Map.of(), Map.of()));
    report.attempt("unknown failure", () -> service.handleFailure(NOBODY, "m", "d", 1, 0));
    report.attempt("unknown error", () -> service.handleBpmnError(NOBODY, "code", "m", Map.of()));
    report.attempt("unknown instance", () -> service.setVariables(NOBODY, Map.of("a", 1)));
  }

  private static void unreadable(Report report, ExternalTaskService service, ExternalTask task) {
    Map<String, Object> object =
        Map.of(
            "o",
            Variables.serializedObjectValue("x")
                .objectTypeName("no.such.Class")
                .serializationDataFormat("application/x-java-serialized-object")
                .create());
    report.attempt("serialized set", () -> service.setVariables(task, object));
    report.attempt("serialized completed", () -> service.complete(task, object));
    report.attempt("serialized local", () -> service.complete(task, Map.of(), object));
    report.attempt(
        "serialized failure",
        () -> service.handleFailure(task.getId(), "m", "d", 1, 0, object, Map.of()));
  }

  /** Calls with other credentials than the right ones: only the client's exception. */
  static void access(Engine engine) {
    Report report = new Report("access", engine);
    Map<String, Consumer<org.camunda.bpm.client.ExternalTaskClientBuilder>> ways =
        new java.util.TreeMap<>();
    String key = System.getenv("ENGINE_KEY");
    ways.put("as a bearer token", client -> client.addInterceptor(call -> call.addHeader("Authorization", "Bearer " + key)));
    ways.put("as X-API-Key", client -> client.addInterceptor(call -> call.addHeader("X-API-Key", key)));
    ways.put("by HTTP Basic", client -> client.addInterceptor(new org.camunda.bpm.client.interceptor.auth.BasicAuthProvider("worker", key)));
    ways.put("none", client -> {});
    ways.put("a wrong key", client -> client.addInterceptor(call -> call.addHeader("X-API-Key", key + "x")));
    ways.forEach(
        (what, settings) -> {
          Engine anonymous = new Engine(engine.url, "", engine.prefix);
          ExternalTaskClientException error =
              new Worker(anonymous, "java-1", settings).fetch(engine.key("nobody")).error();
          report.line(what, error == null ? "ok" : Report.describe(error));
        });
  }
}

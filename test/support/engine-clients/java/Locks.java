package clients;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.camunda.bpm.client.task.ExternalTask;
import org.camunda.bpm.client.task.ExternalTaskService;

/** Locks, and long polls. The process has the task `a`. */
final class Locks {
  static void run(Engine engine) {
    Report report = new Report("locks", engine);
    String topic = engine.key("plain.a");
    engine.start("plain", "order-8", "{}");
    Worker one = new Worker(engine, "java-1");
    Worker two = new Worker(engine, "java-2");
    ExternalTask task = one.fetch(topic).single();
    report.name(task.getId(), "task");
    ExternalTaskService first = one.service();
    report.line("locked", two.fetch(topic).tasks().size());
    first.extendLock(task, 3_600_000);
    long left = lockEnd(engine, task) - System.currentTimeMillis();
    report.line("extended", left > Worker.LOCK_MS && left <= 3_600_000);
    report.attempt("lock again", () -> first.lock(task, 60_000));
    report.line("shortened", lockEnd(engine, task) - System.currentTimeMillis() <= 60_000);
    first.unlock(task);
    report.line("unlocked", engine.get("/external-task/" + task.getId()).get("lockExpirationTime"));
    report.line("unlocked worker", engine.get("/external-task/" + task.getId()).get("workerId"));
    ExternalTask taken = two.fetch(topic).single();
    report.line("same task", taken.getId().equals(task.getId()));
    ExternalTaskService second = two.service();
    report.attempt("lock of another", () -> first.lock(task, 60_000));
    report.attempt("extend of another", () -> first.extendLock(task, 60_000));
    report.attempt("complete of another", () -> first.complete(task));
    report.attempt("fail of another", () -> first.handleFailure(task, "m", "d", 1, 0));
    report.attempt("error of another", () -> first.handleBpmnError(task, "code"));
    // Whoever knows its id may unlock it.
    report.attempt("unlock of another", () -> first.unlock(task));
    report.attempt("complete without a lock", () -> second.complete(task));
    second.lock(task, 1);
    waitForEnd(engine, task);
    report.attempt("extend after its end", () -> second.extendLock(task, 60_000));
    report.attempt("complete after its end", () -> second.complete(task));
    report.attempt("complete twice", () -> second.complete(task));
  }

  private static long lockEnd(Engine engine, ExternalTask task) {
    return parse(engine.get("/external-task/" + task.getId()).get("lockExpirationTime").asText());
  }

  static long parse(String time) {
    try {
      return new java.text.SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZ").parse(time).getTime();
    } catch (java.text.ParseException error) {
      throw new IllegalStateException(error);
    }
  }

  private static void waitForEnd(Engine engine, ExternalTask task) {
    while (lockEnd(engine, task) >= System.currentTimeMillis()) Thread.yield();
  }

  /** A fetch that waits until a task comes, and one to which none comes. */
  static void longPoll(Engine engine) throws InterruptedException {
    Report report = new Report("long poll", engine);
    BlockingQueue<Worker.Fetched> answers = new LinkedBlockingQueue<>();
    Worker worker = new Worker(engine, "java-1", client -> client.asyncResponseTimeout(600_000));
    worker.begin(engine.key("polled.a"), filters -> {}, answers);
    while (worker.calls.get() == 0) Thread.sleep(5);
    // So that the call is most likely there before the task; the report is the same if it is not.
    report.line("before", answers.poll(300, TimeUnit.MILLISECONDS));
    engine.start("polled", "order-9", "{\"n\":{\"value\":1}}");
    Worker.Fetched answer = answers.take();
    report.line("task", answer.single().getBusinessKey());
    report.line("calls", worker.calls.get());
    worker.close();
    Worker idle = new Worker(engine, "java-1", client -> client.asyncResponseTimeout(300));
    long from = System.nanoTime();
    report.line("nothing", idle.fetch(engine.key("polled.a")).tasks().size());
    // A waiting time may begin a little before the client's clock does.
    report.line("waited", System.nanoTime() - from >= 290_000_000L);
    Worker patient = new Worker(engine, "java-1", client -> client.asyncResponseTimeout(1_800_001));
    Worker.Fetched refused = patient.fetch(engine.key("polled.a"));
    report.line("too long", Report.describe(refused.error()));
  }

  /** Takes the task, says so, and holds it until the process is killed. */
  static void hold(Engine engine) throws InterruptedException {
    engine.start("held", "order-11", "{}");
    Worker worker = new Worker(engine, "java-killed");
    ExternalTask task =
        worker.fetch(engine.key("held.a"), filters -> filters.lockDuration(2_000)).single();
    System.out.println("holding\t" + task.getId());
    while (true) Thread.sleep(60_000);
  }

  /** Gets the task of the worker that was killed, once its lock has run out. */
  static void takeOver(Engine engine) {
    Report report = new Report("take over", engine);
    var held = engine.get("/external-task?topicName=" + engine.key("held.a")).get(0);
    report.line("held by", held.get("workerId"));
    long until = parse(held.get("lockExpirationTime").asText());
    Worker worker = new Worker(engine, "java-2", client -> client.asyncResponseTimeout(300));
    ExternalTask task = null;
    while (task == null) {
      var tasks = worker.fetch(engine.key("held.a")).tasks();
      if (!tasks.isEmpty()) task = tasks.get(0);
    }
    report.line("after the lock", System.currentTimeMillis() >= until);
    report.line("same task", task.getId().equals(held.get("id").asText()));
    worker.service().complete(task);
    report.line("left", engine.get("/external-task/count?topicName=" + engine.key("held.a")));
  }
}

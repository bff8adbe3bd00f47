package clients;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.camunda.bpm.client.ExternalTaskClient;
import org.camunda.bpm.client.ExternalTaskClientBuilder;
import org.camunda.bpm.client.backoff.ErrorAwareBackoffStrategy;
import org.camunda.bpm.client.exception.ExternalTaskClientException;
import org.camunda.bpm.client.task.ExternalTask;
import org.camunda.bpm.client.task.ExternalTaskService;
import org.camunda.bpm.client.topic.TopicSubscriptionBuilder;

/** A client that fetches when it is told to, so that a scenario has one thread. */
final class Worker implements AutoCloseable {
  static final long LOCK_MS = 600_000;

  /** An answer to fetchAndLock: tasks, or an error. */
  record Fetched(List<ExternalTask> tasks, ExternalTaskClientException error) {
    ExternalTask single() {
      if (error != null) throw error;
      if (tasks.size() != 1) throw new IllegalStateException(tasks.size() + " tasks");
      return tasks.get(0);
    }
  }

  /** Calls that the client has made. */
  final AtomicInteger calls = new AtomicInteger();

  private final Engine engine;
  private final Consumer<ExternalTaskClientBuilder> settings;
  private final String id;
  private final AtomicReference<ExternalTaskService> service = new AtomicReference<>();
  private ExternalTaskClient client;

  Worker(Engine engine, String id, Consumer<ExternalTaskClientBuilder> settings) {
    this.engine = engine;
    this.id = id;
    this.settings = settings;
  }

  Worker(Engine engine, String id) {
    this(engine, id, builder -> {});
  }

  /** Fetches once: the client then waits to be stopped. */
  Fetched fetch(String topic, Consumer<TopicSubscriptionBuilder> filters) {
    BlockingQueue<Fetched> answers = new LinkedBlockingQueue<>();
    begin(topic, filters, answers);
    try {
      Fetched answer = answers.poll(120, TimeUnit.SECONDS);
      if (answer == null) throw new IllegalStateException("no answer");
      return answer;
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    } finally {
      close();
    }
  }

  Fetched fetch(String topic) {
    return fetch(topic, filters -> {});
  }

  /** Fetches in the background; `answers` gets what comes. */
  void begin(
      String topic, Consumer<TopicSubscriptionBuilder> filters, BlockingQueue<Fetched> answers) {
    ExternalTaskClientBuilder builder =
        ExternalTaskClient.create()
            .baseUrl(engine.url)
            .workerId(id)
            .maxTasks(10)
            .disableAutoFetching()
            .addInterceptor(request -> calls.incrementAndGet())
            .backoffStrategy(new OneFetch(answers));
    if (!engine.authorization.isEmpty()) {
      builder.addInterceptor(
          request -> request.addHeader("Authorization", engine.authorization));
    }
    settings.accept(builder);
    client = builder.build();
    TopicSubscriptionBuilder subscription =
        client
            .subscribe(topic)
            .lockDuration(LOCK_MS)
            .handler((task, given) -> service.set(given));
    filters.accept(subscription);
    subscription.open();
    client.start();
  }

  /** Reports on tasks; there once a task was fetched. */
  ExternalTaskService service() {
    return service.get();
  }

  @Override
  public void close() {
    if (client != null) client.stop();
    client = null;
  }

  /** Hands each answer on, and lets the client rest after it. */
  private record OneFetch(BlockingQueue<Fetched> answers) implements ErrorAwareBackoffStrategy {
    @Override
    public void reconfigure(List<ExternalTask> tasks, ExternalTaskClientException error) {
      answers.add(new Fetched(List.copyOf(tasks), error));
    }

    @Override
    public long calculateBackoffTime() {
      return LOCK_MS;
    }
  }
}

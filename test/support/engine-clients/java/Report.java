package clients;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.camunda.bpm.client.exception.ExternalTaskClientException;
import org.camunda.bpm.client.exception.RestException;
import org.camunda.bpm.client.task.ExternalTask;
import org.camunda.bpm.engine.variable.value.FileValue;
import org.camunda.bpm.engine.variable.value.TypedValue;

/**
 * What a scenario saw, in lines that are the same on every engine that does the same: ids have names, and times are
 * compared here.
 */
final class Report {
  private final String scenario;
  private final Map<String, String> names = new LinkedHashMap<>();

  Report(String scenario, Engine engine) {
    this.scenario = scenario;
    names.put(engine.prefix, "");
  }

  /** From now on that text is shown as this name. */
  void name(String text, String name) {
    if (text != null && !text.isEmpty()) names.put(text, "<" + name + ">");
  }

  void line(String what, Object value) {
    String text = what + ": " + value;
    for (Map.Entry<String, String> one : names.entrySet()) {
      text = text.replace(one.getKey(), one.getValue());
    }
    // The engine's clock, in milliseconds, in one of its messages.
    text = text.replaceAll("\\b1[0-9]{12}$|\\b1[0-9]{12}(?= \\|)", "<now>");
    System.out.println(scenario + "\t" + text.replace("\n", "\\n"));
  }

  /** Does something, and says how the client reports that it failed. */
  void attempt(String what, Runnable work) {
    try {
      work.run();
      line(what, "ok");
    } catch (ExternalTaskClientException error) {
      line(what, describe(error));
    }
  }

  static String describe(ExternalTaskClientException error) {
    String text = error.getClass().getSimpleName() + " " + error.getMessage();
    if (!(error instanceof RestException rest)) return text;
    return text
        + " | status "
        + rest.getHttpStatusCode()
        + ", type "
        + rest.getType()
        + ", code "
        + rest.getCode();
  }

  /** Every variable of a task as the client reads it. */
  void variables(String what, ExternalTask task) {
    for (String name : new TreeMap<>(rawVariables(task)).keySet()) {
      String shown;
      try {
        shown = show(task.getVariableTyped(name));
      } catch (RuntimeException error) {
        shown = error.getClass().getSimpleName() + " " + error.getMessage();
      }
      line(what + " " + name, shown);
    }
  }

  private static Map<String, ?> rawVariables(ExternalTask task) {
    return ((org.camunda.bpm.client.task.impl.ExternalTaskImpl) task).getVariables();
  }

  static String show(TypedValue typed) {
    if (typed == null) return "no such variable";
    Object value = typed.getValue();
    String type = typed.getType() == null ? "no type" : typed.getType().getName();
    if (typed instanceof FileValue file) {
      return "file " + file.getFilename() + " " + file.getMimeType() + " " + file.getEncoding()
          + " " + read(file);
    }
    return type + " " + (value == null ? "null" : value.getClass().getName() + " " + text(value));
  }

  private static String text(Object value) {
    if (value instanceof Date date) return String.valueOf(date.getTime());
    if (value instanceof byte[] bytes) return Arrays.toString(bytes);
    return value.toString();
  }

  private static String read(FileValue file) {
    try {
      return Arrays.toString(file.getValue().readAllBytes());
    } catch (java.io.IOException error) {
      throw new IllegalStateException(error);
    }
  }

  /** Variables as the REST API has them, by name. */
  void json(String what, JsonNode variables) {
    Map<String, JsonNode> sorted = new TreeMap<>();
    variables.fields().forEachRemaining(one -> sorted.put(one.getKey(), one.getValue()));
    sorted.forEach((name, value) -> line(what + " " + name, value));
  }

  static String names(Iterable<ExternalTask> tasks, java.util.function.Function<ExternalTask, String> by) {
    return java.util.stream.StreamSupport.stream(tasks.spliterator(), false)
        .map(by)
        .collect(Collectors.joining(", ", "[", "]"));
  }
}

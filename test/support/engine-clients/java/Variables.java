package clients;

import java.nio.charset.StandardCharsets;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.camunda.bpm.client.task.ExternalTask;
import org.camunda.bpm.client.variable.ClientValues;
import org.camunda.bpm.engine.variable.VariableMap;
import org.camunda.bpm.engine.variable.Variables.SerializationDataFormats;

/** Values of every type, on the way to a Java worker and back. The process has the tasks `a` and `b`. */
final class Variables {
  private static final String GIVEN =
      """
      {
        "text": {"value": "Grüße, 世界 & <b>", "type": "String"},
        "empty": {"value": "", "type": "String"},
        "yes": {"value": true, "type": "Boolean"},
        "no": {"value": false, "type": "Boolean"},
        "short": {"value": -32768, "type": "Short"},
        "small": {"value": 2147483647, "type": "Integer"},
        "long": {"value": 5, "type": "Long"},
        "longest": {"value": 9223372036854775807, "type": "Long"},
        "digits": {"value": "9007199254740993", "type": "Long"},
        "half": {"value": 0.5, "type": "Double"},
        "whole": {"value": 3, "type": "Double"},
        "huge": {"value": 1e300, "type": "Double"},
        "when": {"value": "2026-02-03T04:05:06.789+0100", "type": "Date"},
        "json": {"value": "{\\"a\\": [1, 2.50, null]}", "type": "Json"},
        "nothing": {"value": null, "type": "Null"},
        "noText": {"value": null, "type": "String"},
        "noDate": {"value": null, "type": "Date"},
        "noLong": {"value": null, "type": "Long"},
        "noJson": {"value": null, "type": "Json"},
        "object": {"value": "[1,2]", "type": "Object", "valueInfo":
          {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": "application/json"}},
        "bytes": {"value": "AAEC/w==", "type": "Bytes"},
        "noBytes": {"value": null, "type": "Bytes"},
        "file": {"value": "aGVsbG8=", "type": "File",
          "valueInfo": {"filename": "a b.txt", "mimeType": "text/plain", "encoding": "UTF-8"}},
        "bareFile": {"value": "", "type": "File", "valueInfo": {"filename": "f"}},
        "untypedText": {"value": "x"},
        "untypedYes": {"value": true},
        "untypedInteger": {"value": 7},
        "untypedLong": {"value": 3000000000},
        "untypedLongest": {"value": -9223372036854775808},
        "untypedDouble": {"value": 7.5},
        "untypedWhole": {"value": 7.0},
        "untypedExponent": {"value": 1e3},
        "untypedNull": {"value": null}
      }
      """;

  static void run(Engine engine) {
    Report report = new Report("variables", engine);
    Engine.Instance instance = engine.start("variables", "order-1", GIVEN);
    Worker worker = new Worker(engine, "java-1");
    ExternalTask first = worker.fetch(engine.key("variables.a")).single();
    report.variables("read", first);
    report.line("all", new TreeMap<>(first.getAllVariables()).keySet());
    worker.service().complete(first, written(), Map.of("local", "only of the task"));
    ExternalTask second = worker.fetch(engine.key("variables.b")).single();
    report.variables("written", second);
    report.json("stored", engine.variables(instance));
    worker.service().setVariables(second, Map.of("set", 1L, "setText", "by the worker"));
    ExternalTask again = refetch(worker, second, engine.key("variables.b"));
    report.line("set", Report.show(again.getVariableTyped("set")));
    report.line("setText", Report.show(again.getVariableTyped("setText")));
    worker.service().complete(again);
    report.line("state", engine.state(instance));
  }

  private static ExternalTask refetch(Worker worker, ExternalTask task, String topic) {
    worker.service().unlock(task);
    return worker.fetch(topic).single();
  }

  /** What the worker completes with: plain Java values, and typed ones. */
  private static Map<String, Object> written() {
    Map<String, Object> plain = new HashMap<>();
    plain.put("wText", "Grüße, 世界");
    plain.put("wYes", true);
    plain.put("wShort", (short) 7);
    plain.put("wInteger", 7);
    plain.put("wLong", 7L);
    plain.put("wLongest", Long.MAX_VALUE);
    plain.put("wDouble", 7.25);
    plain.put("wWhole", 7.0);
    plain.put("wDate", new Date(1_770_000_000_123L));
    plain.put("wNull", null);
    plain.put("wList", List.of(1, "two", true));
    plain.put("wMap", Map.of("street", "Main"));
    plain.put("wBytes", new byte[] {0, 1, -1});
    plain.put("text", "changed");
    VariableMap all = org.camunda.bpm.engine.variable.Variables.fromMap(plain);
    all.putValueTyped("tJson", ClientValues.jsonValue("{\"b\": [true]}"));
    all.putValueTyped("tText", org.camunda.bpm.engine.variable.Variables.stringValue(null));
    all.putValueTyped("tLong", org.camunda.bpm.engine.variable.Variables.longValue(null));
    all.putValueTyped("tNull", org.camunda.bpm.engine.variable.Variables.untypedNullValue());
    all.putValueTyped(
        "tObject",
        org.camunda.bpm.engine.variable.Variables.serializedObjectValue("{\"c\":1}")
            .objectTypeName("java.util.HashMap")
            .serializationDataFormat(SerializationDataFormats.JSON)
            .create());
    all.putValueTyped(
        "tFile",
        org.camunda.bpm.engine.variable.Variables.fileValue("ü.txt")
            .file("hello".getBytes(StandardCharsets.UTF_8))
            .mimeType("text/plain")
            .encoding("UTF-8")
            .create());
    return all;
  }
}

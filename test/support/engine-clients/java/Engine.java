package clients;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;

/** The calls of an engine's REST API that the client for external tasks does not make. */
final class Engine {
  static final ObjectMapper JSON = new ObjectMapper();

  final String url;
  /** The value of the Authorization header; empty: none. */
  final String authorization;
  /** The process keys of this run begin with it. */
  final String prefix;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  Engine(String url, String authorization, String prefix) {
    this.url = url;
    this.authorization = authorization;
    this.prefix = prefix;
  }

  /** The key of a process, which the test has deployed. */
  String key(String process) {
    return prefix + process;
  }

  /** An instance that was started. */
  record Instance(String id, String definitionId) {}

  /** @param variables by name, as JSON: values with their types */
  Instance start(String process, String businessKey, String variables) {
    String body = "{\"businessKey\":\"" + businessKey + "\",\"variables\":" + variables + "}";
    JsonNode started = call("POST", "/process-definition/key/" + key(process) + "/start", body);
    return new Instance(started.get("id").asText(), started.get("definitionId").asText());
  }

  JsonNode get(String path) {
    return call("GET", path, null);
  }

  /** The variables of a running instance, by name. */
  JsonNode variables(Instance instance) {
    return get("/process-instance/" + instance.id() + "/variables?deserializeValues=false");
  }

  /** ACTIVE, COMPLETED ... */
  String state(Instance instance) {
    return get("/history/process-instance/" + instance.id()).get("state").asText();
  }

  /** The values of finished and running instances, by name. */
  Map<String, JsonNode> historicVariables(Instance instance) {
    Map<String, JsonNode> found = new java.util.TreeMap<>();
    String path = "/history/variable-instance?deserializeValues=false&processInstanceId=";
    get(path + instance.id()).forEach(one -> found.put(one.get("name").asText(), one));
    return found;
  }

  JsonNode call(String method, String path, String body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + path))
            .header("Content-Type", "application/json")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (!authorization.isEmpty()) request.header("Authorization", authorization);
    try {
      HttpResponse<String> answer =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() >= 300) {
        throw new IllegalStateException(
            method + " " + path + ": " + answer.statusCode() + " " + answer.body());
      }
      return JSON.readTree(answer.body());
    } catch (IOException | InterruptedException error) {
      throw new IllegalStateException(method + " " + path, error);
    }
  }
}

package clients;

import java.util.List;
import java.util.Map;

/** Usage: Main URL PREFIX SCENARIO... ; the environment's ENGINE_AUTHORIZATION is the header of every call. */
public final class Main {
  private interface Scenario {
    void run(Engine engine) throws Exception;
  }

  private static final Map<String, Scenario> SCENARIOS =
      Map.of(
          "variables", Variables::run,
          "failure", Failures::retries,
          "bpmn error", Failures::bpmnErrors,
          "locks", Locks::run,
          "long poll", Locks::longPoll,
          "filters", Filters::run,
          "errors", Errors::run,
          "access", Errors::access,
          "hold", Locks::hold,
          "take over", Locks::takeOver);

  public static void main(String[] args) throws Exception {
    String authorization = System.getenv().getOrDefault("ENGINE_AUTHORIZATION", "");
    Engine engine = new Engine(args[0], authorization, args[1]);
    for (String name : List.of(args).subList(2, args.length)) {
      try {
        SCENARIOS.get(name).run(engine);
      } catch (Exception error) {
        System.out.println(name + "\tbroke off: " + error);
        error.printStackTrace();
      }
    }
    // The clients' threads would keep the program alive.
    System.exit(0);
  }
}

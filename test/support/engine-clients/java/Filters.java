package clients;

import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.camunda.bpm.client.ExternalTaskClientBuilder;
import org.camunda.bpm.client.task.ExternalTask;
import org.camunda.bpm.client.topic.TopicSubscriptionBuilder;

/** Which tasks a subscription brings, and with what. The processes `one` and `two` have tasks of one topic. */
final class Filters {
  private final Engine engine;
  private final Report report;

  private Filters(Engine engine) {
    this.engine = engine;
    this.report = new Report("filters", engine);
  }

  static void run(Engine engine) {
    Filters filters = new Filters(engine);
    Engine.Instance first = engine.start("one", "k-1", variables(1, "1.0", "9007199254740993"));
    Engine.Instance second = engine.start("two", "k-2", variables(2, "2.5", "3000000000"));
    filters.report.name(first.id(), "instance");
    filters.byDefinition(first, second);
    filters.byVariables();
    filters.byTenant();
    filters.given();
    filters.ordered();
  }

  private static String variables(int n, String price, String big) {
    return "{\"n\":{\"value\":" + n + "},\"price\":{\"value\":" + price + "},\"big\":{\"value\":" + big
        + ",\"type\":\"Long\"},\"name\":{\"value\":\"n" + n + "\"},\"yes\":{\"value\":true}}";
  }

  private void byDefinition(Engine.Instance first, Engine.Instance second) {
    String one = engine.key("one");
    String two = engine.key("two");
    brings("no filter", filter -> {});
    brings("business key", filter -> filter.businessKey("k-2"));
    brings("no such business key", filter -> filter.businessKey("k-3"));
    brings("definition key", filter -> filter.processDefinitionKey(one));
    brings("definition keys", filter -> filter.processDefinitionKeyIn(one, two));
    brings("another definition key", filter -> filter.processDefinitionKey("another"));
    brings("definition id", filter -> filter.processDefinitionId(second.definitionId()));
    brings("definition ids", filter -> filter.processDefinitionIdIn(first.definitionId(), "x"));
    brings("key and keys", filter -> filter.processDefinitionKey(one).processDefinitionKeyIn(two));
    brings("version tag", filter -> filter.processDefinitionVersionTag("v-1"));
    brings("no such version tag", filter -> filter.processDefinitionVersionTag("v-2"));
    brings("no keys", filter -> filter.processDefinitionKeyIn());
    brings("no ids", filter -> filter.processDefinitionIdIn());
  }

  private void byVariables() {
    brings("integer", filter -> filter.processVariableEquals("n", 1));
    brings("integer as a long", filter -> filter.processVariableEquals("n", 1L));
    brings("integer as a double", filter -> filter.processVariableEquals("n", 1.0));
    brings("integer as a text", filter -> filter.processVariableEquals("n", "1"));
    brings("double", filter -> filter.processVariableEquals("price", 2.5));
    brings("whole double", filter -> filter.processVariableEquals("price", 1.0));
    brings("whole double as an integer", filter -> filter.processVariableEquals("price", 1));
    brings("long", filter -> filter.processVariableEquals("big", 3_000_000_000L));
    brings("long beyond doubles", filter -> filter.processVariableEquals("big", 9007199254740993L));
    brings("long beside it", filter -> filter.processVariableEquals("big", 9007199254740992L));
    brings("text", filter -> filter.processVariableEquals("name", "n2"));
    brings("boolean", filter -> filter.processVariableEquals("yes", true));
    brings("null", filter -> filter.processVariableEquals("missing", null));
    brings(
        "several",
        filter -> filter.processVariablesEqualsIn(Map.of("n", 1, "name", "n1", "yes", true)));
    brings("one of several", filter -> filter.processVariablesEqualsIn(Map.of("n", 1, "name", "n2")));
  }

  private void byTenant() {
    brings("without tenant", TopicSubscriptionBuilder::withoutTenantId);
    brings("tenants", filter -> filter.tenantIdIn("t-1", "t-2"));
    brings("no tenants", filter -> filter.tenantIdIn());
  }

  private void given() {
    with("variables", filter -> filter.variables("n", "missing"));
    with("no variables", filter -> filter.variables());
    with("local variables", filter -> filter.localVariables(true));
    with("a local variable", filter -> filter.localVariables(true).variables("own"));
    with("properties", filter -> filter.variables().includeExtensionProperties(true));
  }

  /** With priorities 5 and none, and created one after the other. */
  private void ordered() {
    order("by priority", client -> client.maxTasks(1));
    order("without priority, newest", client -> client.usePriority(false).orderByCreateTime().desc().maxTasks(1));
    order("without priority, oldest", client -> client.usePriority(false).orderByCreateTime().asc().maxTasks(1));
    order("newest", client -> client.usePriority(false).useCreateTime(true).maxTasks(1));
    order("priority, then oldest", client -> client.orderByCreateTime().asc());
  }

  private void brings(String what, Consumer<TopicSubscriptionBuilder> filters) {
    Worker worker = new Worker(engine, "java-1");
    Worker.Fetched found = worker.fetch(engine.key("shared"), filters);
    if (found.error() != null) {
      report.line(what, Report.describe(found.error()));
      return;
    }
    TreeSet<String> keys = new TreeSet<>();
    found.tasks().forEach(task -> keys.add(task.getBusinessKey()));
    report.line(what, keys);
    found.tasks().forEach(task -> worker.service().unlock(task));
  }

  private void with(String what, Consumer<TopicSubscriptionBuilder> filters) {
    Worker worker = new Worker(engine, "java-1");
    Worker.Fetched found =
        worker.fetch(engine.key("shared"), filter -> filters.accept(filter.businessKey("k-1")));
    ExternalTask task = found.single();
    report.line(what, new java.util.TreeMap<>(task.getAllVariables()));
    report.line(what + " properties", new java.util.TreeMap<>(task.getExtensionProperties()));
    report.line(what + " property", task.getExtensionProperty("colour"));
    report.line(what + " version tag", task.getProcessDefinitionVersionTag());
    worker.service().unlock(task);
  }

  private void order(String what, Consumer<ExternalTaskClientBuilder> settings) {
    Worker worker = new Worker(engine, "java-1", settings);
    Worker.Fetched found = worker.fetch(engine.key("shared"));
    if (found.error() != null) {
      report.line(what, Report.describe(found.error()));
      return;
    }
    report.line(what, Report.names(found.tasks(), task -> task.getBusinessKey() + "/" + task.getPriority()));
    found.tasks().forEach(task -> worker.service().unlock(task));
  }
}

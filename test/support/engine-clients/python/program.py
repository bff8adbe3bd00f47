"""Usage: program.py URL PREFIX SCENARIO... ; ENGINE_KEY in the environment is the API key of every call, if there is
one, and CLIENT_PACKAGE the package of the client. Prints what a scenario saw, in lines that are the same on every
engine that does the same: ids have names."""

import os
import sys
from importlib import import_module

URL, PREFIX, *SCENARIOS = sys.argv[1:]
KEY = os.environ.get("ENGINE_KEY", "")
PACKAGE = os.environ.get("CLIENT_PACKAGE", "camunda")
ExternalTaskWorker = import_module(f"{PACKAGE}.external_task.external_task_worker").ExternalTaskWorker
ExternalTaskClient = import_module(f"{PACKAGE}.client.external_task_client").ExternalTaskClient
EngineClient = import_module(f"{PACKAGE}.client.engine_client").EngineClient
ProcessDefinitionClient = import_module(
    f"{PACKAGE}.process_definition.process_definition_client"
).ProcessDefinitionClient

AUTH = {"auth_bearer": {"access_token": KEY}} if KEY else {}
names = {PREFIX: ""}
engine = EngineClient(URL, config=AUTH)


def line(scenario, what, value):
    text = f"{what}: {value}"
    # An id may begin with another.
    for found, name in sorted(names.items(), key=lambda one: -len(one[0])):
        text = text.replace(found, name)
    print(scenario, text.replace("\n", "\\n").replace("\t", " "), sep="\t")


def attempt(scenario, what, work):
    """Does something, and says how the client reports that it failed."""
    try:
        line(scenario, what, work())
    except Exception as error:  # noqa: BLE001
        line(scenario, what, f"{type(error).__name__} {error}")


def worker(worker_id="python-1", **config):
    settings = {"asyncResponseTimeout": 0, "lockDuration": 600_000, **AUTH, **config}
    return ExternalTaskWorker(worker_id, URL, config=settings)


def client(worker_id="python-1", **config):
    return ExternalTaskClient(worker_id, URL, config={"asyncResponseTimeout": 0, **AUTH, **config})


def start(process, variables, business_key=None):
    instance = engine.start_process(PREFIX + process, variables, business_key=business_key)
    names[instance["id"]] = "<instance>"
    names[instance["definitionId"]] = "<definition>"
    return instance


def shown(values):
    return {name: f"{type(values[name]).__name__} {values[name]!r}" for name in sorted(values)}


def handle(scenario, topic, action, **config):
    """Lets a worker fetch once, and do the action with each task."""

    def named(task):
        names[task.get_task_id()] = "<task>"
        return action(task)

    attempt(
        scenario,
        topic,
        lambda: worker(**config).fetch_and_execute(PREFIX + topic, named),
    )


def variables():
    scenario = "variables"
    given = {
        "text": "Grüße, 世界",
        "yes": True,
        "integer": 7,
        "long": 3_000_000_000,
        "longest": 9_223_372_036_854_775_807,
        "double": 7.5,
        "whole": 7.0,
        "exponent": 1e22,
        "none": None,
        "date": {"value": "2026-02-03T04:05:06.789+0100", "type": "Date"},
        "json": {"value": '{"a": [1, 2.50]}', "type": "Json"},
        "typedLong": {"value": 5, "type": "Long"},
        "short": {"value": 5, "type": "Short"},
        "typedWhole": {"value": 5, "type": "Double"},
        "bytes": {"value": "AAEC/w==", "type": "Bytes"},
        "file": {"value": "aGVsbG8=", "type": "File", "valueInfo": {"filename": "f.txt"}},
        "object": {
            "value": '{"a":[1,2.0]}',
            "type": "Object",
            "valueInfo": {"objectTypeName": "java.util.HashMap", "serializationDataFormat": "application/json"},
        },
    }
    instance = start("variables", given, "order-1")

    def read(task):
        for name, value in shown(task.get_variables()).items():
            # Of Json that is to be deserialized, a real engine gives what Java says of it, and not its content.
            if task.get_variable(name, with_meta=True)["type"] != "Json":
                line(scenario, f"read {name}", value)
        line(scenario, "with meta", task.get_variable("whole", with_meta=True))
        line(scenario, "missing", task.get_variable("missing"))
        line(scenario, "business key", task.get_business_key())
        line(scenario, "tenant", task.get_tenant_id())
        line(scenario, "worker", task.get_worker_id())
        line(scenario, "topic", task.get_topic_name())
        line(scenario, "activity", task.get_activity_id())
        line(scenario, "instance", task.get_process_instance_id())
        line(scenario, "properties", task.get_extension_properties())
        written = {
            "wText": "ü",
            "wInteger": 8,
            "wLongest": -9_223_372_036_854_775_808,
            "wDouble": 0.5,
            "wWhole": 8.0,
            "wYes": False,
            "wNone": None,
            "wDate": {"value": "2026-02-03T04:05:06.789+0100", "type": "Date"},
            "wJson": {"value": '{"b": true}', "type": "Json"},
            "text": "changed",
        }
        return task.complete(written, {"local": 1.0})

    def read_again(task):
        for name, value in shown(task.get_variables()).items():
            line(scenario, f"written {name}", value)
        return task.complete()

    handle(scenario, "variables.a", read)
    for name in ["bytes", "file", "text", "missing"]:
        attempt(
            scenario,
            f"variable {name}",
            lambda: engine.get_process_instance_variable(instance["id"], name),
        )
    handle(scenario, "variables.b", read_again, deserializeValues=False)
    handle(scenario, "variables.b", read_again)


def results():
    scenario = "results"
    start("plain", {"n": 1}, "order-2")

    def fails(task):
        line(scenario, "retries", task._context["retries"])
        line(scenario, "message", task._context["errorMessage"])
        line(scenario, "details", task._context["errorDetails"])
        return task.failure("it failed", "line 1\nline 2", max_retries=3, retry_timeout=0)

    for _ in range(3):
        handle(scenario, "plain.a", fails)

    def without_details(task):
        return task.failure("it failed again", None, max_retries=0, retry_timeout=60_000)

    handle(scenario, "plain.a", without_details)
    handle(scenario, "plain.a", without_details)
    start("plain", {}, "order-3")
    handle(scenario, "plain.a", lambda task: task.failure("at once", "d", 0, 0))
    handle(scenario, "plain.a", fails)

    start("caught", {}, "order-4")
    handle(scenario, "caught.a", lambda task: task.bpmn_error("known", "why", {"reason": 1.0}))

    def after(task):
        line(scenario, "caught", shown(task.get_variables()))
        return task.complete({"nested": {"a": 1}})

    handle(scenario, "caught.b", after)
    start("caught", {}, "order-5")
    handle(scenario, "caught.a", lambda task: task.bpmn_error("", "why"))


def errors():
    scenario = "errors"
    start("plain", {}, "order-6")
    [task] = client().fetch_and_lock([PREFIX + "plain.a"])
    names[task["id"]] = "<task>"
    other = client("python-2")
    line(scenario, "locked", other.fetch_and_lock([PREFIX + "plain.a"]))
    attempt(scenario, "complete of another", lambda: other.complete(task["id"], {}))
    attempt(scenario, "fail of another", lambda: other.failure(task["id"], "m", "d", 1, 0))
    attempt(scenario, "error of another", lambda: status(lambda: other.bpmn_failure(task["id"], "c", "m")))
    attempt(scenario, "negative retries", lambda: client().failure(task["id"], "m", "d", -1, 0))
    attempt(scenario, "complete", lambda: client().complete(task["id"], {"a": 1}, {"b": 2}))
    attempt(scenario, "complete twice", lambda: client().complete(task["id"], {}))
    attempt(scenario, "unknown", lambda: client().complete("nobody", {}))
    attempt(
        scenario,
        "too long",
        lambda: client(asyncResponseTimeout=1_800_001).fetch_and_lock([PREFIX + "plain.a"]),
    )


def status(work):
    """Only the status: the message of `requests` has the URL."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001
        return error.response.status_code


def fetches():
    scenario = "fetches"
    start("one", {"n": 1, "price": 7.0}, "k-1")
    start("two", {"n": 2, "price": 7.5}, "k-2")
    topic = PREFIX + "shared"

    def fetched(what, process_variables=None, variables=None, **config):
        tasks = client(maxTasks=9, **config).fetch_and_lock(topic, process_variables, variables)
        for task in tasks:
            seen = [task["businessKey"], task["priority"], task["extensionProperties"]]
            line(scenario, what, [*seen, shown({k: v["value"] for k, v in task["variables"].items()})])
            unlock(task["id"])
        line(scenario, what, len(tasks))

    fetched("by priority", usePriority=True)
    fetched("with an integer", {"n": 1})
    fetched("with a double", {"price": 7.0})
    fetched("with another type", {"price": 7})
    fetched("with one of two", {"n": 2, "price": 7.0})
    fetched("variables", variables=["n", "missing"])
    fetched("no variables", variables=[])
    fetched("no properties", includeExtensionProperties=False, variables=[])
    fetched("oldest", sorting=[{"sortBy": "createTime", "sortOrder": "asc"}], variables=[])
    fetched("newest", sorting=[{"sortBy": "createTime", "sortOrder": "desc"}], variables=[])
    line(scenario, "waited for nothing", client(asyncResponseTimeout=200).fetch_and_lock(PREFIX + "nobody"))


def unlock(task_id):
    import requests

    requests.post(f"{URL}/external-task/{task_id}/unlock", headers=engine._get_headers())


def instances():
    scenario = "instances"
    definitions = ProcessDefinitionClient(URL, config=AUTH)
    one = PREFIX + "one"
    attempt(
        scenario,
        "by version",
        lambda: members(definitions.start_process_by_version(one, "v-", {"n": 5}, business_key="v")),
    )
    attempt(scenario, "by another version", lambda: definitions.start_process_by_version(one, "w", {}))
    attempt(
        scenario,
        "by version and tenant",
        lambda: definitions.start_process_by_version(one, "v-", {}, tenant_id="t"),
    )
    attempt(scenario, "started", lambda: members(engine.start_process(one, {"n": 5})))
    attempt(scenario, "for a tenant", lambda: engine.start_process(one, {}, tenant_id="t"))
    attempt(scenario, "unknown", lambda: engine.start_process(PREFIX + "nobody", {}))
    attempt(scenario, "found", lambda: len(engine.get_process_instance(one, ["n_eq_5"])))
    attempt(scenario, "found not", lambda: engine.get_process_instance(one, ["n_eq_6"]))
    attempt(scenario, "found for a tenant", lambda: engine.get_process_instance(one, tenant_ids=["t"]))
    waiting = start("messages", {"n": 1}, "m-1")
    for what, message in {
        "nobody waits": {"message_name": "other"},
        "of a tenant": {"message_name": PREFIX + "news", "tenant_id": "t", "business_key": "m-1"},
        "of another key": {"message_name": PREFIX + "news", "business_key": "m-2"},
    }.items():
        attempt(scenario, what, lambda: engine.correlate_message(**message))
    correlated = engine.correlate_message(
        PREFIX + "news", business_key="m-1", process_variables={"said": 1.0}
    )
    line(scenario, "correlated", [(one["resultType"], one["execution"]["processInstanceId"]) for one in correlated])
    by_id = start("messages", {}, "m-3")
    attempt(
        scenario,
        "by instance",
        lambda: len(engine.correlate_message(PREFIX + "news", process_instance_id=by_id["id"])),
    )
    [job] = engine.get_jobs(0, 9, process_instance_id=waiting["id"])
    line(scenario, "job", [job["retries"], job["exceptionMessage"], job["failedActivityId"], job["suspended"]])
    attempt(scenario, "job retries", lambda: engine.set_job_retry(job["id"], 2))
    attempt(scenario, "job again", lambda: engine.get_jobs(0, 9, process_instance_id=waiting["id"])[0]["retries"])
    attempt(scenario, "failed jobs", lambda: engine.get_jobs(0, 9, None, True, waiting["id"], "pause"))
    attempt(scenario, "jobs of a tenant", lambda: engine.get_jobs(0, 9, ["t"], process_instance_id=waiting["id"]))
    attempt(scenario, "unknown job", lambda: engine.set_job_retry("nobody", 2))


def members(instance):
    return {name: instance[name] for name in sorted(instance) if name not in ("id", "definitionId", "links")}


def access():
    scenario = "access"
    ways = {
        "auth_basic": {"auth_basic": {"username": "worker", "password": KEY}},
        "auth_bearer": {"auth_bearer": {"access_token": KEY}},
        "none": {},
        "a wrong key": {"auth_bearer": {"access_token": KEY + "x"}},
    }
    for what, auth in ways.items():
        config = {"asyncResponseTimeout": 0, **auth}
        attempt(
            scenario,
            what,
            lambda: ExternalTaskClient("python-1", URL, config).fetch_and_lock([PREFIX + "nobody"]),
        )


for name in SCENARIOS:
    attempt(name, "ends with", globals()[name])

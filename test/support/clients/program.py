"""Call the service with the client that openapi-generator generates. Usage: program.py URL. Fails, or prints ok."""

import sys
import time
from datetime import datetime, timedelta, timezone

import fastify_camunda as client

URL = sys.argv[1]
api = client.ApiClient(client.Configuration(host=URL))
process, events = client.ProcessApi(api), client.EventsApi(api)
analytics, operations = client.AnalyticsApi(api), client.OperationsApi(api)


def start(key, variables, **more):
    request = client.StartProcessRequest(process_key=key, variables=variables, **more)
    return process.start_process_with_http_info(request)


def refused(status, call):
    try:
        call()
    except client.ApiException as error:
        assert error.status == status, error
        problem = client.Problem.from_json(error.body)
        assert isinstance(error.data, client.Problem), error.data
        assert problem.status == status and problem.detail, problem
        return problem
    raise AssertionError(f"no {status}")


# Starts: ended well, accepted, refused.
user = {"userId": "42", "email": "ada@example.com"}
ended = start("instant", user, correlation_id="py-ended", batch_id="py")
assert ended.status_code == 200 and ended.data.result == user, ended
pending = process.start_process_with_http_info(
    client.StartProcessRequest(process_key="gated", variables={"gate": "never"}, correlation_id="py-gated"),
    prefer="respond-async",
)
assert pending.status_code == 202 and isinstance(pending.data, client.Pending), pending
assert refused(422, lambda: start("troubled", {"how": "business"}, correlation_id="py-refused")).code == "NOT_ALLOWED"
refused(502, lambda: start("troubled", {"how": "technical"}, correlation_id="py-failed"))
typed = client.InstantStart(process_key="instant", variables=client.InstantVariables(**{"userId": "42", "email": "ada@example.com"}))
assert process.start_process(client.StartProcessRequest.from_dict(typed.to_dict())).result == user
refused(404, lambda: start("nothing", {}))
refused(409, lambda: start("instant", {**user, "userId": "43"}, correlation_id="py-ended"))

# Status and list, with times.
status = process.get_process_status("py-ended", prefer="wait=5")
assert status.status == "ok" and isinstance(status.completed_at, datetime), status
assert process.get_process_status("py-ended", at="1").at.actual_instance == 1
now = datetime.now(timezone.utc)
elsewhere = datetime.now(timezone(timedelta(hours=5, minutes=30)))
for to in (now + timedelta(hours=1), elsewhere + timedelta(hours=1)):
    # The list has it when it is projected.
    deadline = time.monotonic() + 20
    ids = []
    while "py-ended" not in ids:
        assert time.monotonic() < deadline, ids
        page = process.list_processes(status="ok", var_from=now - timedelta(hours=1), to=to, limit=10)
        ids = [one.correlation_id for one in page.processes]
assert process.list_processes(to=now - timedelta(hours=1)).processes == []

# Events and the feed, with lists and pages.
trail = events.list_process_events("py-ended")
assert [one.version for one in trail.events] == list(range(1, len(trail.events) + 1)), trail
assert trail.events[0].identity.batch_id == "py" and trail.events[0].data["variables"] == user
wanted = ["process-completed", "process-requested"]
page = events.read_event_feed(type=wanted, batch_id="py", limit=1, var_from=now - timedelta(hours=1))
assert [one.type for one in page.events] == ["process-requested"] and page.next_cursor, page
page = events.read_event_feed(type=wanted, batch_id="py")
assert [one.type for one in page.events] == ["process-requested", "process-completed"], page
rest = events.read_event_feed(type=wanted, batch_id="py", cursor=page.next_cursor, prefer="wait=0")
assert rest.events == [] and rest.at_end, rest

# Control: bodies that may be left out, left out and given.
cancelled = process.cancel_process("py-gated", client.CancelProcessRequest(reason="changed my mind"))
assert cancelled.status == "error" and cancelled.error.kind == "cancelled", cancelled
assert process.cancel_process("py-gated").version == cancelled.version
start_gated = client.StartProcessRequest(process_key="gated", variables={"gate": "never"}, correlation_id="py-other")
process.start_process(start_gated, prefer="respond-async")
refused(409, lambda: process.send_message("py-other", client.SendMessageRequest(message_name="nobody-waits")))
completed = process.complete_process(
    client.CompleteProcessRequest(
        client.CompleteProcessRequestOneOf(status="ok", correlation_id="py-other", result={"by": "hand"})
    )
)
assert completed.result == {"by": "hand"}, completed
refused(502, lambda: process.retry_process("py-failed", prefer="wait=10"))
refused(409, lambda: process.retry_process("py-ended"))

# The rest, with lists.
steps = analytics.get_step_analytics(process=["instant", "gated"], group_by=["process", "step"], exact="true")
assert [one.process for one in steps.steps].count("instant") == 1, steps
analytics.get_throughput(bucket="hour", process=["instant"])
analytics.get_process_durations(status=["completed", "failed"], group_by=["status"])
analytics.get_attention(limit=5)
assert operations.list_failed_jobs(limit=5).jobs == []
assert operations.retry_failed_jobs().retried == 0
refused(404, lambda: operations.retry_failed_job("nothing:1"))
assert operations.get_readiness().status == "ready" and "# TYPE" in operations.get_metrics()
print("ok")

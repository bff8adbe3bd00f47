import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine } from './engine.ts';
import { json, time } from './http-json.ts';
import { readVariables, variablesSchema } from './http-variables.ts';
import type { Task } from './task-board.ts';
import { BadRequest, writeTyped } from './typed-value.ts';

const fetchBody = z.strictObject({
  workerId: z.string().min(1),
  maxTasks: z.number().int().min(1),
  asyncResponseTimeout: z.number().int().min(0).max(1_800_000).nullish(),
  usePriority: z.boolean().nullish(),
  // Strict: a filter that is not known here would bring a worker tasks it did not ask for.
  topics: z.array(
    z.strictObject({
      topicName: z.string(),
      lockDuration: z.number().int().min(1),
      variables: z.array(z.string()).nullish(),
      processDefinitionKeyIn: z.array(z.string()).nullish(),
    }),
  ),
});
const completeBody = z.object({ workerId: z.string(), variables: variablesSchema });
const failureBody = z.object({
  workerId: z.string(),
  errorMessage: z.string().nullish(),
  errorDetails: z.string().nullish(),
  retries: z.number().int().min(0).nullish(),
  retryTimeout: z.number().int().min(0).nullish(),
  variables: variablesSchema,
});
const bpmnErrorBody = z.object({
  workerId: z.string(),
  errorCode: z.string().min(1),
  errorMessage: z.string().nullish(),
  variables: variablesSchema,
});
const lockBody = z.object({ workerId: z.string(), newDuration: z.number().int().min(1) });
const lockAnewBody = z.object({ workerId: z.string(), lockDuration: z.number().int().min(1) });
const retriesBody = z.object({ retries: z.number().int().min(0) });
const taskQuery = z.strictObject({
  processInstanceId: z.string().optional(),
  topicName: z.string().optional(),
  activityId: z.string().optional(),
  noRetriesLeft: z.enum(['true', 'false']).optional(),
  locked: z.literal('true').optional(),
});

const incidentQuery = z.strictObject({ processInstanceId: z.string().optional() });

/** /external-task: fetchAndLock with long polling, complete, failure, bpmnError, locks, retries. */
export function registerExternalTaskRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { board } = engine;
  type Params = { Params: { id: string } };

  api.post('/external-task/fetchAndLock', async (request, reply) => {
    const body = fetchBody.parse(request.body);
    const fetch = board.fetch(body, body.asyncResponseTimeout ?? 0);
    reply.raw.once('close', fetch.cancel);
    const tasks = await fetch.tasks;
    return json(
      reply,
      tasks.map((task) => {
        const wanted = body.topics.find((topic) => topic.topicName === task.topic)?.variables;
        return {
          ...taskView(engine, task),
          errorDetails: task.error_details,
          variables: taskVariables(engine, task, wanted),
        };
      }),
    );
  });

  api.post<Params>('/external-task/:id/complete', async ({ params, body }, reply) => {
    const { workerId, variables } = completeBody.parse(body);
    await engine.complete(params.id, workerId, readVariables(variables));
    return reply.code(204).send();
  });

  api.post<Params>('/external-task/:id/failure', async ({ params, body }, reply) => {
    const failure = failureBody.parse(body);
    await engine.fail(params.id, failure.workerId, {
      errorMessage: failure.errorMessage ?? null,
      errorDetails: failure.errorDetails ?? null,
      retries: failure.retries ?? 0,
      retryTimeout: failure.retryTimeout ?? 0,
      variables: readVariables(failure.variables),
    });
    return reply.code(204).send();
  });

  api.post<Params>('/external-task/:id/bpmnError', async ({ params, body }, reply) => {
    const error = bpmnErrorBody.parse(body);
    const { errorCode: code, errorMessage, variables } = error;
    await engine.throwError(
      params.id,
      error.workerId,
      { code, message: errorMessage ?? null },
      readVariables(variables),
    );
    return reply.code(204).send();
  });

  api.post<Params>('/external-task/:id/extendLock', async ({ params, body }, reply) => {
    const { workerId, newDuration } = lockBody.parse(body);
    engine.extendLock(params.id, workerId, newDuration);
    return reply.code(204).send();
  });

  api.post<Params>('/external-task/:id/lock', async ({ params, body }, reply) => {
    const { workerId, lockDuration } = lockAnewBody.parse(body);
    engine.lock(params.id, workerId, lockDuration);
    return reply.code(204).send();
  });

  api.post<Params>('/external-task/:id/unlock', async ({ params }, reply) => {
    await engine.unlock(params.id);
    return reply.code(204).send();
  });

  api.put<Params>('/external-task/:id/retries', async ({ params, body }, reply) => {
    await engine.setRetries(params.id, retriesBody.parse(body).retries);
    return reply.code(204).send();
  });

  api.get('/external-task', async (request, reply) => {
    const query = taskQuery.parse(request.query);
    const found = [...board.all()].filter(
      (task) =>
        (query.processInstanceId ?? task.instance_id) === task.instance_id &&
        (query.topicName ?? task.topic) === task.topic &&
        (query.activityId ?? task.activity_id) === task.activity_id &&
        (query.noRetriesLeft !== 'true' || task.retries === 0) &&
        (query.locked !== 'true' || task.lockedUntil > Date.now()),
    );
    return json(
      reply,
      found.map((task) => taskView(engine, task)),
    );
  });

  api.get<Params>('/external-task/:id', async ({ params }, reply) => {
    return json(reply, taskView(engine, engine.task(params.id)));
  });

  api.get<Params>('/external-task/:id/errorDetails', async ({ params }, reply) => {
    const details = engine.task(params.id).error_details;
    if (details === null) return reply.code(204).send();
    return reply.header('content-type', 'text/plain').send(details);
  });

  api.get('/incident', async (request, reply) => {
    const { processInstanceId } = incidentQuery.parse(request.query);
    const incidents = [...board.all()].filter(
      (task) => task.retries === 0 && (processInstanceId ?? task.instance_id) === task.instance_id,
    );
    return json(reply, incidents.map(incidentView));
  });

  api.get<Params>('/incident/:id', async ({ params }, reply) => {
    const task = board.get(params.id.split(':')[0] ?? '');
    if (task && params.id === incidentId(task)) return json(reply, incidentView(task));
    throw new BadRequest(`No matching incident with id ${params.id}`, 404);
  });
}

/** A task without retries is its own incident, a new one each time that it runs out of retries; '' with retries. */
function incidentId(task: Task): string {
  return task.retries === 0 ? `${task.id}:${task.available_at}` : '';
}

function incidentView(task: Task) {
  const id = incidentId(task);
  return {
    id,
    incidentType: 'failedExternalTask',
    processInstanceId: task.instance_id,
    activityId: task.activity_id,
    configuration: task.id,
    causeIncidentId: id,
    rootCauseIncidentId: id,
    incidentMessage: task.error_message,
    // The time of the last failure: a task without retries has no retry delay.
    incidentTimestamp: time(task.available_at || task.created_at),
  };
}

/** A task as lists show it. */
export function taskView(engine: EmbeddedEngine, task: Task) {
  const { row } = engine.instance(task.instance_id);
  return {
    id: task.id,
    activityId: task.activity_id,
    activityInstanceId: task.execution_id,
    executionId: task.execution_id,
    processInstanceId: task.instance_id,
    processDefinitionId: row.definition_id,
    processDefinitionKey: row.process_key,
    businessKey: row.business_key,
    topicName: task.topic,
    workerId: task.workerId,
    lockExpirationTime: task.lockedUntil > 0 ? time(task.lockedUntil) : null,
    retries: task.retries,
    errorMessage: task.error_message,
    createTime: time(task.created_at),
    priority: 0,
    suspended: false,
    tenantId: null,
  };
}

function taskVariables(
  engine: EmbeddedEngine,
  task: Task,
  wanted: readonly string[] | null | undefined,
): Record<string, unknown> {
  const variables = engine.variables(task.instance_id);
  const names = wanted ?? [...variables.keys()];
  const found: Record<string, unknown> = {};
  for (const name of names) {
    const variable = variables.get(name);
    if (variable) found[name] = writeTyped(variable);
  }
  return found;
}

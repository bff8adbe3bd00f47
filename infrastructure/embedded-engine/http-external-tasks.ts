import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine } from './engine-api.ts';
import { json, noContent, plainText } from './http-json.ts';
import { readVariables, variablesSchema } from './http-variables.ts';
import { externalTaskView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

const workerId = z.string().min(1);
const completeBody = z.strictObject({
  workerId,
  variables: variablesSchema,
  localVariables: variablesSchema,
});
const failureBody = z.strictObject({
  workerId,
  errorMessage: z.string().nullish(),
  errorDetails: z.string().nullish(),
  retries: z.number().int().min(0).nullish(),
  retryTimeout: z.number().int().min(0).nullish(),
  variables: variablesSchema,
  localVariables: variablesSchema,
});
const bpmnErrorBody = z.strictObject({
  workerId,
  errorCode: z.string().min(1),
  errorMessage: z.string().nullish(),
  variables: variablesSchema,
});
const extendLockBody = z.strictObject({ workerId, newDuration: z.number().int().min(1) });
const lockBody = z.strictObject({ workerId, lockDuration: z.number().int().min(1) });
const retriesBody = z.strictObject({ retries: z.number().int().min(0).nullish() });
const severalRetriesBody = retriesBody.extend({
  externalTaskIds: z.array(z.string()).nullish(),
  processInstanceIds: z.array(z.string()).nullish(),
});
const priorityBody = z.strictObject({ priority: z.number().int() });

/** /external-task/{id}: what a worker reports of a task, and what an operator does with it. */
export function registerExternalTaskRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { externalTasks } = engine;
  type ById = { Params: { id: string } };

  api.get<ById>('/external-task/:id', ({ params }, reply) => {
    return json(reply, externalTaskView(externalTasks.get(params.id)));
  });

  api.get<ById>('/external-task/:id/errorDetails', ({ params }, reply) => {
    return plainText(reply, externalTasks.errorDetails(params.id));
  });

  api.post<ById>('/external-task/:id/complete', async ({ params, body }, reply) => {
    const { workerId, variables, localVariables } = completeBody.parse(body);
    await externalTasks.complete(
      params.id,
      workerId,
      readVariables(variables),
      readVariables(localVariables),
    );
    return noContent(reply);
  });

  api.post<ById>('/external-task/:id/failure', async ({ params, body }, reply) => {
    const failure = failureBody.parse(body);
    await externalTasks.failure(params.id, failure.workerId, {
      errorMessage: failure.errorMessage ?? null,
      errorDetails: failure.errorDetails ?? null,
      retries: failure.retries ?? 0,
      retryTimeout: failure.retryTimeout ?? 0,
      variables: readVariables(failure.variables),
      localVariables: readVariables(failure.localVariables),
    });
    return noContent(reply);
  });

  api.post<ById>('/external-task/:id/bpmnError', async ({ params, body }, reply) => {
    const { workerId, errorCode, errorMessage, variables } = bpmnErrorBody.parse(body);
    const error = { code: errorCode, message: errorMessage ?? null };
    await externalTasks.bpmnError(params.id, workerId, error, readVariables(variables));
    return noContent(reply);
  });

  api.post<ById>('/external-task/:id/extendLock', ({ params, body }, reply) => {
    const { workerId, newDuration } = extendLockBody.parse(body);
    externalTasks.extendLock(params.id, workerId, newDuration);
    return noContent(reply);
  });

  api.post<ById>('/external-task/:id/lock', ({ params, body }, reply) => {
    const { workerId, lockDuration } = lockBody.parse(body);
    externalTasks.lock(params.id, workerId, lockDuration);
    return noContent(reply);
  });

  api.post<ById>('/external-task/:id/unlock', async ({ params }, reply) => {
    await externalTasks.unlock(params.id);
    return noContent(reply);
  });

  api.put<ById>('/external-task/:id/retries', async ({ params, body }, reply) => {
    await externalTasks.setRetries(params.id, retriesOf(retriesBody.parse(body)));
    return noContent(reply);
  });

  api.put('/external-task/retries', async ({ body }, reply) => {
    const given = severalRetriesBody.parse(body);
    const retries = retriesOf(given);
    const { externalTaskIds, processInstanceIds } = given;
    const ids = new Set(externalTaskIds);
    if (processInstanceIds && processInstanceIds.length > 0) {
      for (const { id } of externalTasks.list({ processInstanceIds })) ids.add(id);
    }
    for (const id of ids) await externalTasks.setRetries(id, retries);
    return noContent(reply);
  });

  api.put<ById>('/external-task/:id/priority', async ({ params, body }, reply) => {
    await externalTasks.setPriority(params.id, priorityBody.parse(body).priority);
    return noContent(reply);
  });
}

function retriesOf({ retries }: z.infer<typeof retriesBody>): number {
  if (typeof retries === 'number') return retries;
  throw new BadRequest('The number of retries cannot be null.');
}

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine } from './engine-api.ts';
import { badRequest, engineFailure, isNull, workerOf } from './errors.ts';
import { orMissing } from './http-errors.ts';
import { json, noContent, plainText } from './http-json.ts';
import { readVariables, variablesSchema } from './http-variables.ts';
import { externalTaskView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

const workerId = z.string().nullish();
const completeBody = z.strictObject({
  workerId,
  variables: variablesSchema,
  localVariables: variablesSchema,
});
const failureBody = z.strictObject({
  workerId,
  errorMessage: z.string().nullish(),
  errorDetails: z.string().nullish(),
  retries: z.number().int().nullish(),
  retryTimeout: z.number().int().nullish(),
  variables: variablesSchema,
  localVariables: variablesSchema,
});
const bpmnErrorBody = z.strictObject({
  workerId,
  errorCode: z.string().nullish(),
  errorMessage: z.string().nullish(),
  variables: variablesSchema,
});
const extendLockBody = z.strictObject({ workerId, newDuration: z.number().int().nullish() });
const lockBody = z.strictObject({ workerId, lockDuration: z.number().int().nullish() });
const retriesBody = z.strictObject({ retries: z.number().int().nullish() });
const severalRetriesBody = retriesBody.extend({
  externalTaskIds: z.array(z.string()).nullish(),
  processInstanceIds: z.array(z.string()).nullish(),
});
const priorityBody = z.strictObject({ priority: z.number().int() });

/** /external-task/{id}: what a worker reports of a task, and what an operator does with it. */
export function registerExternalTaskRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { externalTasks } = engine;
  type ById = { Params: { id: string } };

  api.get<ById>('/external-task/:id', async ({ params: { id } }, reply) => {
    const message = `External task with id ${id} does not exist`;
    const task = await orMissing(
      () => new BadRequest(message, 404, 'RestException', { restCode: null }),
      () => externalTasks.get(id),
    );
    return json(reply, externalTaskView(task));
  });

  api.get<ById>('/external-task/:id/errorDetails', async ({ params: { id } }, reply) => {
    const details = await orMissing(
      () => isNull(`No external task found with id ${id}: externalTask`),
      () => externalTasks.errorDetails(id),
    );
    return plainText(reply, details);
  });

  api.post<ById>('/external-task/:id/complete', async ({ params, body }, reply) => {
    const { workerId, variables, localVariables } = completeBody.parse(body);
    await externalTasks.complete(
      params.id,
      workerOf(workerId),
      readVariables(variables),
      readVariables(localVariables),
    );
    return noContent(reply);
  });

  api.post<ById>('/external-task/:id/failure', async ({ params, body }, reply) => {
    const failure = failureBody.parse(body);
    await externalTasks.failure(params.id, workerOf(failure.workerId), {
      errorMessage: failure.errorMessage ?? null,
      errorDetails: failure.errorDetails ?? null,
      retries: notNegative('retries', failure.retries),
      retryTimeout: notNegative('retryDuration', failure.retryTimeout),
      variables: readVariables(failure.variables),
      localVariables: readVariables(failure.localVariables),
    });
    return noContent(reply);
  });

  api.post<ById>('/external-task/:id/bpmnError', async ({ params, body }, reply) => {
    const { workerId, errorCode, errorMessage, variables } = bpmnErrorBody.parse(body);
    const worker = workerOf(workerId);
    const error = { code: errorCodeOf(errorCode), message: errorMessage ?? null };
    await externalTasks.bpmnError(params.id, worker, error, readVariables(variables));
    return noContent(reply);
  });

  api.post<ById>('/external-task/:id/extendLock', ({ params, body }, reply) => {
    const { workerId, newDuration } = extendLockBody.parse(body);
    const duration = positive('lockTime', newDuration);
    externalTasks.extendLock(params.id, workerOf(workerId), duration);
    return noContent(reply);
  });

  api.post<ById>('/external-task/:id/lock', ({ params, body }, reply) => {
    const { workerId, lockDuration } = lockBody.parse(body);
    const worker = workerOf(workerId);
    externalTasks.lock(params.id, worker, positive('lockDuration', lockDuration));
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

/** @param name Camunda's word for it */
function notNegative(name: string, given: number | null | undefined): number {
  const value = given ?? 0;
  if (value >= 0) return value;
  throw engineFailure(`${name} is not greater than or equal to 0`);
}

/** @param name Camunda's word for it */
function positive(name: string, value: number | null | undefined): number {
  if (value && value > 0) return value;
  throw badRequest(`${name} is not greater than 0`);
}

function errorCodeOf(errorCode: string | null | undefined): string {
  if (errorCode) return errorCode;
  throw errorCode === '' ? engineFailure('Error Code is empty') : isNull('errorCode');
}

function retriesOf({ retries }: z.infer<typeof retriesBody>): number {
  if (typeof retries !== 'number') throw new BadRequest('The number of retries cannot be null.');
  if (retries >= 0) return retries;
  const message =
    'The number of retries cannot be negative: retries is not greater than or equal to 0';
  throw new BadRequest(message, 400, 'BadUserRequestException');
}

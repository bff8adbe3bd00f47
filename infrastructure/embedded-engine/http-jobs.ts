import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine, Job } from './engine-api.ts';
import { orMissing } from './http-errors.ts';
import {
  always,
  dateConditions,
  holds,
  is,
  isAtLeast,
  isAtMost,
  isIn,
  passedOn,
  tenantFilters,
} from './http-filters.ts';
import { json, noContent, plainText } from './http-json.ts';
import { registerList } from './http-list.ts';
import { jobView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

const date = z.iso
  .datetime({ offset: true, local: true })
  .or(z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?[+-]\d{4}$/))
  .transform((text) => Date.parse(text));
const retriesBody = z.strictObject({
  retries: z.number().int().min(0),
  dueDate: date.nullish(),
});
const dueDateBody = z.strictObject({
  duedate: date.nullish(),
  cascade: z.literal(false).nullish(),
});

/** /job: timers, and activities that are entered or left asynchronously. */
export function registerJobRoutes(
  api: FastifyInstance,
  engine: EmbeddedEngine,
  now: () => number,
): void {
  const { jobs } = engine;
  type ById = { Params: { id: string } };
  type Row = Job;

  registerList(api, {
    path: '/job',
    byPost: true,
    filters: {
      jobId: is<Row>(({ id }) => id),
      jobIds: isIn<Row>(({ id }) => id),
      activityId: is<Row>(({ activityId }) => activityId),
      failedActivityId: is<Row>(({ activityId, exceptionMessage }) =>
        exceptionMessage === null ? null : activityId,
      ),
      executionId: is<Row>(({ executionId }) => executionId),
      processInstanceId: passedOn.text,
      processInstanceIds: isIn<Row>(({ processInstanceId }) => processInstanceId),
      processDefinitionId: is<Row>(({ definitionId }) => definitionId),
      processDefinitionKey: is<Row>(({ processKey }) => processKey),
      withRetriesLeft: holds<Row>(({ retries }) => retries > 0),
      noRetriesLeft: holds<Row>(({ retries }) => retries === 0),
      executable: holds<Row>(({ retries, due }) => retries > 0 && (due ?? 0) <= now()),
      timers: holds<Row>(({ kind }) => kind !== 'async'),
      messages: holds<Row>(({ kind }) => kind === 'async'),
      withException: holds<Row>(({ exceptionMessage }) => exceptionMessage !== null),
      exceptionMessage: is<Row>(({ exceptionMessage }) => exceptionMessage),
      dueDates: dateConditions<Row>(({ due }) => due),
      createTimes: dateConditions<Row>(({ createdAt }) => createdAt),
      active: always<Row>(),
      suspended: holds<Row>(() => false),
      priorityHigherThanOrEquals: isAtLeast<Row>(() => 0),
      priorityLowerThanOrEquals: isAtMost<Row>(() => 0),
      ...tenantFilters<Row>(),
      includeJobsWithoutTenantId: always<Row>(),
    },
    sortKeys: {
      jobId: ({ id }) => id,
      executionId: ({ executionId }) => executionId,
      processInstanceId: ({ processInstanceId }) => processInstanceId,
      processDefinitionId: ({ definitionId }) => definitionId,
      processDefinitionKey: ({ processKey }) => processKey,
      jobRetries: ({ retries }) => retries,
      jobDueDate: ({ due }) => due,
      jobPriority: () => 0,
    },
    find: ({ processInstanceId, processInstanceIds }) =>
      jobs.list({
        processInstanceIds: processInstanceId ? [processInstanceId] : processInstanceIds,
      }),
    view: jobView,
  });

  api.get<ById>('/job/:id', ({ params }, reply) => json(reply, jobView(jobs.get(params.id))));

  api.get<ById>('/job/:id/stacktrace', async ({ params: { id } }, reply) => {
    const job = await orMissing(
      () => new BadRequest(`No job found with id ${id}: job is null`, 404),
      () => jobs.get(id),
    );
    return plainText(reply, job.exceptionMessage);
  });

  api.post<ById>('/job/:id/execute', async ({ params: { id } }, reply) => {
    try {
      await jobs.execute(id);
    } catch (cause) {
      if (!(cause instanceof BadRequest)) throw cause;
      // Whatever is wrong with it, Camunda answers 404.
      const missing = `ENGINE-14026 No job found with id '${id}'`;
      const message = cause.status === 404 ? missing : cause.message;
      throw new BadRequest(message, 404, 'InvalidRequestException', { cause });
    }
    return noContent(reply);
  });

  api.put<ById>('/job/:id/retries', async ({ params, body }, reply) => {
    const { retries, dueDate } = retriesBody.parse(body);
    await orMissing(
      () => new BadRequest(`ENGINE-13053 No job found with id '${params.id}'.'`, 500),
      async () => {
        // First: with attempts it may run at once, and is gone then.
        if (dueDate !== undefined) await jobs.setDueDate(params.id, dueDate);
        await jobs.setRetries(params.id, retries);
      },
    );
    return noContent(reply);
  });

  api.put<ById>('/job/:id/duedate', async ({ params, body }, reply) => {
    const { duedate = null } = dueDateBody.parse(body);
    await orMissing(
      () => new BadRequest(`No job found with id '${params.id}'.`, 500),
      () => jobs.setDueDate(params.id, duedate),
    );
    return noContent(reply);
  });
}

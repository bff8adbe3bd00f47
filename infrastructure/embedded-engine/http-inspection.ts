import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine } from './engine.ts';
import type { EngineStore } from './engine-store.ts';
import { taskView } from './http-external-tasks.ts';
import { historyView } from './http-instances.ts';
import { json, time } from './http-json.ts';

const ids = z.array(z.string()).optional();
// Strict, like all queries here: to pass over a filter would answer another question.
const pageQuery = z.strictObject({
  firstResult: z.coerce.number().int().min(0).default(0),
  maxResults: z.coerce.number().int().min(1).max(1_000).default(1_000),
});
const historyBody = z.strictObject({
  processInstanceIds: ids,
  processInstanceBusinessKeyIn: ids,
  processDefinitionKeyIn: ids,
  unfinished: z.literal(true).optional(),
  /** No instance here calls another: all are roots. */
  rootProcessInstances: z.literal(true).optional(),
  startedBefore: z.string().optional(),
  incidentStatus: z.literal('open').optional(),
  sorting: z
    .tuple([
      z.strictObject({ sortBy: z.literal('startTime'), sortOrder: z.literal('asc') }),
      z.strictObject({ sortBy: z.literal('instanceId'), sortOrder: z.literal('asc') }),
    ])
    .optional(),
});
const tasksBody = z.strictObject({ processInstanceIdIn: z.array(z.string()) });
const jobsBody = z.strictObject({ processInstanceIds: z.array(z.string()) });

/** What is asked about many instances at once, and where an instance stands. */
export function registerInspectionRoutes(
  api: FastifyInstance,
  engine: EmbeddedEngine,
  store: EngineStore,
): void {
  const { board } = engine;

  api.post('/history/process-instance', async (request, reply) => {
    const { firstResult, maxResults } = pageQuery.parse(request.query);
    const body = historyBody.parse(request.body);
    const filter = {
      ids: body.processInstanceIds,
      businessKeys: body.processInstanceBusinessKeyIn,
      processKeys: body.processDefinitionKeyIn,
      activeOnly: body.unfinished ?? false,
      ...(body.startedBefore ? { startedBefore: Date.parse(body.startedBefore) } : {}),
    };
    const rows = store.instances(filter, maxResults, firstResult);
    const hasIncident = (id: string): boolean =>
      board.ofInstance(id).some((task) => task.retries === 0);
    const found = rows.filter(({ id }) => body.incidentStatus !== 'open' || hasIncident(id));
    return json(reply, found.map(historyView));
  });

  api.post('/external-task', async (request, reply) => {
    pageQuery.parse(request.query);
    const { processInstanceIdIn } = tasksBody.parse(request.body);
    const tasks = processInstanceIdIn.flatMap((id) => board.ofInstance(id));
    return json(
      reply,
      tasks.map((task) => taskView(engine, task)),
    );
  });

  // The jobs there are here: an instance's timers.
  api.post('/job', async (request, reply) => {
    pageQuery.parse(request.query);
    const { processInstanceIds } = jobsBody.parse(request.body);
    const rows = store.instances({ ids: processInstanceIds, activeOnly: true }, 1_000);
    return json(
      reply,
      rows
        .filter((row) => row.next_due_at !== null)
        .map((row) => ({
          id: row.id,
          processInstanceId: row.id,
          processDefinitionKey: row.process_key,
          dueDate: time(row.next_due_at),
          retries: 3,
        })),
    );
  });

  api.get<{ Params: { id: string } }>(
    '/process-instance/:id/activity-instances',
    async ({ params }, reply) => {
      const { row } = engine.instance(params.id);
      const waiting = engine.waitingAt(params.id);
      const leaf = (activityId: string | null, activityType: string) => ({
        activityId,
        activityType,
        childActivityInstances: [],
        childTransitionInstances: [],
      });
      return json(reply, {
        ...leaf(row.definition_id, 'processDefinition'),
        id: row.id,
        processInstanceId: row.id,
        childActivityInstances:
          waiting.length > 0
            ? waiting.map((activityId) => leaf(activityId, 'activity'))
            : // It runs and waits for nothing that could come: its tokens stand at joins.
              [leaf(null, 'parallelGateway')],
      });
    },
  );
}

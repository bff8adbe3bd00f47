import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  type JsonObject,
  logIds,
  StoreUnavailableError,
} from '../../../../../domain/common/index.ts';
import { startProcess } from '../../../../../domain/process/index.ts';
import { type Problem, problem, problemOf, problemSchema } from '../../../answers/problems.ts';
import { statusUrl } from '../../../answers/process-answers.ts';
import { storeDetail } from '../../../answers/unavailable.ts';
import type { Route } from '../../../parts/route.ts';
import { traceOf } from '../../../requests/observe-requests.ts';
import { optionalText, text, time } from '../../../schemas/fields.ts';
import { startBody } from './start.schema.ts';
import { checkStart, conflictProblem, keepSentBody, startRequestOf } from './start-request.ts';

const MAX_STARTS = 1_000;
const NO_WAIT = { ms: 0, hungUp: new AbortController().signal };

const bodySchema = z
  .strictObject({
    starts: z
      .array(
        startBody.extend({
          idempotencyKey: text
            .min(1)
            .max(1_000)
            .optional()
            .describe('As the header Idempotency-Key of a single start'),
        }),
      )
      .min(1)
      .max(MAX_STARTS),
  })
  .meta({
    examples: [
      {
        starts: [
          { processKey: 'onboard-user', variables: { userId: '42', email: 'ada@example.com' } },
          {
            processKey: 'onboard-user',
            startAt: '2026-12-24T08:00:00Z',
            variables: { userId: '43', email: 'eve@example.com' },
          },
        ],
      },
    ],
  });

const acceptedSchema = z.object({
  status: z.literal(202),
  correlationId: text,
  statusUrl: text,
  startAt: time.optional().describe('The time for which it waits before it begins'),
  joined: z.boolean().describe('True: it was accepted before, by the same id or key'),
});
const refusedSchema = z.object({ status: z.number().int(), problem: problemSchema });

const answersSchema = z
  .object({ answers: z.array(z.union([acceptedSchema, refusedSchema])) })
  .meta({
    examples: [
      {
        answers: [
          {
            status: 202,
            correlationId: 'order-4711',
            statusUrl: '/api/process/status/order-4711',
            joined: false,
          },
        ],
      },
    ],
  });

const schema = {
  operationId: 'startProcesses',
  summary: 'Start up to 1,000 processes without waiting for their ends',
  description:
    'Each start has an answer of its own, in the same order. The accepted ones are committed together and end in the background. The body as a whole must be valid.',
  tags: ['process'],
  headers: z.object({
    traceparent: optionalText.describe('W3C trace context of all of them'),
    tracestate: optionalText.describe('Passed on with `traceparent`'),
  }),
  body: bodySchema,
  response: {
    200: answersSchema.describe('An answer for each start: accepted (202), or why not'),
    400: problem('The body is not valid; nothing was written'),
  },
};

type Answer = z.infer<typeof acceptedSchema> | z.infer<typeof refusedSchema>;
type Start = z.infer<typeof bodySchema>['starts'][number];

/** `POST /api/process/start-many`. */
export const startManyRoute: Route<
  'definitions' | 'callbacks' | 'newId' | 'store' | 'live' | 'limits' | 'operations'
> = async (app, { definitions, callbacks, newId, store, live, limits, operations }) => {
  const ports = { eventStore: limits.load.countStarts(store.eventStore), ...live, newId };
  const count = (process: string, outcome: string): void =>
    operations.observe?.metrics.starts.inc({ process, outcome });

  keepSentBody(app);

  app.post(
    '/api/process/start-many',
    { config: { scope: 'process:start' }, schema },
    async (request) => {
      const { starts } = request.body;
      const sent = (request.sentBody as { starts: JsonObject[] }).starts;
      await limits.load.holdStart(false);
      // All in one turn: their events share a commit, and each counts for the limits before the next one.
      const answers = await Promise.all(
        starts.map((start, at) => startOne(request, start, sent[at] as JsonObject)),
      );
      return { answers };
    },
  );

  async function startOne(
    request: FastifyRequest,
    { idempotencyKey, ...body }: Start,
    { idempotencyKey: _, ...sent }: JsonObject,
  ): Promise<Answer> {
    const refused = (problem: Problem, outcome: string): Answer => {
      count(definitions.get(body.processKey)?.key ?? '', outcome);
      return { status: problem.status, problem };
    };
    const checked = checkStart(body, definitions, callbacks);
    if ('problem' in checked) return refused(checked.problem, 'refused');
    const full = limits.load.refuseStart(false, checked.isLater);
    if (full) return refused(problemOf('overloaded', full), 'unavailable');
    const correlationId = body.correlationId ?? newId();
    const trace = traceOf(request);
    const { traceId } = logIds(correlationId, trace.traceparent);
    try {
      const answer = await startProcess(
        startRequestOf(request, checked, {
          ...{ body, sent, correlationId, idempotencyKey, trace, traceId },
          wait: NO_WAIT,
        }),
        ports,
      );
      if (answer.kind === 'conflict') {
        return refused(conflictProblem(answer.correlationId), 'conflict');
      }
      if (answer.joined) count(checked.definition.key, 'joined');
      const { correlationId: id, joined } = answer;
      const startAt = checked.isLater ? { startAt: checked.startAt } : {};
      return { status: 202, correlationId: id, statusUrl: statusUrl(id), ...startAt, joined };
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      request.log.error({ correlationId, err: error }, 'dependency unavailable');
      const problem = problemOf('unavailable', storeDetail(error), { correlationId });
      return refused(problem, 'unavailable');
    }
  }
};

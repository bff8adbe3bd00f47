import { z } from 'zod';
import { AUDIT_ACTIONS, AUDIT_OUTCOMES } from '../../../../../domain/audit/index.ts';
import { problem } from '../../../answers/problems.ts';
import type { Route } from '../../../parts/route.ts';
import { cursorParameter, encodeCursor } from '../../../queries/cursor.ts';
import { isForwards, queryOf, timeParameter, wholeNumber } from '../../../queries/parameters.ts';
import { columnText, integer, text, time } from '../../../schemas/fields.ts';

const auditCursor = z.object({ seq: integer.min(1) });

const entrySchema = z.object({
  seq: integer.describe('Counts up from 1 without a gap'),
  act: text.describe('The same in all entries of one act'),
  action: z.enum(AUDIT_ACTIONS),
  outcome: z
    .enum(AUDIT_OUTCOMES)
    .describe('`begun` is written before anything is done, the others after it'),
  actor: text.describe(
    'Name of the API key or subject of the token; `local` for a command, `service` for the service itself',
  ),
  subject: text.nullable().describe('The process, the key or the job; null for many'),
  details: z.record(text, z.any()),
  createdAt: time,
  hash: text.describe('SHA-256 over the hash of the entry before and all of this one'),
});

const pageSchema = z.object({ entries: z.array(entrySchema), nextCursor: text.nullable() }).meta({
  examples: [
    {
      entries: [
        {
          seq: 2,
          act: '4d0c1a52-7f0e-4c38-9d3c-0d5b1a2f7c11',
          action: 'restore',
          outcome: 'done',
          actor: 'operations',
          subject: 'order-4711',
          details: { kind: 'restored' },
          createdAt: '2026-01-31T12:00:00.012Z',
          hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        },
      ],
      nextCursor: null,
    },
  ],
});

const schema = {
  operationId: 'listAuditLog',
  summary: 'List administrative acts, the newest first',
  description:
    'What callers do to a process is in its events, with the actor. This log has the acts that no event tells of: keys, archive, restore, purge, erasure, rebuild, repair, retried jobs, and starts of a service instance with other settings.',
  tags: ['operations'],
  querystring: queryOf({
    action: z.enum(AUDIT_ACTIONS).optional(),
    outcome: z.enum(AUDIT_OUTCOMES).optional(),
    actor: columnText.optional(),
    subject: columnText.optional(),
    act: columnText.optional().describe('Only the entries of one act'),
    from: timeParameter.optional().describe('Written at or after'),
    to: timeParameter.optional().describe('Written before'),
    limit: wholeNumber(1, 1_000, 50),
    cursor: cursorParameter(auditCursor),
  }).refine(...isForwards),
  response: {
    200: pageSchema.describe('A page of the log'),
    503: problem('The database cannot be reached'),
  },
};

/** `GET /api/admin/audit`. */
export const auditRoute: Route<'administration'> = async (app, { administration }) => {
  const { auditLog } = administration;
  app.get('/api/admin/audit', { config: { scope: 'admin' }, schema }, async ({ query }) => {
    const { limit, cursor, ...filter } = query;
    const found = await auditLog.list(filter, { limit: limit + 1, before: cursor?.seq });
    const entries = found.slice(0, limit);
    const last = entries.at(-1);
    const hasMore = last && found.length > limit;
    return { entries, nextCursor: hasMore ? encodeCursor({ seq: last.seq }) : null };
  });
};

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FeedFilter } from '../../../domain/feed/index.ts';
import type { SoughtIdentifier, SoughtText } from '../../../domain/identifiers/index.ts';
import { correlationIdSchema, EVENT_TYPES } from '../../../domain/process/index.ts';
import { listOf, timeParameter } from '../queries/parameters.ts';
import { processKeyFilter, shortText } from '../schemas/process.ts';

const word = shortText.min(1, 'must not be empty; leave it out to have all').optional();

/** The filters of events in the query of a route. Pass `isForwards` to its `refine`, too. */
export const feedFilterFields = {
  process: processKeyFilter.optional().describe('Process key'),
  step: word.describe('Name of the step'),
  status: z.enum(['ok', 'error']).optional(),
  type: listOf(z.enum(EVENT_TYPES))
    .optional()
    .describe(`Repeated or separated by commas: ${EVENT_TYPES.join(', ')}`),
  targetSystem: word.describe('The system that the step called'),
  originatingSystem: word,
  traceabilityId: word,
  batchId: word,
  applicationId: word,
  correlationId: correlationIdSchema.optional(),
  from: timeParameter.optional().describe('Written at or after'),
  to: timeParameter.optional().describe('Written before'),
  archive: z
    .enum(['include', 'exclude'])
    .default('exclude')
    .describe('Whether to include events of archived processes'),
};

type FeedFilterQuery = z.infer<z.ZodObject<typeof feedFilterFields>> & {
  errorCode?: SoughtText | undefined;
  identifier?: readonly SoughtIdentifier[] | undefined;
};

/** Which events a caller wants. */
export interface Wanted {
  filter: FeedFilter;
  /** Whether archived events are included. */
  archived: boolean;
}

/** Which events a query asks for. */
export function wantedBy(query: FeedFilterQuery): Wanted {
  const { process, step, type, archive, identifier, status, correlationId, from, to } = query;
  const { targetSystem, originatingSystem, traceabilityId, batchId, applicationId } = query;
  const filter: FeedFilter = {
    ...{ status, targetSystem, originatingSystem, traceabilityId, batchId, applicationId },
    ...{ correlationId, from, to, errorCode: query.errorCode, identifiers: identifier },
    processName: process,
    stepName: step,
    types: type && [...new Set(type)].sort(),
  };
  return { filter, archived: archive === 'include' };
}

/** A short text that is the same for the same filters. */
export function fingerprint({ filter, archived }: Wanted): string {
  const given = Object.entries({ ...filter, archived }).filter(([, value]) => value !== undefined);
  given.sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(given)).digest('base64url').slice(0, 11);
}

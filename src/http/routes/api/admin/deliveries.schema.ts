import { z } from 'zod';
import { DELIVERY_STATUSES, SUBSCRIPTION_EVENTS } from '../../../../../domain/callbacks/index.ts';
import { problem } from '../../../answers/problems.ts';
import { cursorParameter } from '../../../queries/cursor.ts';
import { queryOf, wholeNumber } from '../../../queries/parameters.ts';
import { columnText, integer, text, time } from '../../../schemas/fields.ts';

const EXAMPLE = {
  id: '4711-01977d2e-5c44-7e9a-8f0b-1c2d3e4f5a6b',
  target: '01977d2e-5c44-7e9a-8f0b-1c2d3e4f5a6b',
  url: 'https://receiver.example.com/callbacks',
  type: 'process-failed',
  correlationId: 'order-4711',
  processKey: 'onboard-user',
  status: 'parked',
  attempts: 10,
  nextAt: '2026-02-03T12:00:00.000Z',
  lastError: 'it answered 500',
  createdAt: '2026-01-31T12:00:00.000Z',
};

const deliverySchema = z
  .object({
    id: text.describe('The `webhook-id`'),
    target: text.describe('Id of the subscription; `callback:<host>` for the callback of a start'),
    url: text,
    type: z.enum(SUBSCRIPTION_EVENTS),
    correlationId: text,
    processKey: text,
    status: z.enum(DELIVERY_STATUSES),
    attempts: integer.describe('Tries that failed'),
    nextAt: time.describe('Of a pending one: when it is tried next'),
    lastError: text.nullable(),
    createdAt: time,
  })
  .meta({ id: 'Delivery', examples: [EXAMPLE] });

const away = problem('The database cannot be reached');
const tags = ['operations'];

export const listDeliveriesSchema = {
  operationId: 'listDeliveries',
  summary: 'Callbacks that are not delivered: pending, or parked after the last try',
  tags,
  querystring: queryOf({
    status: z.enum(DELIVERY_STATUSES).optional(),
    target: columnText.optional(),
    correlationId: columnText.optional(),
    limit: wholeNumber(1, 1_000, 50),
    cursor: cursorParameter(z.object({ id: text })),
  }),
  response: {
    200: z
      .object({ deliveries: z.array(deliverySchema), nextCursor: text.nullable() })
      .meta({ examples: [{ deliveries: [EXAMPLE], nextCursor: null }] })
      .describe('A page of them'),
    503: away,
  },
};

const replayed = z
  .object({ replayed: integer })
  .meta({ examples: [{ replayed: 1 }] })
  .describe('How many are sent again');

export const replaySchema = {
  operationId: 'replayDelivery',
  summary: 'Send a parked callback again, with all its tries',
  tags,
  params: z.object({ id: text.min(1).max(100) }),
  response: { 200: replayed, 404: problem('No parked callback has this id'), 503: away },
};

export const replayManySchema = {
  operationId: 'replayDeliveries',
  summary: 'Send parked callbacks again: all, or those of a target or a process',
  tags,
  body: z
    .strictObject({ target: columnText.optional(), correlationId: columnText.optional() })
    .meta({ examples: [{ target: EXAMPLE.target }] }),
  response: { 200: replayed, 503: away },
};

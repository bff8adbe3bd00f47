import { z } from 'zod';
import { SUBSCRIPTION_EVENTS } from '../../../../../../domain/callbacks/index.ts';
import { problem } from '../../../../answers/problems.ts';
import { columnText, integer, text, time } from '../../../../schemas/fields.ts';

const EXAMPLE = {
  id: '01977d2e-5c44-7e9a-8f0b-1c2d3e4f5a6b',
  url: 'https://receiver.example.com/callbacks',
  events: ['process-failed', 'step-failed'],
  processKey: 'onboard-user',
  createdAt: '2026-01-31T12:00:00.000Z',
  createdBy: 'operations',
};
const SECRET = { generation: 1, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };

const subscriptionSchema = z
  .object({
    id: text,
    url: text,
    events: z.array(z.enum(SUBSCRIPTION_EVENTS)),
    processKey: text.nullable().describe('Null: of all definitions'),
    createdAt: time,
    createdBy: text,
  })
  .meta({ id: 'Subscription', examples: [EXAMPLE] });

const secretsField = z
  .array(z.object({ generation: integer, secret: text }))
  .describe('Those that are valid, the newest first');

const secretsSchema = z
  .object({ secrets: secretsField })
  .meta({ examples: [{ secrets: [SECRET] }] });

const params = z.object({
  id: text
    .min(1)
    .max(255)
    .describe(
      'Of a subscription; of secrets also `callback:<host>:<port>`, for callbacks of starts',
    ),
});
const away = problem('The database cannot be reached');
const unknown = problem('There is no subscription with this id');
const tags = ['operations'];

export const createSchema = {
  operationId: 'createSubscription',
  summary: 'Subscribe to events of processes',
  description:
    'Events that are committed from now on are sent to the URL, signed as Standard Webhooks says; the answer has the secret.',
  tags,
  body: z
    .strictObject({
      url: text.min(1).max(2_000).describe('A host in CALLBACK_HOSTS'),
      events: z
        .array(z.enum(SUBSCRIPTION_EVENTS))
        .min(1)
        .optional()
        .describe('Default: the ends of processes'),
      processKey: columnText.optional().describe('Default: of all definitions'),
    })
    .meta({
      examples: [
        {
          url: 'https://receiver.example.com/callbacks',
          events: ['process-failed', 'step-failed'],
          processKey: 'onboard-user',
        },
      ],
    }),
  response: {
    201: z
      .object({ subscription: subscriptionSchema, secrets: secretsField })
      .meta({ examples: [{ subscription: EXAMPLE, secrets: [SECRET] }] })
      .describe('It is subscribed'),
    400: problem('The request is not valid, or the host is not allowed'),
    503: away,
  },
};

export const listSchema = {
  operationId: 'listSubscriptions',
  summary: 'List all subscriptions, the oldest first',
  tags,
  response: {
    200: z
      .object({ subscriptions: z.array(subscriptionSchema) })
      .meta({ examples: [{ subscriptions: [EXAMPLE] }] })
      .describe('All of them, without secrets'),
    503: away,
  },
};

export const removeSchema = {
  operationId: 'removeSubscription',
  summary: 'Remove a subscription and its deliveries',
  tags,
  params,
  response: { 204: z.null().describe('It is removed'), 404: unknown, 503: away },
};

export const secretsRouteSchema = {
  operationId: 'getSubscriptionSecrets',
  summary: 'The secrets that its deliveries are signed with',
  description: 'The audit log has who asked.',
  tags,
  params,
  response: { 200: secretsSchema.describe('The secrets'), 404: unknown, 503: away },
};

const changed = (operationId: string, summary: string, conflict: string) => ({
  operationId,
  summary,
  tags,
  params,
  response: {
    200: secretsSchema.describe('The secrets that are valid now'),
    404: unknown,
    409: problem(conflict),
    503: away,
  },
});
export const rotateSchema = changed(
  'rotateSubscriptionSecret',
  'Sign with a new secret besides the one before',
  'Two are valid already',
);
export const retireSchema = changed(
  'retireSubscriptionSecret',
  'Stop signing with the secret before the newest',
  'Only one is valid',
);

import type { FastifyReply } from 'fastify';
import type { SecretsAnswer, Subscription } from '../../../../../../domain/callbacks/index.ts';
import { actorOf } from '../../../../../access/caller.ts';
import { ProblemError, sendProblem } from '../../../../answers/problems.ts';
import type { Route } from '../../../../parts/route.ts';
import {
  createSchema,
  listSchema,
  removeSchema,
  retireSchema,
  rotateSchema,
  secretsRouteSchema,
} from './subscriptions.schema.ts';

/** `/api/admin/subscriptions`: create, list and remove; `…/:id/secrets`: show, rotate and retire. */
export const subscriptionRoutes: Route<'callbacks'> = async (app, { callbacks }) => {
  const config = { scope: 'admin' } as const;
  const url = '/api/admin/subscriptions';

  app.post(url, { config, schema: createSchema }, async (request, reply) => {
    const refusal = callbacks.refuse(request.body.url);
    if (refusal !== null) {
      const errors = [{ path: 'body.url', message: refusal }];
      throw new ProblemError('invalid-request', `body.url: ${refusal}`, { errors });
    }
    const { subscription, secrets } = await callbacks.create(request.body, actorOf(request));
    return reply.code(201).send({ subscription: shown(subscription), secrets });
  });

  app.get(url, { config, schema: listSchema }, async () => ({
    subscriptions: (await callbacks.list()).map(shown),
  }));

  app.delete(`${url}/:id`, { config, schema: removeSchema }, async (request, reply) => {
    const { id } = request.params;
    if (await callbacks.remove(id, actorOf(request))) return reply.code(204).send(null);
    return sendUnknown(reply, id);
  });

  app.get(`${url}/:id/secrets`, { config, schema: secretsRouteSchema }, async (request, reply) => {
    const { id } = request.params;
    return sendSecrets(reply, id, await callbacks.secrets(id, actorOf(request)));
  });

  app.post(`${url}/:id/rotate`, { config, schema: rotateSchema }, async (request, reply) => {
    const { id } = request.params;
    return sendSecrets(reply, id, await callbacks.rotate(id, actorOf(request)));
  });

  app.post(`${url}/:id/retire`, { config, schema: retireSchema }, async (request, reply) => {
    const { id } = request.params;
    return sendSecrets(reply, id, await callbacks.retire(id, actorOf(request)));
  });
};

function shown({ after: _, events, ...subscription }: Subscription) {
  return { ...subscription, events: [...events] };
}

function sendSecrets(reply: FastifyReply, id: string, answer: SecretsAnswer): FastifyReply {
  switch (answer.kind) {
    case 'known':
      return reply.header('cache-control', 'no-store').send({ secrets: answer.secrets });
    case 'refused':
      return sendProblem(
        reply,
        'conflict',
        answer.secrets.length > 1
          ? 'Two secrets are valid already: retire the older one when all receivers have the new one.'
          : 'Only one secret is valid: rotate it first.',
      );
    case 'unknown':
      return sendUnknown(reply, id);
    default:
      return answer satisfies never;
  }
}

function sendUnknown(reply: FastifyReply, id: string): FastifyReply {
  return sendProblem(
    reply,
    'not-found',
    `There is no subscription with the id "${id}"; GET /api/admin/subscriptions lists all.`,
  );
}

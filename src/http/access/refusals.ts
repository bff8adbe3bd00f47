import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouteScope } from '../../../domain/access/index.ts';
import { correlationIdSchema } from '../../../domain/process/index.ts';
import type { Caller } from '../../access/caller.ts';
import { type Problem, sendProblem } from '../answers/problems.ts';
import { sendUnavailable } from '../answers/unavailable.ts';
import type { CheckedCaller } from './check-caller.ts';
import { isForBrowsers } from './routes.ts';

const REALM = 'realm="fastify-camunda"';

/** 401: no credential, or one that is not valid. The answer does not reveal why. */
function sendUnauthorized(reply: FastifyReply, shown: boolean): FastifyReply {
  const challenge = isForBrowsers(reply.request.url.split('?')[0] ?? '')
    ? `Basic ${REALM}, charset="UTF-8"`
    : // RFC 6750, section 3.1: no error code for a request without a credential.
      `Bearer ${REALM}${shown ? ', error="invalid_token"' : ''}`;
  reply.header('WWW-Authenticate', challenge);
  return sendProblem(
    reply,
    'unauthorized',
    shown
      ? 'The API key or token is not valid, or no longer valid. Ask the operator of the service for another one.'
      : 'Send an API key or token as `Authorization: Bearer …`, or a key as `X-API-Key`.',
    processOf(reply),
  );
}

/** 403: the caller is known, but not allowed to do this. */
export function sendForbidden(
  reply: FastifyReply,
  caller: Caller,
  isBasic: boolean,
  wanted: RouteScope,
): FastifyReply {
  if (!isBasic) {
    reply.header(
      'WWW-Authenticate',
      `Bearer ${REALM}, error="insufficient_scope", scope="${wanted}"`,
    );
  }
  const held = [...caller.scopes].join(', ') || 'no scope at all';
  return sendProblem(
    reply,
    'forbidden',
    `This needs the scope ${wanted}; your key or token has ${held}.`,
    processOf(reply),
  );
}

/** 403: a page of another site made a browser send this, with the credential that the browser adds by itself. */
export function sendCrossSite(reply: FastifyReply): FastifyReply {
  return sendProblem(
    reply,
    'forbidden',
    'A page of another site sent this. Send it from a page of this service, or with an API key as `Authorization: Bearer …`.',
    processOf(reply),
  );
}

/** 403: access control is off for this machine, but the request did not come from it. */
export function sendForeignPage(reply: FastifyReply, reason: string): FastifyReply {
  return sendProblem(
    reply,
    'forbidden',
    `Without access control only programs and pages on this machine are served, and ${reason}. Call the service as localhost, 127.0.0.1 or [::1], or create an API key and send it.`,
    processOf(reply),
  );
}

function sendTooManyFailures(reply: FastifyReply, seconds: number): FastifyReply {
  reply.header('Retry-After', String(Math.max(1, seconds)));
  return sendProblem(
    reply,
    'too-many-requests',
    'Too many calls without a valid API key or token came from your address.',
    processOf(reply),
  );
}

/** Answers a call of somebody who is not known, with the reason. */
export function sendRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  checked: Exclude<CheckedCaller, { kind: 'known' | 'local' }>,
): FastifyReply {
  switch (checked.kind) {
    case 'foreign-page':
      return sendForeignPage(reply, checked.reason);
    case 'unauthorized':
      return sendUnauthorized(reply, checked.shown);
    case 'too-many-failures':
      return sendTooManyFailures(reply, checked.seconds);
    case 'cannot-check':
      request.log.error({ err: checked.reason }, 'a credential could not be checked');
      return sendCannotCheck(reply);
    default:
      return checked satisfies never;
  }
}

/** 503: the database with the keys, or the identity provider, is unavailable. */
function sendCannotCheck(reply: FastifyReply): FastifyReply {
  return sendUnavailable(
    reply,
    'Your API key or token cannot be checked now; nothing was done. Send the same request again later.',
    processOf(reply),
  );
}

/** The process that the path names, if it names one. */
function processOf({ request }: FastifyReply): Partial<Problem> {
  const { correlationId } = (request.params ?? {}) as { correlationId?: unknown };
  const parsed = correlationIdSchema.safeParse(correlationId);
  return parsed.success ? { correlationId: parsed.data } : {};
}

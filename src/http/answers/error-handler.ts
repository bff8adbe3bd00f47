import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { CodedError, type LogIds } from '../../../domain/common/index.ts';
import { ProblemError, sendProblem } from './problems.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { sendDependencyUnavailable, sendUnavailable } from './unavailable.ts';

/** Answers a URL that the router cannot read with a problem. */
export function sendUnreadableUrl(
  error: FastifyError,
  _request: unknown,
  reply: FastifyReply,
): FastifyReply {
  // No hook has run.
  reply.headers(SECURITY_HEADERS);
  return sendProblem(
    reply,
    'invalid-request',
    error.code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? 'The URL is too long; an id in it must have at most 255 characters.'
      : 'The URL cannot be decoded; escape ids in it as encodeURIComponent does.',
  );
}

/** Answers every error of every route with a problem. */
export function registerErrorHandler(
  app: FastifyInstance,
  bodyLimit: number,
  idsOf: (correlationId: string) => LogIds,
): void {
  /** The ids of the process for log lines, when the request names one. */
  function aboutProcess({ logIds, params, body }: FastifyRequest): object {
    if (logIds) return logIds;
    const { correlationId } = { ...(body ?? {}), ...(params ?? {}) } as { correlationId?: unknown };
    return typeof correlationId === 'string' ? idsOf(correlationId) : {};
  }

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (hasZodFastifySchemaValidationErrors(error)) {
      if (error.validationContext === 'body' && request.body == null) {
        const detail = 'There is no body; send JSON with Content-Type: application/json.';
        return sendProblem(reply, 'invalid-request', detail);
      }
      const errors = error.validation.map((issue) => ({
        path: [error.validationContext ?? 'body', ...issue.instancePath.split('/')]
          .filter((part) => part !== '')
          .join('.'),
        message: issue.message ?? 'is not valid',
      }));
      const detail = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
      return sendProblem(reply, 'invalid-request', detail, { errors });
    }
    if (error instanceof ProblemError) {
      return sendProblem(reply, error.problem, error.message, error.more);
    }
    switch (error.code) {
      case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
        return sendProblem(
          reply,
          'unsupported-media-type',
          `The body is sent as ${request.headers['content-type'] ?? 'no type'}; send JSON with Content-Type: application/json.`,
        );
      case 'FST_ERR_CTP_BODY_TOO_LARGE':
        return sendProblem(
          reply,
          'body-too-large',
          `The body is larger than the ${bodyLimit} bytes allowed; send references instead of documents.`,
        );
      case 'STORE_UNAVAILABLE':
      case 'ENGINE_UNAVAILABLE':
        request.log.error({ ...aboutProcess(request), err: error }, 'dependency unavailable');
        return sendDependencyUnavailable(reply, error);
      case 'ENGINE_REFUSED':
        request.log.warn({ ...aboutProcess(request), err: error }, 'the engine refused a call');
        return sendProblem(
          reply,
          'engine-refused',
          `The process engine refused the call, and nothing happened: ${error.message}. Fix what it names, then send the request again.`,
          { code: error.code },
        );
      default:
    }
    const status = error.statusCode ?? 500;
    if (status === 429) return sendProblem(reply, 'too-many-requests', error.message);
    if (status === 503) return sendUnavailable(reply, error.message);
    if (status >= 400 && status < 500 && !(error instanceof CodedError)) {
      return sendProblem(reply, 'invalid-request', error.message);
    }
    request.log.error({ ...aboutProcess(request), err: error }, 'request failed');
    return sendProblem(
      reply,
      'internal-error',
      'The service has logged the error. Sending the same request again is safe.',
    );
  });
}

import { MIMEType } from 'node:util';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError, sendProblem } from '../answers/problems.ts';
import { hasBody } from '../connections/limit-connections.ts';
import { readJson } from './read-json.ts';

/** Names of UTF-8, and of ASCII, which is a part of it. */
const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

/**
 * Accepts only JSON in UTF-8 as a body. What the headers already show is refused before the body is read. When a
 * value could not be stored unchanged, the answer names it.
 */
export function registerBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parse(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (!hasBody(request.raw) || !refuseByHeaders(request, reply)) done();
  });
}

function parse(bytes: Buffer): unknown {
  // Generated clients send a Content-Type even without a body.
  if (bytes.length === 0) return undefined;
  const found = readJson(bytes);
  switch (found.kind) {
    case 'read':
      return found.value;
    case 'not-utf8':
      throw new ProblemError(
        'malformed-json',
        `The body is not UTF-8: byte ${found.byte} (counted from 0) does not start a UTF-8 character; send JSON in UTF-8.`,
      );
    case 'not-json':
      throw new ProblemError(
        'malformed-json',
        'The body is not JSON (RFC 8259); look for a missing quote, comma or bracket.',
      );
    case 'not-kept': {
      const path = ['body', ...found.fault.path].join('.');
      const { message } = found.fault;
      throw new ProblemError('invalid-request', `${path}: ${message}`, {
        errors: [{ path, message }],
      });
    }
  }
}

function refuseByHeaders(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const encodings = listOf(request.headers['content-encoding']).filter(
    (name) => name !== 'identity',
  );
  const transfers = listOf(request.headers['transfer-encoding']).filter(
    (name) => name !== 'chunked',
  );
  const encoding = encodings[0] ?? transfers[0];
  if (encoding !== undefined) {
    // RFC 9110, section 12.5.3: what is supported.
    reply.header('Accept-Encoding', 'identity');
    return sendProblem(
      reply,
      'unsupported-media-type',
      `The body is encoded as ${encoding}; encodings are not supported. Send it without Content-Encoding.`,
    );
  }
  const charset = charsetOf(request.headers['content-type'] ?? '');
  if (charset === null || CHARSETS.has(charset.toLowerCase())) return undefined;
  return sendProblem(
    reply,
    'unsupported-media-type',
    `The body is sent in the charset ${charset}; send JSON in UTF-8 (RFC 8259, section 8.1).`,
  );
}

function listOf(header: string | undefined): string[] {
  if (header === undefined) return [];
  return header
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '');
}

/** Null without a charset, or when the header is not a media type, which no parser accepts. */
function charsetOf(contentType: string): string | null {
  // What nearly every caller sends.
  if (contentType === 'application/json') return null;
  try {
    return new MIMEType(contentType).params.get('charset');
  } catch {
    return null;
  }
}

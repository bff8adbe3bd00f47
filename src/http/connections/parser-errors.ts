import { maxHeaderSize, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type ProblemName, problemOf } from '../answers/problems.ts';
import { SECURITY_HEADERS } from '../answers/security-headers.ts';

/** An answer as raw text, for there is no request to reply to. */
function rawAnswer(name: ProblemName, detail: string, more: Record<string, string> = {}): string {
  const problem = problemOf(name, detail);
  const body = JSON.stringify(problem);
  const headers = {
    ...SECURITY_HEADERS,
    Date: new Date().toUTCString(),
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
    ...more,
  };
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}`);
  const first = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`;
  return `${[first, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

/**
 * Answers what the HTTP parser refuses, or waited for too long, with a problem, and closes the connection: where the
 * next request starts is not known (`clientError` of Node's `http.Server`).
 */
export function sendParserError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const { _httpMessage: answer } = socket as { _httpMessage?: ServerResponse };
  // An answer is on its way already, or the caller is gone.
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent) {
    socket.destroy();
    return;
  }
  socket.end(rawAnswer(...problemFor(error.code)), () => socket.destroy());
}

function problemFor(code: string | undefined): [ProblemName, string] {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [
        'request-timeout',
        'The request did not arrive in time; send it faster, or in smaller parts.',
      ];
    case 'HPE_HEADER_OVERFLOW':
      return [
        'headers-too-large',
        `URL and headers are larger than ${maxHeaderSize} bytes together; shorten them, or use the body.`,
      ];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return ['body-too-large', 'The chunks of the body have too many extensions; send none.'];
    default:
      return ['invalid-request', 'This is not valid HTTP/1.1 (RFC 9112).'];
  }
}

/** Answers requests that Node would answer itself without a body and headers, or not at all. */
export function registerServerAnswers(app: FastifyInstance): void {
  app.server.on('checkExpectation', (_request, response: ServerResponse) => {
    const problem = problemOf(
      'expectation-failed',
      'The Expect header asks for something other than 100-continue; leave it out.',
    );
    response.writeHead(problem.status, {
      ...SECURITY_HEADERS,
      'Content-Type': 'application/problem+json; charset=utf-8',
      Connection: 'close',
    });
    response.end(JSON.stringify(problem));
  });
  app.server.on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    const detail = 'This server is not a proxy and does not support CONNECT.';
    socket.end(rawAnswer('method-not-allowed', detail, { Allow: '' }), () => socket.destroy());
  });
}

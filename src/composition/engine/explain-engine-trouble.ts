import { cutText, EngineRefusedError } from '../../../domain/common/index.ts';
import { EngineAnswerError } from '../../../infrastructure/camunda/engine-answers.ts';
import { TokenUnavailableError } from '../../../infrastructure/camunda/token-error.ts';
import type { EngineAccess } from './engine-access.ts';

/**
 * Explains in one line why the engine cannot be used at the start: the variables to check, what was tried and what to
 * change. It shows no credentials, because the URLs hold none; see `readEngineAccess`.
 */
export function explainEngineTrouble(error: unknown, access: EngineAccess): string {
  return oneLine(explain(error, access));
}

/**
 * Whether the engine, or its token endpoint, is only temporarily unavailable: it refuses connections, does not answer
 * in time, breaks off, or answers with a server error. Everything else is a wrong setting. So is an unknown host name:
 * a wrong name looks like one that does not exist yet, and is far more frequent.
 */
export function isEngineAway(error: unknown): boolean {
  if (error instanceof EngineAnswerError) return isTrouble(error.httpStatus);
  if (error instanceof TokenUnavailableError && error.refusal !== null) {
    return isTrouble(error.refusal.status);
  }
  const codes = codesOf(error);
  return codes.length > 0 && codes.every((code) => AWAY.has(code));
}

const isTrouble = (status: number): boolean => status >= 500 || status === 408 || status === 429;

function explain(error: unknown, access: EngineAccess): string {
  if (error instanceof TokenUnavailableError) return explainTokenTrouble(error, access);
  if (error instanceof EngineAnswerError) {
    return explainAnswer(error.httpStatus, error.message, access);
  }
  if (error instanceof EngineRefusedError) {
    return explainAnswer(error.httpStatus, `the engine answered ${error.httpStatus}`, access);
  }
  return `CAMUNDA_BASE_URL: ${explainConnection(error, access.baseUrl, 'start the engine there')}`;
}

function explainAnswer(status: number, message: string, { baseUrl, auth }: EngineAccess): string {
  if (status === 401 || status === 403) {
    const at = `by the engine at ${baseUrl} (${status})`;
    const refused =
      status === 401 ? `is refused ${at}` : `is not allowed ${at} to do what the service needs`;
    switch (auth.kind) {
      case 'none':
        return `CAMUNDA_USERNAME, CAMUNDA_PASSWORD: a caller without credentials ${refused}; set them, or CAMUNDA_OAUTH_TOKEN_URL, CAMUNDA_OAUTH_CLIENT_ID and CAMUNDA_OAUTH_CLIENT_SECRET`;
      case 'basic':
        return `CAMUNDA_USERNAME, CAMUNDA_PASSWORD: the user "${auth.username}" ${refused}; check both${status === 403 ? ' and what the user is allowed to do' : ''}`;
      case 'oauth':
        return `CAMUNDA_OAUTH_SCOPE, CAMUNDA_OAUTH_AUDIENCE: the client "${auth.clientId}" ${refused}, though ${auth.tokenUrl} gave it a token; check what the engine expects in one`;
      default:
        return auth satisfies never;
    }
  }
  if (status < 500 && status !== 408 && status !== 429) {
    return `CAMUNDA_BASE_URL: there is no engine’s REST API at ${baseUrl}: ${shorten(message)}; check the path, which usually ends in /engine-rest`;
  }
  return `CAMUNDA_BASE_URL: the engine at ${baseUrl} answers with an error: ${shorten(message)}; check its log, then start again`;
}

function explainTokenTrouble(error: TokenUnavailableError, { auth }: EngineAccess): string {
  if (error.refusal === null) {
    const url = auth.kind === 'oauth' ? auth.tokenUrl : '';
    const reason = codesOf(error).length
      ? explainConnection(error, url, 'start the token endpoint there')
      : `${shorten(error.message)}; check that this is a token endpoint`;
    return `CAMUNDA_OAUTH_TOKEN_URL: ${reason}`;
  }
  return `${tokenVariables(error.refusal)}: no token for the engine: ${shorten(error.message)}`;
}

/** RFC 6749, section 5.2, and RFC 8707 for `invalid_target`. */
function tokenVariables({ status, error }: { status: number; error: string }): string {
  if (error === 'invalid_scope') return 'CAMUNDA_OAUTH_SCOPE';
  if (error === 'invalid_target') return 'CAMUNDA_OAUTH_AUDIENCE';
  if (
    status === 401 ||
    ['invalid_client', 'unauthorized_client', 'access_denied'].includes(error)
  ) {
    return 'CAMUNDA_OAUTH_CLIENT_ID, CAMUNDA_OAUTH_CLIENT_SECRET';
  }
  return 'CAMUNDA_OAUTH_TOKEN_URL';
}

/** @param remedy what helps when nothing listens there */
function explainConnection(error: unknown, url: string, remedy: string): string {
  const codes = codesOf(error);
  const code = codes[0] ?? '';
  const { hostname } = new URL(url);
  if (codes.includes('ENOTFOUND') || codes.includes('EAI_AGAIN')) {
    return `the host ${hostname} of ${url} is not known (${code}); check its name`;
  }
  if (codes.includes('ECONNREFUSED')) {
    return `nothing listens at ${url} (${code}); ${remedy}, or change the URL`;
  }
  if (isTimeout(error)) {
    return `${url} accepted the call and did not answer in time; check what listens there`;
  }
  if (codes.some((one) => TIMED_OUT.has(one))) {
    return `${url} cannot be reached in time (${code}); check the address, and the way to it`;
  }
  if (codes.some(isTls)) {
    return `no TLS connection to ${url} (${code}: ${deepest(error)}); give the certificate’s authority in NODE_EXTRA_CA_CERTS, or use http:// if that is what listens there`;
  }
  return `${url} cannot be used (${code ? `${code}: ` : ''}${deepest(error)}); check that it is the right address, and whether it wants https://`;
}

const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
]);
const TIMED_OUT = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Whether a call timed out (`AbortSignal.timeout`). */
function isTimeout(error: unknown): boolean {
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
  return name === 'TimeoutError' || (cause !== undefined && isTimeout(cause));
}

/** OpenSSL’s certificate and protocol errors, as Node names them. */
function isTls(code: string): boolean {
  return /CERT|^ERR_(SSL|TLS)_|^EPROTO$|^UNABLE_TO_|_SIGNATURE$|_CRL$|^HOSTNAME_MISMATCH$/.test(
    code,
  );
}

/** The codes of an error and its causes; a connection attempt to several addresses has several. */
function codesOf(error: unknown): string[] {
  const own = codeOf(error);
  const { cause, errors } = (error ?? {}) as { cause?: unknown; errors?: unknown };
  const inner = [cause, ...(Array.isArray(errors) ? errors : [])].filter(Boolean);
  return [...own, ...inner.flatMap(codesOf)];
}

function codeOf(error: unknown): string[] {
  const { code } = (error ?? {}) as { code?: unknown };
  // This one is ours, and does not describe the connection.
  return typeof code === 'string' && code !== 'ENGINE_UNAVAILABLE' ? [code] : [];
}

function deepest(error: unknown): string {
  const { cause, message } = (error ?? {}) as { cause?: unknown; message?: unknown };
  return cause ? deepest(cause) : shorten(String(message ?? error));
}

function shorten(text: string): string {
  const line = oneLine(text);
  return line.length > 200 ? `${cutText(line, 200)}…` : line;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

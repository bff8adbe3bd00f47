import type { Writable } from 'node:stream';
import pino, { type Logger, type LoggerOptions } from 'pino';
import { createMask, secretsIn } from '../../../infrastructure/observability/secrets.ts';

const HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key'];
const PARENTS = ['', '*.', 'headers.', 'req.headers.', 'request.headers.'];

/**
 * Logs JSON lines, or coloured ones on a terminal. Secrets are masked everywhere: by the name of their field, by the
 * form of a URL, and the secrets of the configuration by their value.
 *
 * @param env the variables with the secrets of the configuration
 */
export function createLogger(
  level: string,
  forPeople: boolean,
  env: Record<string, string | undefined> = process.env,
): Logger {
  const options = optionsOf(level, env);
  return forPeople
    ? pino({ ...options, transport: { target: 'pino-pretty', options: PRETTY } })
    : pino(options);
}

/** The same for a command; each line is written at once to `destination`, which may have to redraw a bar. */
export async function createCommandLogger(
  level: string,
  forPeople: boolean,
  destination: Writable,
  env: Record<string, string | undefined> = process.env,
): Promise<Logger> {
  const options = optionsOf(level, env);
  if (!forPeople) return pino(options, destination);
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ ...PRETTY, destination, sync: true }));
}

const PRETTY = { translateTime: 'HH:MM:ss.l', singleLine: true, hideObject: false };

function optionsOf(level: string, env: Record<string, string | undefined>): LoggerOptions {
  return {
    level,
    base: null,
    redact: {
      paths: ['password', ...HEADERS].flatMap((name) =>
        PARENTS.map((parent) =>
          parent === '' ? `["${name}"]` : `${parent.slice(0, -1)}["${name}"]`,
        ),
      ),
      censor: '***',
    },
    serializers: { err: serializeError, error: serializeError },
    hooks: { streamWrite: createMask(secretsIn(env)) },
  };
}

/** An error without the objects that libraries attach: the options of a call with its headers, a command's arguments. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { raw: _raw, aggregateErrors, ...fields } = pino.stdSerializers.err(error);
  const plain = Object.entries(fields).filter(([, value]) => typeof value !== 'object');
  return {
    ...Object.fromEntries(plain),
    ...(aggregateErrors ? { aggregateErrors: innerErrors(error) } : {}),
  };
}

function innerErrors(error: Error): unknown {
  const { errors } = error as { errors?: unknown };
  return Array.isArray(errors) ? errors.map(serializeError) : undefined;
}

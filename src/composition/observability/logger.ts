import type { Writable } from 'node:stream';
import pino, { type Logger, type LoggerOptions } from 'pino';
import { createMask, secretsIn } from '../../../infrastructure/observability/secrets.ts';

const HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key'];
const PLACES = ['', '*.', 'headers.', 'req.headers.', 'request.headers.'];

/**
 * JSON lines for machines, coloured ones on a terminal. Secrets are masked wherever they turn up: by the
 * name of their field, by the form of a URL, and those of the configuration by their value.
 *
 * @param env where the secrets of the configuration are found
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

/** The same lines for a command, each written at once: to `destination`, which may have a bar to redraw. */
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
        PLACES.map((place) => (place === '' ? `["${name}"]` : `${place.slice(0, -1)}["${name}"]`)),
      ),
      censor: '***',
    },
    serializers: { err: serializeError, error: serializeError },
    hooks: { streamWrite: createMask(secretsIn(env)) },
  };
}

/**
 * What an error says, without the objects that libraries hang on theirs: the options of a call with its
 * headers, a command with its arguments.
 */
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

import pino, { type Logger } from 'pino';
import { createMask, secretsIn } from './secrets.ts';

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
  return pino({
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
    ...(forPeople
      ? {
          transport: {
            target: 'pino-pretty',
            options: { translateTime: 'HH:MM:ss.l', singleLine: true, hideObject: false },
          },
        }
      : {}),
  });
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

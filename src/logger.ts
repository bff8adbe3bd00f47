import pino, { type Logger } from 'pino';

/** JSON lines for machines, coloured ones on a terminal; secrets are masked wherever they turn up. */
export function createLogger(level: string, forPeople: boolean): Logger {
  return pino({
    level,
    base: null,
    redact: {
      paths: [
        '*.password',
        '*.authorization',
        'headers.authorization',
        'req.headers.authorization',
      ],
      censor: '***',
    },
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

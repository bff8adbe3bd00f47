import { isIP } from 'node:net';
import { z } from 'zod';
import { SetupError } from '../domain/common/index.ts';
import { nextTime } from '../domain/outbox/index.ts';
import { readMasterKeys } from '../domain/personal-data/index.ts';
import { isSecretName, maskUrls } from '../infrastructure/observability/secrets.ts';
import { redisUrlProblem } from '../infrastructure/redis/redis-url.ts';
import { mssqlUrlProblem } from '../infrastructure/sqlserver/target.ts';

export const ROLES = ['api', 'worker', 'relay', 'projector', 'retention'] as const;
export type Role = (typeof ROLES)[number];

/** The lock of each process is a parameter, of which SQL Server takes 2,100; and see `archive-rows.ts`. */
export const ARCHIVE_BATCH_MAX = 500;

/** How the message of a wrong number begins; `readConfig` puts the unit behind it. */
const WHOLE_NUMBER = 'must be a whole number';

const number = (fallback: number, min: number, max = Number.MAX_SAFE_INTEGER) => {
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} on` : `${min} to ${max}`;
  const error = `${WHOLE_NUMBER} from ${range}, like ${fallback}`;
  return z.coerce.number({ error }).int(error).min(min, error).max(max, error).default(fallback);
};

/** What the number of a setting counts, by its name; null where the name says it. */
function unitOf(name: string): string | null {
  if (name.endsWith('_MS')) return 'milliseconds';
  if (name.endsWith('_SECONDS')) return 'seconds';
  if (name.endsWith('_DAYS')) return 'days';
  return name === 'BODY_LIMIT' ? 'bytes' : null;
}
const optionalUrl = (protocols: RegExp) =>
  z
    .string()
    .default('')
    .refine((value) => value === '' || (URL.canParse(value) && protocols.test(value)), {
      message: `must be a URL that matches ${protocols}`,
    });

const databaseUrl = z
  .string()
  .default('')
  .superRefine((value, context) => {
    const message = value === '' ? null : mssqlUrlProblem(value);
    if (message) context.addIssue({ code: 'custom', message });
  });
const redisUrl = z
  .string()
  .default('')
  .superRefine((value, context) => {
    const message = value === '' ? null : redisUrlProblem(value);
    if (message) context.addIssue({ code: 'custom', message });
  });

/** What proxy-addr takes for addresses (https://github.com/jshttp/proxy-addr). */
function isTrustProxy(text: string): boolean {
  if (text === '') return true;
  return text.split(',').every((part) => {
    const [address = '', bits] = part.trim().split('/');
    if (['loopback', 'linklocal', 'uniquelocal'].includes(part.trim())) return true;
    const longest = isIP(address) === 6 ? 128 : 32;
    return (
      isIP(address) > 0 && (bits === undefined || (/^[1-9]\d*$/.test(bits) && +bits <= longest))
    );
  });
}

const cron = z.string().superRefine((value, context) => {
  try {
    nextTime(value, new Date());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const masterKeys = z
  .string()
  .default('')
  .superRefine((value, context) => {
    try {
      readMasterKeys(value);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  });

/** Every setting of the service. `describe` is the documentation: docs/configuration.md is held to it. */
export const configSchema = z.object({
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on'),
  PORT: number(3000, 0, 65535).describe('Port to listen on; 0 takes a free one'),
  AUTH: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe(
      'Access control. `auto`: on beyond loopback, with JWT_JWKS_URL, and once there is an API key; `off`: on loopback only',
    ),
  JWT_JWKS_URL: optionalUrl(/^https?:/).describe(
    'Public keys of your identity provider, `https://idp.example.com/jwks.json`; empty: no tokens, API keys only',
  ),
  JWT_ISSUER: z.string().default('').describe('`iss` a token must have; needed with JWT_JWKS_URL'),
  JWT_AUDIENCE: z
    .string()
    .default('')
    .describe('`aud` a token must have; needed with JWT_JWKS_URL'),
  JWT_SCOPE_CLAIM: z
    .string()
    .min(1)
    .default('scope')
    .describe(
      'Claim with the scopes, text with spaces or a list; `scp` is read when it is missing',
    ),
  JWT_CLOCK_TOLERANCE_SECONDS: number(5, 0, 300).describe(
    'How far the clocks of identity provider and service may differ',
  ),
  TRUST_PROXY: z
    .string()
    .default('')
    .refine(
      isTrustProxy,
      'must be addresses or networks with commas between them, `loopback`, `linklocal` or `uniquelocal`',
    )
    .describe(
      'Proxies whose X-Forwarded headers are believed, e.g. `10.0.0.0/8,loopback`; empty: none',
    ),
  DATA_DIR: z.string().min(1).default('./data').describe('Folder of the embedded data'),
  DATABASE_URL: databaseUrl.describe(
    'SQL Server, `mssql://user:password@host:1433/database`; empty: SQLite in DATA_DIR',
  ),
  DATABASE_POOL_MAX: number(10, 1, 1_000).describe(
    'Connections of this instance to SQL Server at most, for what is done all the time',
  ),
  DATABASE_POOL_MIN: number(0, 0, 1_000).describe('Connections to SQL Server that stay open'),
  DATABASE_CONNECT_TIMEOUT_MS: number(10_000, 100).describe('Time to connect to SQL Server'),
  DATABASE_REQUEST_TIMEOUT_MS: number(30_000, 100).describe('Time for one statement'),
  DATABASE_ACQUIRE_TIMEOUT_MS: number(10_000, 10).describe(
    'Time to wait for a free connection; then callers get a 503',
  ),
  REDIS_URL: redisUrl.describe(
    'Redis for BullMQ: `redis://host:6379`, `redis-sentinel://host:26379,host:26379/master`, `redis-cluster://host:6379,host:6379`, `rediss…` for TLS; empty: queue in the process',
  ),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w{}:.-]{1,100}$/, 'must be letters, digits and . : _ - { } only')
    .default('fastify-camunda')
    .describe(
      'Begins the keys and the channel in Redis; services with different ones share nothing',
    ),
  CAMUNDA_BASE_URL: optionalUrl(/^https?:/).describe(
    'REST API of Camunda 7 or Operaton, `http://host:8080/engine-rest`; empty: embedded engine',
  ),
  CAMUNDA_USERNAME: z.string().default('').describe('Basic auth for the engine'),
  CAMUNDA_PASSWORD: z.string().default('').describe('Basic auth for the engine (secret)'),
  CAMUNDA_OAUTH_TOKEN_URL: optionalUrl(/^https?:/).describe(
    'OAuth 2.0 for the engine: where tokens are had for the client’s own credentials',
  ),
  CAMUNDA_OAUTH_CLIENT_ID: z.string().default('').describe('OAuth 2.0 for the engine'),
  CAMUNDA_OAUTH_CLIENT_SECRET: z.string().default('').describe('OAuth 2.0 for the engine (secret)'),
  CAMUNDA_OAUTH_SCOPE: z.string().default('').describe('Scope to ask for; empty: none'),
  CAMUNDA_OAUTH_AUDIENCE: z
    .string()
    .default('')
    .describe('Audience to ask for, where the server wants one; empty: none'),
  ENGINE_CALL_TIMEOUT_MS: number(5_000, 100, 600_000).describe(
    'Time for a call of the engine that a caller waits for, a message for example; then callers get a 503',
  ),
  ROLES: z
    .string()
    .default(ROLES.join(','))
    .transform((text) => text.split(',').map((role) => role.trim()))
    .pipe(z.array(z.enum(ROLES)).min(1))
    .describe('What this instance does, of `api,worker,relay,projector,retention`'),
  PROCESSES_DIR: z
    .string()
    .default('')
    .describe('Folder of the processes; empty: the shipped ones'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe level that is logged'),
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalUrl(/^https?:/).describe(
    'OTLP/HTTP receiver of traces, `http://host:4318`; empty: no traces. Other standard `OTEL_` variables hold too',
  ),
  OTEL_TRACES_EXPORTER: z
    .enum(['', 'otlp', 'none'])
    .default('')
    .describe('`otlp`: traces to the endpoint or to localhost:4318; `none`: no traces at all'),
  OTEL_SERVICE_NAME: z.string().min(1).default('fastify-camunda').describe('Its name in traces'),
  WAIT_TIMEOUT_MS: number(25_000, 0, 600_000).describe('Longest time a call waits for a result'),
  BODY_LIMIT: number(1_048_576, 1_024).describe('Largest request body, in bytes'),
  REQUEST_TIMEOUT_MS: number(30_000, 100, 3_600_000).describe(
    'Time for a request to come in, its body included; then 408. How long its answer takes is another matter',
  ),
  CONNECTIONS_PER_ADDRESS_MAX: number(0, 0).describe(
    'Connections that one address has at once; one more ends the one that has been without a whole request for longest. 0: half of the files that the process may open. The addresses in TRUST_PROXY are not counted',
  ),
  RATE_LIMIT_PER_MINUTE: number(0, 0).describe('Calls per client and minute; 0: no limit'),
  PROCESS_MAP_MAX: number(100_000, 100).describe('Processes kept in memory for status reads'),
  WAITERS_MAX: number(100_000, 1).describe(
    'Calls that wait or follow at once in this instance; more are answered 503',
  ),
  EXPORTS_MAX: number(4, 1, 1_000).describe(
    'Exports that are sent at once in this instance; more are answered 503',
  ),
  BACKLOG_MAX: number(100_000, 0).describe(
    'Events in the outbox above which starts are answered 503: what an outage may pile up; 0: no limit',
  ),
  PENDING_MAX: number(0, 0).describe(
    'Pending processes above which starts are answered 503; 0: no limit',
  ),
  JOB_LOCK_MS: number(30_000, 1_000).describe(
    'With Redis: a job whose instance died is run by another after this time, twice it at most',
  ),
  QUEUE_CONCURRENCY: number(64, 1).describe('Jobs run at once'),
  WORKER_CONCURRENCY: number(64, 1).describe('External tasks run at once'),
  LOCK_DURATION_MS: number(30_000, 1_000).describe(
    'How long a task is locked; extended while it runs',
  ),
  LONG_POLL_MS: number(1_000, 100).describe(
    'How long the engine holds an empty poll; a failed task may come that much later than its pause says',
  ),
  OUTBOX_POLL_MS: number(500, 10).describe('Pause between looks for rows left in the outbox'),
  OUTBOX_LEASE_MS: number(30_000, 100).describe('How long an outbox row belongs to one relay'),
  RECONCILE_EVERY_MS: number(60_000, 0).describe(
    'Pause between two comparisons of processes with the engine; 0: none',
  ),
  RECONCILE_AFTER_MS: number(60_000, 1).describe(
    'How long a process must be without news to be compared',
  ),
  RETRY_KEEP_DAYS: number(30, 0, 3_650).describe(
    'How long the instance of a failed process is kept for a retry',
  ),
  ROLLUP_EVERY_MS: number(5_000, 0).describe(
    'Pause between two looks for events that the statistics do not count yet; 0: none, the statistics stand still',
  ),
  ARCHIVE_AFTER_DAYS: number(90, 0, 36_500).describe(
    'Days since its last change after which an ended process is archived; 0: never',
  ),
  ARCHIVE_CRON: cron
    .default('30 2 * * *')
    .describe('When processes are archived: a cron pattern of five fields, in UTC'),
  ARCHIVE_BATCH: number(ARCHIVE_BATCH_MAX, 1, ARCHIVE_BATCH_MAX).describe(
    'Processes archived in one transaction, at most; as a rule as many as fit into 50 ms',
  ),
  ARCHIVE_PURGE_AFTER_DAYS: number(0, 0, 36_500).describe(
    'Days since its last change after which an archived process is deleted; more than ARCHIVE_AFTER_DAYS; 0: never',
  ),
  ARCHIVE_EXPORT_DIR: z
    .string()
    .default('')
    .describe(
      'Folder for Parquet files, one a month, to which processes are handed over before they are deleted; empty: none',
    ),
  PERSONAL_DATA_KEY: masterKeys.describe(
    'Master key of personal data, 32 random bytes in base64 (secret); several with commas: the first one wraps, all unwrap; empty: personal data is stored in the clear and cannot be erased',
  ),
  SHUTDOWN_DELAY_MS: number(0, 0, 600_000).describe(
    'Time between the signal to stop and the stop itself, in which /health/ready says no and calls are still served: for load balancers',
  ),
  SHUTDOWN_TIMEOUT_MS: number(10_000, 100).describe('Time for a graceful stop'),
});

export type Config = z.output<typeof configSchema>;

/**
 * Reads the settings from environment variables; an empty one counts as not set.
 *
 * @throws SetupError with one line that names each wrong variable
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = configSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new SetupError(
    parsed.error.issues
      .map((issue) => {
        const name = issue.path[0]?.toString() ?? 'configuration';
        const unit = unitOf(name);
        const counted = unit ? `${WHOLE_NUMBER} of ${unit}` : WHOLE_NUMBER;
        return `${name}: ${issue.message.replace(WHOLE_NUMBER, counted)}`;
      })
      .join('; '),
  );
}

/** The settings as they may be printed: secrets and passwords, also those within URLs, are masked. */
export function redactConfig(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, redactValue(name, value)]),
  );
}

function redactValue(name: string, value: unknown): unknown {
  if (isSecretName(name)) return value === '' ? '' : '***';
  return typeof value === 'string' ? maskUrls(value) : value;
}

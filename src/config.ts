import { z } from 'zod';
import { SetupError } from '../domain/common/index.ts';
import { isSecretName, maskUrls } from '../infrastructure/observability/secrets.ts';
import {
  anyText,
  callbackHosts,
  cron,
  databaseUrl,
  masterKeys,
  number,
  optionalPort,
  optionalUrl,
  proxyAddresses,
  redisUrl,
  requiredText,
  retryCycle,
  secondsList,
  WHOLE_NUMBER,
} from './config/setting-types.ts';

export const ROLES = ['api', 'worker', 'relay', 'projector', 'retention'] as const;
export type Role = (typeof ROLES)[number];

/** Each process takes a parameter for its lock, and SQL Server allows 2,100; see also `archive-rows.ts`. */
export const ARCHIVE_BATCH_MAX = 1_000;

/** Every setting of the service. docs/configuration.md and .env.example are checked against the descriptions. */
export const configSchema = z.object({
  HOST: requiredText('127.0.0.1').describe('Address to listen on'),
  PORT: number(3000, 0, 65535).describe('Port to listen on; 0 takes a free one'),
  AUTH: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe(
      'Access control. `auto`: on when HOST is not loopback, when JWT_JWKS_URL or OIDC_ISSUER is set, and once there is an API key; `off` is allowed on loopback only',
    ),
  JWT_JWKS_URL: optionalUrl(/^https?:/).describe(
    'Public keys of your identity provider, `https://idp.example.com/jwks.json`; empty: no tokens, API keys only',
  ),
  JWT_ISSUER: anyText.describe('`iss` that a token must have; required with JWT_JWKS_URL'),
  JWT_AUDIENCE: anyText.describe('`aud` that a token must have; required with JWT_JWKS_URL'),
  JWT_SCOPE_CLAIM: requiredText('scope').describe(
    'Claim with the scopes, as a text with spaces or a list; `scp` is read when it is missing',
  ),
  JWT_CLOCK_TOLERANCE_SECONDS: number(5, 0, 300).describe(
    'How much the clocks of the identity provider and the service may differ',
  ),
  CONSOLE_URL: optionalUrl(/^https?:\/\/[^/?#]+\/?$/).describe(
    'Address of the service as browsers see it, `https://processes.example.com`; required with OIDC_ISSUER',
  ),
  SESSION_MAX_SECONDS: number(28_800, 60, 2_592_000).describe(
    'How long a browser stays signed in, if its API key does not end before',
  ),
  SESSION_SECRET: anyText.describe(
    'Random text that sessions are encrypted with, besides what the database has (secret), the same on all service instances; another one ends all sessions',
  ),
  OIDC_ISSUER: optionalUrl(/^https?:/).describe(
    'OpenID Connect provider at which users of the console sign in, `https://idp.example.com`; empty: with API keys only',
  ),
  OIDC_CLIENT_ID: anyText.describe('Client id at OIDC_ISSUER'),
  OIDC_CLIENT_SECRET: anyText.describe(
    'Client secret at OIDC_ISSUER (secret); empty: a public client, which needs SESSION_SECRET',
  ),
  OIDC_SCOPE: requiredText('openid').describe(
    'Scopes asked for at OIDC_ISSUER, separated by spaces; `openid` is one of them',
  ),
  TRUST_PROXY: proxyAddresses.describe(
    'Proxies whose X-Forwarded headers are trusted, e.g. `10.0.0.0/8,loopback`; empty: none',
  ),
  DATA_DIR: requiredText('./data').describe(
    'Folder of the SQLite file, which the embedded engine is in, too',
  ),
  DATABASE_URL: databaseUrl.describe(
    'SQL Server, `mssql://user:password@host:1433/database`; empty: SQLite in DATA_DIR',
  ),
  DATABASE_POOL_MAX: number(10, 1, 1_000).describe(
    'Maximum number of connections of this service instance to SQL Server for frequent statements; queries that take long have their own',
  ),
  DATABASE_POOL_MIN: number(0, 0, 1_000).describe('Connections to SQL Server that stay open'),
  DATABASE_CONNECT_TIMEOUT_MS: number(10_000, 100).describe('Time to connect to SQL Server'),
  DATABASE_REQUEST_TIMEOUT_MS: number(30_000, 100).describe('Time for one statement on SQL Server'),
  DATABASE_ACQUIRE_TIMEOUT_MS: number(10_000, 10).describe(
    'Time to wait for a free connection to SQL Server; then callers get a 503',
  ),
  REDIS_URL: redisUrl.describe(
    'Redis for BullMQ: `redis://host:6379`, `redis-sentinel://host:26379,host:26379/master`, `redis-cluster://host:6379,host:6379`, `rediss…` for TLS; empty: queue in the process',
  ),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w{}:.-]{1,100}$/, 'must be letters, digits and . : _ - { } only')
    .default('fastify-camunda')
    .describe(
      'Prefix of the keys and the channel in Redis; services with different prefixes share nothing',
    ),
  CAMUNDA_BASE_URL: optionalUrl(/^https?:/).describe(
    'REST API of Camunda 7 or Operaton, `http://host:8080/engine-rest`; empty: embedded engine',
  ),
  CAMUNDA_USERNAME: anyText.describe('Basic auth for the engine: user name'),
  CAMUNDA_PASSWORD: anyText.describe('Basic auth for the engine: password (secret)'),
  CAMUNDA_OAUTH_TOKEN_URL: optionalUrl(/^https?:/).describe(
    'OAuth 2.0 for the engine: token endpoint for the client credentials grant',
  ),
  CAMUNDA_OAUTH_CLIENT_ID: anyText.describe('OAuth 2.0 for the engine: client id'),
  CAMUNDA_OAUTH_CLIENT_SECRET: anyText.describe('OAuth 2.0 for the engine: client secret (secret)'),
  CAMUNDA_OAUTH_SCOPE: anyText.describe(
    'OAuth 2.0 for the engine: scope of the tokens; empty: none',
  ),
  CAMUNDA_OAUTH_AUDIENCE: anyText.describe(
    'OAuth 2.0 for the engine: audience of the tokens, where the server needs one; empty: none',
  ),
  ENGINE_CALL_TIMEOUT_MS: number(5_000, 100, 600_000).describe(
    'Time for an engine call that a caller waits for, a message for example; then callers get a 503',
  ),
  ENGINE_RETRY_CYCLE: retryCycle.describe(
    'Retry cycle of the jobs of the embedded engine that have none in their model (`camunda:failedJobRetryTimeCycle`), e.g. `R3/PT10S` or `PT1M,PT5M`; empty: three attempts at once',
  ),
  ENGINE_REST_PORT: optionalPort.describe(
    'Port of the REST API of the embedded engine, for workers in other languages: Camunda’s paths under `/engine-rest`, with an API key or token of the scope `admin` while access control is on; 0 takes a free one; empty: no REST API',
  ),
  ENGINE_REST_HOST: requiredText('127.0.0.1').describe(
    'Address that the REST API of the embedded engine listens on',
  ),
  ROLES: z
    .string()
    .default(ROLES.join(','))
    .transform((text) => text.split(',').map((role) => role.trim()))
    .pipe(z.array(z.enum(ROLES)).min(1))
    .describe('What this service instance does: any of `api,worker,relay,projector,retention`'),
  PROCESSES_DIR: anyText.describe('Folder of the process definitions; empty: the shipped ones'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Lowest level that is logged'),
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalUrl(/^https?:/).describe(
    'OTLP/HTTP receiver of traces, `http://host:4318`; empty: no traces. Other standard `OTEL_` variables apply too',
  ),
  OTEL_TRACES_EXPORTER: z
    .enum(['', 'otlp', 'none'])
    .default('')
    .describe('`otlp`: traces to the endpoint, or to localhost:4318; `none`: no traces'),
  OTEL_SERVICE_NAME: requiredText('fastify-camunda').describe('Name of the service in traces'),
  WAIT_TIMEOUT_MS: number(25_000, 0, 600_000).describe('Longest time a call waits for a result'),
  BODY_LIMIT: number(1_048_576, 1_024).describe('Largest request body, in bytes'),
  REQUEST_TIMEOUT_MS: number(30_000, 100, 3_600_000).describe(
    'Time for a request to arrive, its body included; then 408. It does not limit the answer',
  ),
  CONNECTIONS_PER_ADDRESS_MAX: number(0, 0).describe(
    'Maximum number of open connections of one address; one more closes the one that has been without a complete request for longest. 0: half of the files that the process may open. Addresses in TRUST_PROXY are not counted',
  ),
  RATE_LIMIT_PER_MINUTE: number(0, 0).describe('Calls per client and minute; 0: no limit'),
  PROCESS_MAP_MAX: number(100_000, 100).describe('Processes kept in memory for status reads'),
  WAITERS_MAX: number(100_000, 1).describe(
    'Maximum number of calls that wait or follow in this service instance; more are answered 503',
  ),
  EXPORTS_MAX: number(4, 1, 1_000).describe(
    'Maximum number of exports that this service instance sends at once; more are answered 503',
  ),
  BACKLOG_MAX: number(100_000, 0).describe(
    'Backlog of events in the outbox, as it grows in an outage, above which starts are answered 503; 0: no limit',
  ),
  PENDING_MAX: number(0, 0).describe(
    'Pending processes above which starts are answered 503; 0: no limit',
  ),
  START_DELAY_MAX_MS: number(20_000, 0).describe(
    'Starts are answered 503 while those accepted before would delay their begin by more than this, by the rate at which they begin; in an outage none is refused for it. 0: no limit',
  ),
  JOB_LOCK_MS: number(30_000, 1_000).describe(
    'With Redis: the job of a service instance that died runs on another one after this time, at most twice this time',
  ),
  QUEUE_CONCURRENCY: number(64, 1).describe('Jobs run at once'),
  WORKER_CONCURRENCY: number(64, 1).describe('External tasks run at once'),
  LOCK_DURATION_MS: number(30_000, 1_000).describe(
    'How long an engine at CAMUNDA_BASE_URL locks a task for this worker; extended while the step runs',
  ),
  LONG_POLL_MS: number(1_000, 100).describe(
    'How long an engine at CAMUNDA_BASE_URL holds a poll without tasks; a failed task may be retried up to this much later than its back-off',
  ),
  OUTBOX_POLL_MS: number(500, 10).describe('Interval of polls for due outbox rows'),
  OUTBOX_LEASE_MS: number(30_000, 100).describe(
    'How long a claimed outbox row belongs to one relay',
  ),
  RECONCILE_EVERY_MS: number(60_000, 0).describe(
    'Interval at which the reconciler compares pending processes with the engine; 0: never',
  ),
  RECONCILE_AFTER_MS: number(60_000, 1).describe(
    'Time without events after which the reconciler checks a process',
  ),
  RETRY_KEEP_DAYS: number(30, 0, 3_650).describe(
    'How long the instance of a failed process is kept for a retry; at most until a day before its process is purged',
  ),
  ROLLUP_EVERY_MS: number(5_000, 0).describe(
    'Interval at which new events are added to the rollups; 0: never',
  ),
  ARCHIVE_AFTER_DAYS: number(90, 0, 36_500).describe(
    'Days since its last change after which an ended process is archived; 0: never',
  ),
  ARCHIVE_CRON: cron
    .default('30 2 * * *')
    .describe('When processes are archived: a cron pattern with five fields, in UTC'),
  ARCHIVE_BATCH: number(ARCHIVE_BATCH_MAX, 1, ARCHIVE_BATCH_MAX).describe(
    'Maximum number of processes archived in one transaction; usually as many as fit into 50 ms, or 150 ms while nothing else is written',
  ),
  ARCHIVE_PURGE_AFTER_DAYS: number(0, 0, 36_500).describe(
    'Days since its last change after which an archived process is deleted; more than ARCHIVE_AFTER_DAYS; 0: never',
  ),
  ARCHIVE_EXPORT_DIR: anyText.describe(
    'Folder of the cold archive: Parquet files, one a month, that processes are written to before they are deleted; empty: none',
  ),
  CALLBACK_HOSTS: callbackHosts.describe(
    'Hosts that callbacks may be sent to, separated by commas: `receiver.example.com`, `*.example.com`, `http://receiver.example.com:8080`; their addresses must be public ones; empty: none',
  ),
  CALLBACK_PRIVATE_HOSTS: callbackHosts.describe(
    'The same for hosts within your network, whose addresses may be private or loopback; with both empty, callbacks are off',
  ),
  CALLBACK_SECRET: anyText.describe(
    'Random text that the secrets of receivers are derived from (secret), 32 characters or more, the same on all service instances; several separated by commas: all sign; required with CALLBACK_HOSTS',
  ),
  CALLBACK_TIMEOUT_MS: number(10_000, 100, 60_000).describe(
    'Time for one try of a callback, from the look-up of the host to the end of the answer',
  ),
  CALLBACK_RETRY_DELAYS: secondsList
    .default('5,300,1800,7200,18000,36000,50400,72000,86400')
    .describe(
      'Seconds before each further try of a callback, separated by commas; after the last one it is parked',
    ),
  PERSONAL_DATA_KEY: masterKeys.describe(
    'Master key of personal data, 32 random bytes in base64 (secret); several separated by commas: the first one encrypts, all decrypt; empty: personal data is stored in the clear and cannot be erased',
  ),
  SHUTDOWN_DELAY_MS: number(0, 0, 600_000).describe(
    'Time between the signal to stop and the stop itself, for load balancers: /health/ready is red, and calls are still served',
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

/** The settings with secrets and passwords masked, also within URLs: for the log. */
export function redactConfig(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, redactValue(name, value)]),
  );
}

function redactValue(name: string, value: unknown): unknown {
  if (isSecretName(name)) return value === '' ? '' : '***';
  return typeof value === 'string' ? maskUrls(value) : value;
}

/** The unit of a setting, from its name; null where the name has none. */
function unitOf(name: string): string | null {
  if (name.endsWith('_MS')) return 'milliseconds';
  if (name.endsWith('_SECONDS')) return 'seconds';
  if (name.endsWith('_DAYS')) return 'days';
  return name === 'BODY_LIMIT' ? 'bytes' : null;
}

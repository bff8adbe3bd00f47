import type { AuditDetails } from '../../../domain/audit/index.ts';
import {
  type CallbackHosts,
  createSubscriptions,
  type DeliveryOutcome,
  readBaseSecrets,
  readCallbackHosts,
  type Subscriptions,
} from '../../../domain/callbacks/index.ts';
import { type Log, SetupError } from '../../../domain/common/index.ts';
import type { Engine } from '../../../domain/engine/index.ts';
import { timeOrderedId } from '../../../domain/ids/index.ts';
import type { DeadLetters } from '../../../domain/outbox/index.ts';
import { findSlowProcesses } from '../../../domain/rollups/index.ts';
import { createCallbackSender } from '../../../infrastructure/http/callback-sender.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { createDeliverer, type Deliverer } from '../../../jobs/deliver-callbacks.ts';
import type { Config, Role } from '../../config.ts';
import type { Commits } from '../lifecycle/commits.ts';
import type { Shutdown } from '../lifecycle/shutdown.ts';
import { VERSION } from '../lifecycle/version.ts';

/** Milliseconds between two polls of the feed and of deliveries that are due. */
const POLL_INTERVAL_MS = 500;
/** Milliseconds between two looks for what only notices tell of. */
const NOTICE_INTERVAL_MS = 30_000;
/** Of a secret: a shorter one could be guessed. */
const MIN_SECRET_LENGTH = 32;

interface CallbackSettings {
  hosts: CallbackHosts;
  baseSecrets: readonly string[];
}

/** @throws SetupError when hosts are allowed and nothing could be signed */
export function checkCallbacks(config: Config): CallbackSettings {
  const hosts = readCallbackHosts(config.CALLBACK_HOSTS, config.CALLBACK_PRIVATE_HOSTS);
  const baseSecrets = readBaseSecrets(config.CALLBACK_SECRET);
  const isShort = baseSecrets.some((secret) => secret.length < MIN_SECRET_LENGTH);
  if (hosts.isOn && (baseSecrets.length === 0 || isShort)) {
    throw new SetupError(
      `CALLBACK_SECRET: ${MIN_SECRET_LENGTH} characters or more are required with CALLBACK_HOSTS, in each of several with commas between them; \`openssl rand -base64 32\` makes some`,
    );
  }
  return { hosts, baseSecrets };
}

/** What administrators do with subscriptions: for the REST API and the command. */
export function openSubscriptions(
  config: Config,
  database: Pick<Database, 'subscriptionStore' | 'deliveryStore' | 'eventFeed' | 'auditLog'>,
  details?: AuditDetails,
): Subscriptions {
  return createSubscriptions(database, {
    ...checkCallbacks(config),
    clock: Date.now,
    newId: timeOrderedId,
    ...(details ? { details } : {}),
  });
}

/** What sends callbacks, woken by commits; undefined while they are off, and on instances without the role `relay`. */
export function openDeliverer(options: {
  config: Config;
  has: (role: Role) => boolean;
  shutdown: Pick<Shutdown, 'add'>;
  commits: Pick<Commits, 'subscribe'>;
  database: Pick<
    Database,
    'callbackSource' | 'subscriptionStore' | 'deliveryStore' | 'processStore' | 'stuckProcesses'
  >;
  /** Personal data decrypted: payloads say what the REST API says. */
  decrypted: Pick<Database, 'eventStore'>;
  engine: Pick<Engine, 'findWaitingForPeople'>;
  deadLetters: DeadLetters;
  log: Pick<Log, 'debug' | 'warn'>;
  onTried?: (outcome: DeliveryOutcome, type: string, createdAt: string) => void;
}): Deliverer | undefined {
  const { config, database, decrypted, engine, deadLetters, log, onTried } = options;
  const settings = checkCallbacks(config);
  if (!settings.hosts.isOn || !options.has('relay')) return undefined;
  const { callbackSource, subscriptionStore, deliveryStore, processStore, stuckProcesses } =
    database;
  const sender = createCallbackSender({
    timeoutMs: config.CALLBACK_TIMEOUT_MS,
    userAgent: `fastify-camunda/${VERSION}`,
  });
  const deliverer = createDeliverer({
    ...settings,
    source: callbackSource,
    subscriptions: subscriptionStore,
    deliveries: deliveryStore,
    eventStore: decrypted.eventStore,
    send: sender.send,
    clock: Date.now,
    random: Math.random,
    newId: timeOrderedId,
    retryDelays: config.CALLBACK_RETRY_DELAYS.split(',').map((text) => Number(text) * 1_000),
    slowProcesses: (signal) => findSlowProcesses({ stuckProcesses, engine }, signal),
    deadLetters,
    processKeyOf: async (id) => (await processStore.get(id))?.processName ?? null,
    log,
    pollMs: POLL_INTERVAL_MS,
    noticeMs: NOTICE_INTERVAL_MS,
    leaseMs: 2 * config.CALLBACK_TIMEOUT_MS,
    ...(onTried ? { onTried } : {}),
  });
  options.shutdown.add('connections to receivers', sender.close);
  options.shutdown.add('callbacks', (timeLeft) => deliverer.stop(timeLeft() / 2));
  options.commits.subscribe(deliverer.onCommitted);
  return deliverer;
}

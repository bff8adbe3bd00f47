import { createHash } from 'node:crypto';
import type { JsonObject } from '../common/index.ts';
import type { DeadLetters } from '../outbox/index.ts';
import type { SlowProcess } from '../rollups/index.ts';
import type { Notice } from './callback-events.ts';
import type { CallbackHosts } from './callback-hosts.ts';
import { hostOf } from './collect-deliveries.ts';
import type { DeliveryStore, NewDelivery } from './delivery.ts';
import type { Subscription, SubscriptionStore } from './subscription.ts';

export interface NoticePorts {
  subscriptions: Pick<SubscriptionStore, 'list'>;
  deliveries: Pick<DeliveryStore, 'addNotices'>;
  hosts: CallbackHosts;
  /** Pending processes that take longer than most of their definition, without those that wait for people. */
  slowProcesses(signal: AbortSignal): Promise<readonly SlowProcess[]>;
  deadLetters: Pick<DeadLetters, 'list'>;
  /** The definition that a process has; null: it is not known. */
  processKeyOf(correlationId: string): Promise<string | null>;
}

/** Dead letters that are looked at, the newest. */
const MAX_LETTERS = 1_000;

interface Found {
  type: Notice;
  /** The same for the same matter, however often it is found. */
  key: string;
  correlationId: string;
  processKey: string;
  data: JsonObject;
}

/**
 * Looks for processes that became slow and for jobs that failed finally, and writes a notice of each once to those who
 * asked for it. Does nothing while nobody has.
 *
 * @returns how many notices are new
 */
export async function watchNotices(ports: NoticePorts, signal: AbortSignal): Promise<number> {
  const subscriptions = await ports.subscriptions.list();
  const wants = (type: Notice): boolean =>
    subscriptions.some(({ events }) => events.includes(type));
  const found: Found[] = [
    ...(wants('process-slow') ? (await ports.slowProcesses(signal)).map(slowNotice) : []),
    ...(wants('job-failed') ? await findFailedJobs(ports) : []),
  ];
  const notices = found.flatMap((one) => noticesOf(one, subscriptions, ports.hosts));
  return notices.length === 0 ? 0 : (await ports.deliveries.addNotices(notices)).length;
}

function slowNotice(slow: SlowProcess): Found {
  const { correlationId, processName, currentStep, startedAt, slowAfterMs } = slow;
  return {
    type: 'process-slow',
    // A process that is retried and becomes slow again is another matter, but its start is the same: once for each.
    key: correlationId,
    correlationId,
    processKey: processName,
    data: { status: 'pending', currentStep, startedAt, slowAfterMs },
  };
}

async function findFailedJobs({ deadLetters, processKeyOf }: NoticePorts): Promise<Found[]> {
  const letters = await deadLetters.list({}, MAX_LETTERS);
  return Promise.all(
    letters.map(async ({ id, name, correlationId, attempts, failedAt }) => ({
      type: 'job-failed' as const,
      key: `${id} ${failedAt}`,
      correlationId,
      processKey: (await processKeyOf(correlationId)) ?? '',
      // Without the text of the error, which may quote what is not for receivers.
      data: { jobId: id, job: name, attempts, failedAt },
    })),
  );
}

function noticesOf(
  { type, key, correlationId, processKey, data }: Found,
  subscriptions: readonly Subscription[],
  hosts: CallbackHosts,
): NewDelivery[] {
  return subscriptions
    .filter(
      (one) =>
        one.events.includes(type) && (one.processKey === null || one.processKey === processKey),
    )
    .map(({ id, url }) => ({
      id: `notice-${createHash('sha256').update(`${type} ${id} ${key}`).digest('hex').slice(0, 40)}`,
      target: id,
      url,
      host: hostOf(url, hosts),
      type,
      correlationId,
      processKey,
      position: '0',
      version: 0,
      notice: data,
    }));
}

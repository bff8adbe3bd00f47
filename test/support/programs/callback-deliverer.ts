import { randomUUID } from 'node:crypto';
import { readCallbackHosts } from '../../../domain/callbacks/index.ts';
import { createCallbackSender } from '../../../infrastructure/http/callback-sender.ts';
import { createDeliverer } from '../../../jobs/deliver-callbacks.ts';
import { openTarget } from './open-target.ts';

/** Delivers callbacks until it is killed, by a clock that is `offset` milliseconds ahead: database, receiver, offset. */
const [target = '', receiver = '', offset = '0'] = process.argv.slice(2);
const clock = (): number => Date.now() + Number(offset);
const database = await openTarget(target, { clock });
const { callbackSource, deliveryStore, subscriptionStore, eventStore } = database;
const deliverer = createDeliverer({
  source: callbackSource,
  deliveries: deliveryStore,
  subscriptions: subscriptionStore,
  eventStore,
  hosts: readCallbackHosts('', `http://${receiver}`),
  send: createCallbackSender({ timeoutMs: 10_000, userAgent: 'test' }).send,
  clock,
  random: Math.random,
  newId: randomUUID,
  baseSecrets: ['a text of thirty-two characters!'],
  // As the setting is by default.
  retryDelays: [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map(
    (seconds) => seconds * 1_000,
  ),
  slowProcesses: async () => [],
  deadLetters: { list: async () => [] },
  processKeyOf: async () => null,
  log: {
    debug() {},
    warn: (fields, text) =>
      process.stderr.write(`${text} ${String((fields as { err?: unknown }).err)}\n`),
  },
  pollMs: 100,
  noticeMs: 3_600_000,
  leaseMs: 20_000,
});
// It is alone: what its killed predecessor had claimed is due.
await deliveryStore.releaseAll();
process.stdout.write('ready\n');
process.stdin.once('data', () => deliverer.start());

import { Redis } from 'ioredis';
import { expect } from 'vitest';

/** Records all messages and reads all keys that start with a prefix. */
export async function listenToRedis(url: string, prefix: string) {
  const subscriber = new Redis(url);
  const client = new Redis(url);
  const messages: string[] = [];
  subscriber.on('pmessage', (_pattern, channel, text) => messages.push(`${channel} ${text}`));
  await subscriber.psubscribe(`${prefix}*`);
  return {
    async everything(): Promise<string> {
      const found: string[] = [];
      for await (const keys of client.scanStream({ match: `*${prefix}*` })) {
        for (const key of keys as string[]) {
          const value = await client.dumpBuffer(key);
          found.push(key, value?.toString('latin1') ?? '');
        }
      }
      expect(messages.length, 'states are published').toBeGreaterThan(0);
      expect(found.length, 'queues have keys').toBeGreaterThan(0);
      return [...messages, ...found].join('\n');
    },
    close() {
      subscriber.disconnect();
      client.disconnect();
    },
  };
}

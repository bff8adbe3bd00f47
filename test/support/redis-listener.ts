import { Redis } from 'ioredis';
import { expect } from 'vitest';

/** Hears all messages, and reads all keys, that begin with a prefix. */
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
      expect(messages.length, 'states are told').toBeGreaterThan(0);
      expect(found.length, 'queues are there').toBeGreaterThan(0);
      return [...messages, ...found].join('\n');
    },
    close() {
      subscriber.disconnect();
      client.disconnect();
    },
  };
}

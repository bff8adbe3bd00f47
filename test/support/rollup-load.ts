import type { ProcessEvent } from '../../domain/process/events.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { moveBatch, relayAll } from './archive-world.ts';
import {
  broken,
  cancelled,
  completed,
  failed,
  requested,
  retried,
  started,
  stepCompleted,
  stepFailed,
} from './events.ts';

/** A random duration from a millisecond to an hour, mostly some tens of milliseconds. */
export function someDuration(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(3_600_000, Math.round(Math.exp(4 + 1.5 * normal)));
}

/** A step of a random target system with a random duration, which may be unknown. */
function step(id: string, random: () => number): ProcessEvent {
  const name = random() < 0.7 ? stepCompleted(id) : stepFailed(id, 1);
  const audit = {
    ...name.audit,
    executionTime: random() < 0.9 ? someDuration(random) : undefined,
    targetSystem: ['Bureau', 'Partner', undefined][Math.floor(random() * 3)],
  };
  if (name.type === 'step-failed') {
    const message = `answered ${Math.floor(random() * 5)} of a${'😀'.repeat(320)}`;
    return { ...name, audit, data: { ...name.data, message } };
  }
  return { ...name, audit } as ProcessEvent;
}

/** The events of a process, one list for each append. */
export function someStream(id: string, random: () => number): ProcessEvent[][] {
  const steps = (from: number) =>
    Array.from({ length: 1 + Math.floor(random() * 4) }, (_, at) =>
      step(`${id}-${from + at}`, random),
    );
  const stream = [[requested(), started()], steps(0)];
  const how = random();
  if (how < 0.5) stream.push([completed()]);
  else if (how < 0.65) stream.push([cancelled()]);
  else if (how < 0.8) stream.push([failed()]);
  else if (how < 0.95) stream.push([broken()], [retried()], [...steps(10), completed()]);
  return stream;
}

/**
 * Writes streams of all kinds, several at a time; sometimes archives ended processes and appends to an archived one.
 */
export async function writeStreams(
  database: Database,
  ids: readonly string[],
  random: () => number,
): Promise<void> {
  for (let at = 0; at < ids.length; at += 8) {
    const some = ids.slice(at, at + 8);
    await Promise.all(
      some.map(async (id) => {
        const processName = ['onboard-user', 'fulfil-order'][Math.floor(random() * 2)] ?? '';
        for (const events of someStream(id, random)) {
          await database.eventStore.append(
            id,
            events.map((event) => ({ ...event, processName })),
          );
        }
        await database.processStore.project(id);
      }),
    );
    if (random() < 0.5) {
      await relayAll(database);
      await moveBatch(database, 5);
      const late = ids[Math.floor(random() * (at + 1))] ?? '';
      await database.eventStore.append(late, [stepCompleted(`late-${late}-${at}`)]);
    }
  }
}

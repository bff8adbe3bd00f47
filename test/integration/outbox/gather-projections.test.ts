import { describe, expect, it } from 'vitest';
import type { Queue } from '../../../domain/outbox/queue.ts';
import type { ProcessState } from '../../../domain/process/process-state.ts';
import { createInProcessQueue } from '../../../infrastructure/in-process/queue.ts';
import { gatherProjections, type ProjectionPorts } from '../../../jobs/gather-projections.ts';
import { gate, job, policies, silent } from '../../support/queues.ts';

const stateOf = (correlationId: string) => ({ correlationId, version: 1 }) as ProcessState;

/** A queue in this process, with projections gathered in front of it. */
async function gathered(
  projectMany: ProjectionPorts['processStore']['projectMany'],
  publish: ProjectionPorts['notifier']['publish'] = async () => {},
): Promise<{ queue: Queue; ran: string[]; lagged: string[] }> {
  const ran: string[] = [];
  const lagged: string[] = [];
  const behind = createInProcessQueue({
    concurrency: 5,
    log: silent,
    policies: policies({ attempts: 1, backoff: 1, maxBackoff: 1 }),
  });
  const note = async ({ name, correlationId }: { name: string; correlationId: string }) =>
    void ran.push(`${name} ${correlationId}`);
  await behind.work({ 'project-process': note, 'start-instance': note });
  const queue = gatherProjections(behind, {
    processStore: { projectMany },
    notifier: { publish },
    log: silent,
    onProjected: ({ eventId }) => void lagged.push(eventId),
  });
  return { queue, ran, lagged };
}

describe('projections of this service instance', () => {
  it('are done together, each process once for all its events, and no job of them reaches the queue', async () => {
    const batches: (readonly string[])[] = [];
    const published: string[] = [];
    const { queue, ran, lagged } = await gathered(
      async (ids) => {
        batches.push(ids);
        return ids.map(stateOf);
      },
      async ({ correlationId }) => void published.push(correlationId),
    );
    await Promise.all(
      queue.addBulk([
        job('project-process', 'a', '1'),
        job('start-instance', 'a', '1'),
        job('project-process', 'b', '2'),
        job('project-process', 'a', '3'),
      ]),
    );
    expect(batches).toEqual([['a', 'b']]);
    expect(published).toEqual(['a', 'b']);
    expect(ran).toEqual(['start-instance a']);
    expect(lagged).toEqual(['1', '3', '2']);
    await queue.close(100);
  });

  it('G4: an event that comes while its process is being projected is projected after that', async () => {
    const { opened, open } = gate();
    const batches: (readonly string[])[] = [];
    const begun = gate();
    const { queue } = await gathered(async (ids) => {
      batches.push(ids);
      begun.open();
      await opened;
      return ids.map(stateOf);
    });
    const [first] = queue.addBulk([job('project-process', 'a', '1')]);
    await begun.opened;
    const [second] = queue.addBulk([job('project-process', 'a', '2')]);
    open();
    await Promise.all([first, second]);
    expect(batches).toEqual([['a'], ['a']]);
    await queue.close(100);
  });

  it('no batch is larger than 200 processes', async () => {
    const sizes: number[] = [];
    const { queue } = await gathered(async (ids) => {
      sizes.push(ids.length);
      return ids.map(stateOf);
    });
    await Promise.all(
      queue.addBulk(Array.from({ length: 450 }, (_, at) => job('project-process', `p${at}`))),
    );
    expect(sizes).toEqual([200, 200, 50]);
    await queue.close(100);
  });

  it.each([
    ['cannot be projected', async () => Promise.reject(new Error('no')), undefined],
    [
      'cannot be published',
      async (ids: readonly string[]) => ids.map(stateOf),
      async () => Promise.reject(new Error('no')),
    ],
  ])('what %s becomes a job of the queue, one for a process', async (_what, project, publish) => {
    const { queue, ran } = await gathered(project, publish);
    await Promise.all(
      queue.addBulk([
        job('project-process', 'a', '1'),
        job('project-process', 'a', '2'),
        job('project-process', 'b', '3'),
      ]),
    );
    expect(ran.toSorted()).toEqual(['project-process a', 'project-process b']);
    await queue.close(100);
  });

  it('that wait when the queue is closed go back to their outbox rows', async () => {
    const { queue } = await gathered(async (ids) => ids.map(stateOf));
    const [answer] = queue.addBulk([job('project-process', 'a')]);
    const rejected = expect(answer).rejects.toThrow('the queue is closed');
    await queue.close(100);
    await rejected;
  });

  it('a stop does not wait for a database that does not answer, and nothing is projected after it', async () => {
    const batches: (readonly string[])[] = [];
    const begun = gate();
    const answer = gate();
    const { queue } = await gathered(async (ids) => {
      batches.push(ids);
      begun.open();
      await answer.opened;
      return ids.map(stateOf);
    });
    queue.addBulk([job('project-process', 'a')]);
    await begun.opened;
    const [waiting] = queue.addBulk([job('project-process', 'b')]);
    const rejected = expect(waiting).rejects.toThrow('the queue is closed');
    await queue.close(20);
    await rejected;
    const [late] = queue.addBulk([job('project-process', 'c')]);
    await expect(late).rejects.toThrow('the queue is closed');
    answer.open();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(batches).toEqual([['a']]);
  });
});

import { describe, expect, it } from 'vitest';
import {
  type EngineUserTask,
  pageOfUserTasks,
  type UserTaskCursor,
} from '../../../domain/engine/user-tasks.ts';
import type { ProcessState } from '../../../domain/process/process-state.ts';
import { listUserTasks } from '../../../domain/user-tasks/list-user-tasks.ts';

const at = (ms: number): string => new Date(1_800_000_000_000 + ms).toISOString();
const task = (id: string, ms: number) => ({ id, createdAt: at(ms) }) as EngineUserTask;

/** As engines read: created after a time, exclusive, by time and id. */
const reader =
  (all: readonly EngineUserTask[]) =>
  async (createdAfter: string | undefined, maxResults: number) =>
    all
      .filter(({ createdAt }) => createdAfter === undefined || createdAt > createdAfter)
      .slice(0, maxResults);

describe('pages of user tasks', () => {
  it('have each task once, also where many were created in the same millisecond', async () => {
    const all = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id, index) => task(id, index < 5 ? 0 : 1));
    for (const limit of [1, 2, 3, 7, 8]) {
      const seen: string[] = [];
      let after: UserTaskCursor | undefined;
      for (;;) {
        const page: EngineUserTask[] = await pageOfUserTasks(reader(all), { limit, after });
        seen.push(...page.map(({ id }) => id));
        after = page.at(-1);
        if (page.length < limit) break;
      }
      expect(seen, `limit ${limit}`).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    }
  });

  it('skip none although tasks of the same millisecond are completed while a page is read', async () => {
    let open = Array.from({ length: 100 }, (_, index) => task(`t${100 + index}`, 0));
    const after = { createdAt: at(0), id: 't149' };
    const page = await pageOfUserTasks(
      async (...given) => {
        const read = await reader(open)(...given);
        open = open.slice(3);
        return read;
      },
      { limit: 2, after },
    );
    expect(page.map(({ id }) => id)).toEqual(['t150', 't151']);
  });

  const pending = { correlationId: 'p', status: 'pending' } as ProcessState;
  async function ours(all: readonly EngineUserTask[], own: readonly string[], limit: number) {
    const seen: string[] = [];
    const pages: number[] = [];
    let after: UserTaskCursor | undefined;
    for (;;) {
      const { tasks, next } = await listUserTasks(
        { processKeys: [] },
        { limit, after },
        {
          engine: { listUserTasks: (_filter, page) => pageOfUserTasks(reader(all), page) },
          processOf: async (given) => (own.includes((given as EngineUserTask).id) ? pending : null),
        },
      );
      seen.push(...tasks.map((one) => one.task.id));
      pages.push(tasks.length);
      if (next === null) return { seen, pages };
      after = next;
    }
  }

  it('skip the tasks of others, and end with the last one of ours', async () => {
    const all = Array.from({ length: 100 }, (_, index) => task(`t${100 + index}`, index));
    const own = ['t103', 't150', 't151', 't199'];
    for (const limit of [1, 2, 3, 50, 200]) {
      const { seen, pages } = await ours(all, own, limit);
      expect(seen, `limit ${limit}`).toEqual(own);
      expect(Math.max(...pages)).toBeLessThanOrEqual(limit);
    }
  });
});

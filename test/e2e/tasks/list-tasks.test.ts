import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineKinds } from '../../support/engines.ts';
import { openTaskRig, type TaskBody, type TaskRig } from '../../support/task-rig.ts';

const encoded = (position: object): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');
const CREATED = '2026-01-31T12:00:00.000Z';

describe.each(await engineKinds())('the list of user tasks on $name', (kind) => {
  describe.skipIf(!kind.available)('read page by page', () => {
    let rig: TaskRig;
    beforeAll(async () => {
      rig = await openTaskRig(kind);
    });
    afterAll(() => rig?.close());

    const openMany = (group: string, count: number): Promise<TaskBody[]> =>
      Promise.all(Array.from({ length: count }, () => rig.open({ group })));

    /** All pages; between them, `meanwhile` may change what there is. */
    async function readAll(
      query: Record<string, string>,
      meanwhile: (seen: readonly string[]) => Promise<unknown> = async () => {},
    ): Promise<TaskBody[]> {
      const tasks: TaskBody[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: { tasks: TaskBody[]; nextCursor: string | null } = await rig.list({
          ...query,
          ...(cursor ? { cursor } : {}),
        });
        tasks.push(...page.tasks);
        cursor = page.nextCursor;
        if (cursor) await meanwhile(tasks.map(({ id }) => id));
      }
      return tasks;
    }

    it('has each task that stays open once, oldest first, while others are opened and completed', async () => {
      const group = `g-${randomUUID()}`;
      const first = (await openMany(group, 14)).map(({ id }) => id);
      const gone = new Set<string>();
      const opened: string[] = [];
      const seen = await readAll({ candidateGroup: group, limit: '3' }, async (before) => {
        if (gone.size >= 6) return;
        // One of those that were read, and one that comes later.
        const later = first.filter((id) => !before.includes(id) && !gone.has(id));
        for (const id of [before.at(-1), later.at(-1)]) {
          if (id === undefined || gone.has(id)) continue;
          gone.add(id);
          expect((await rig.complete(id, { accepted: true })).status).toBe(200);
        }
        opened.push(...(await openMany(group, 1)).map(({ id }) => id));
      });
      const ids = seen.map(({ id }) => id);
      expect(new Set(ids).size, 'none twice').toBe(ids.length);
      const stayed = [...first, ...opened].filter((id) => !gone.has(id));
      expect(ids).toEqual(expect.arrayContaining(stayed));
      expect(ids.slice(-opened.length), 'the new ones at the end').toEqual(opened);
      const order = seen.map(({ createdAt, id }) => `${createdAt} ${id}`);
      expect(order).toEqual([...order].sort());
    });

    it('has the same tasks with every limit, claimed or not, as its filters say', async () => {
      const group = `g-${randomUUID()}`;
      const user = `u-${randomUUID()}`;
      const tasks = await openMany(group, 9);
      for (const { id } of tasks.slice(0, 4)) await rig.post(`/api/tasks/${id}/claim`, { user });
      const idsOf = async (query: Record<string, string>) =>
        (await readAll(query)).map(({ id }) => id);
      const all = await idsOf({ candidateGroup: group, limit: '1000' });
      expect(new Set(all)).toEqual(new Set(tasks.map(({ id }) => id)));
      const claimed = all.filter((id) => tasks.slice(0, 4).some((task) => task.id === id));
      for (const limit of ['1', '2', '4', '9']) {
        expect(await idsOf({ candidateGroup: group, limit })).toEqual(all);
        expect(await idsOf({ assignee: user, limit })).toEqual(claimed);
        const free = { candidateGroup: group, unassigned: 'true', limit };
        expect(await idsOf(free)).toEqual(all.filter((id) => !claimed.includes(id)));
        const due = { dueAfter: '2030-01-31T00:00:00Z', dueBefore: '2030-02-01T00:00:00Z', limit };
        expect(await idsOf({ candidateGroup: group, ...due })).toEqual(all);
      }
    });

    it('refuses what is no cursor of it, and says so', async () => {
      const processes = await rig.get('/api/process?limit=1');
      expect(processes.body.nextCursor, 'the cursor of another list').not.toBeNull();
      for (const cursor of [
        'abc',
        '%00',
        'e30',
        processes.body.nextCursor ?? '',
        encoded({ createdAt: 'yesterday', id: '1' }),
        encoded({ createdAt: '2026-02-30T00:00:00.000Z', id: '1' }),
        encoded({ createdAt: CREATED }),
        encoded({ createdAt: CREATED, id: 1 }),
        encoded([CREATED, '1']),
        'x'.repeat(3_000),
      ]) {
        const answer = await rig.get(`/api/tasks?cursor=${cursor}`);
        rig.expectProblem(answer, 'invalid-request', /cursor/);
      }
      for (const createdAt of ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z']) {
        const far = await rig.get(`/api/tasks?cursor=${encoded({ createdAt, id: '' })}`);
        expect(far.status, createdAt).toBe(200);
      }
    });

    it('needs the scope process:read', async () => {
      const { id } = await rig.open();
      for (const path of ['/api/tasks', `/api/tasks/${id}`]) {
        expect((await rig.get(path, { headers: { ...rig.callers.reader } })).status).toBe(200);
        rig.expectProblem(
          await rig.get(path, { headers: { ...rig.callers.starter } }),
          'forbidden',
          /process:read/,
        );
      }
    });
  });
});

import Fastify from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { expect, it } from 'vitest';
import { MAX_TALLIES } from '../../../infrastructure/sql/analytics-tallies.ts';
import { analyticsRoutes } from '../../../src/http/routes/api/analytics/index.ts';
import { databaseKinds } from '../../support/databases.ts';

it.each(databaseKinds().filter(({ available }) => available))(
  'an answer that takes too long on $name is given up, and there is room for the next one',
  async ({ open }) => {
    const database = await open();
    const store = { analytics: database.analytics };
    const hasty = server();
    const app = server();
    try {
      await hasty.register(analyticsRoutes, { store, timeoutMs: 1 });
      await app.register(analyticsRoutes, { store });
      // The threads and connections are opened with the first query, which takes longer than that.
      const refused = await hasty.inject('/api/analytics/steps?exact=true');
      expect(refused.statusCode).toBe(400);
      expect(refused.json().detail).toMatch(
        /took longer than the limit of 0 seconds; ask for a shorter range, or without exact=true\.$/,
      );
      const answers = await Promise.all(
        Array.from({ length: 3 }, () => app.inject('/api/analytics/steps?exact=true')),
      );
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
    } finally {
      await hasty.close();
      await app.close();
      await database.destroy();
    }
  },
);

it('an answer that would need too much memory is refused, which says what to change', async () => {
  const database = await databaseKinds()[0]?.open();
  if (!database) throw new Error('no database');
  const app = server();
  try {
    await database.knex.raw(
      `INSERT INTO event_log (correlation_id, version, event_type, schema_version, step_name, status, process_name, execution_time, created_at)
       WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n <= ${MAX_TALLIES})
       SELECT 'many', n, 'step-completed', 3, 'step-' || n, 'ok', 'many', n, '2026-03-01T10:00:00.000Z' FROM many`,
    );
    await app.register(analyticsRoutes, { store: { analytics: database.analytics } });
    const query = 'from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&exact=true';
    const refused = await app.inject(`/api/analytics/steps?${query}`);
    expect(refused.statusCode).toBe(400);
    expect(refused.json().detail).toMatch(
      /more than 50,000 groups in buckets; ask for a longer bucket or a shorter range/,
    );
    const answered = await app.inject(`/api/analytics/steps?${query}&groupBy=process`);
    expect(answered.json().steps).toMatchObject([{ process: 'many', count: MAX_TALLIES + 1 }]);
  } finally {
    await app.close();
    await database.destroy();
  }
});

/** As the service's own. */
function server() {
  return Fastify()
    .setValidatorCompiler(validatorCompiler)
    .setSerializerCompiler(() => (data) => JSON.stringify(data));
}

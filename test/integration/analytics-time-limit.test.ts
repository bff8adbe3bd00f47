import Fastify from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { expect, it } from 'vitest';
import { analyticsRoutes } from '../../src/http/routes/analytics.ts';
import { databaseKinds } from '../support/databases.ts';

it.each(databaseKinds().filter(({ available }) => available))(
  'gives up an answer that takes too long on $name, and has room for the next one',
  async ({ open }) => {
    const database = await open();
    const { analytics } = database;
    const hasty = server();
    const app = server();
    try {
      await hasty.register(analyticsRoutes, { analytics, timeLimitMs: 1 });
      await app.register(analyticsRoutes, { analytics });
      // The threads and connections are opened with the first query, which takes longer than that.
      const refused = await hasty.inject('/api/analytics/steps?exact=true');
      expect(refused.statusCode).toBe(400);
      expect(refused.json().detail).toMatch(
        /takes more than the 0 seconds there are for it; ask for a shorter range, or without exact=true\.$/,
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

/** As the service's own. */
function server() {
  return Fastify()
    .setValidatorCompiler(validatorCompiler)
    .setSerializerCompiler(() => (data) => JSON.stringify(data));
}

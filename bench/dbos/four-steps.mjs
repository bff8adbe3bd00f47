// The four steps as a DBOS workflow. Plain JavaScript, because the types of DBOS exist only after the benchmark has
// installed it.
import { DBOS } from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import { runCallers } from '../support/callers.ts';
import { answerCalls } from '../support/child.ts';
import { INPUT, STEPS, work } from '../support/four-steps.ts';

const DATABASE = 'fastify_camunda_bench';

let server = '';

const fourSteps = DBOS.registerWorkflow(
  async ({ payload }) => {
    let text = payload;
    for (const name of STEPS) text = await DBOS.runStep(async () => work(text), { name });
    return text;
  },
  { name: 'four-steps' },
);

answerCalls({
  async start({ url }) {
    server = url;
    await query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
    await query(`CREATE DATABASE ${DATABASE}`);
    const own = new URL(url);
    own.pathname = `/${DATABASE}`;
    DBOS.setConfig({
      name: 'four-steps',
      applicationVersion: '1',
      systemDatabaseUrl: own.href,
      logLevel: 'error',
    });
    await DBOS.launch();
  },
  measure: ({ callers, seconds }) => runCallers(callers, seconds, () => fourSteps(INPUT)),
  async stop() {
    await DBOS.shutdown();
    await query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  },
});

async function query(sql) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

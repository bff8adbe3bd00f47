import { prepareDatabase } from './src/composition/database/database-target.ts';
import { readConfig } from './src/config.ts';

// For the Knex command: `node --import tsx node_modules/.bin/knex migrate:status`. The service and
// `fastify-camunda migrate` use the same settings.
export default await prepareDatabase(readConfig(process.env));

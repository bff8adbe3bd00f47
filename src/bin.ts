#!/usr/bin/env node
// The command `fastify-camunda` as `npm run build` makes it: plain JavaScript that node runs.
import { runCli } from './cli/cli.ts';

await runCli(process.argv);

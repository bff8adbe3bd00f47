#!/usr/bin/env node
// The command `fastify-camunda` from the TypeScript sources.
import { register } from 'tsx/esm/api';

register();
const { runCli } = await import('./cli/cli.ts');
await runCli(process.argv);

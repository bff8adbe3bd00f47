#!/usr/bin/env node
// The command `fastify-camunda` from the TypeScript sources.
import '../scripts/typescript.mjs';

const { runCli } = await import('./cli/cli.ts');
await runCli(process.argv);

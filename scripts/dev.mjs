// npm run dev: runs `fastify-camunda serve` from the sources, again whenever one of them or a process model
// changes. Settings come from .env where there is one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHIPPED } from './compile.mjs';
import { root } from './install.mjs';

// Node 20 refuses an --env-file that is not there.
const settings = existsSync(join(root, '.env')) ? ['--env-file=.env'] : [];
// tsx knows only of files that it compiles, and the service brings a loader of its own. The console has its own server.
const sources = ['--include', `{${SHIPPED.join(',')}}/**/*.ts`, '--exclude', 'src/console/**'];
const processes = ['--include', `${process.env.PROCESSES_DIR ?? 'domain/processes'}/**`];
// The service bundles each process there, imports that and removes it.
const bundles = ['--exclude', join(tmpdir(), '**')];
const child = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'),
    ...['watch', '--clear-screen=false', ...settings, ...sources, ...processes, ...bundles],
    ...['src/bin.mjs', 'serve', ...process.argv.slice(2)],
  ],
  { cwd: root, stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 0)));

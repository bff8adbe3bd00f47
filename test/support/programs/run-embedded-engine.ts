import { startEmbeddedEngine } from '../../../infrastructure/embedded-engine/start.ts';

// The embedded engine on a given file, in a process of its own that a test may kill. The first line of its standard
// output is its URL.

const logLine = (fields: object, message: string): void => {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
};
const engine = await startEmbeddedEngine({
  file: process.argv[2] ?? '',
  log: { warn: logLine, error: logLine },
});
process.stdout.write(`${engine.url}\n`);

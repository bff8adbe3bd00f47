import { startEmbeddedEngine } from '../../../infrastructure/embedded-engine/start.ts';

// The embedded engine in a process of its own, which a test may kill, on the file that it is given.
// Its first line on standard output is its URL.

const complain = (fields: object, message: string): void => {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
};
const engine = await startEmbeddedEngine({
  secret: null,
  file: process.argv[2] ?? '',
  log: { warn: complain, error: complain },
});
process.stdout.write(`${engine.url}\n`);

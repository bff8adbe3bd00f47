import { type Command, InvalidArgumentError } from 'commander';
import { startPartner } from './partner-service.ts';
import { runUntilSignal } from './run-until-signal.ts';

/** `partner`: the outside world of the shipped processes, to run beside `serve`. */
export function configure(command: Command): void {
  command
    .option('--port <number>', 'port to listen on', readPort, 4010)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .action(async (options: { port: number; host: string }) => {
      const partner = await startPartner({
        ...options,
        apiKey: process.env.PARTNER_API_KEY,
      });
      process.stdout.write(`The partner service listens on ${partner.url}\n`);
      await runUntilSignal(partner.stop);
    });
}

function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  }
  return port;
}

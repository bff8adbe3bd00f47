import type { Command } from 'commander';
import { failInLog } from '../composition/lifecycle/explain-failure.ts';
import { createLogger } from '../composition/observability/logger.ts';
import { readConfig } from '../config.ts';
import { startService } from '../service.ts';
import { runUntilSignal } from './run-until-signal.ts';

/** `serve`: the service itself, configured by environment variables. */
export function configure(command: Command): void {
  command.action(async () => {
    const config = readConfig(process.env);
    const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY === true);
    const service = await startService(config, log);
    failInLog(log);
    await runUntilSignal(service.stop);
  });
}

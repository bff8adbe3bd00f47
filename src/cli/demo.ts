import type { Command } from 'commander';
import { failInLog } from '../composition/lifecycle/explain-failure.ts';
import { createLogger } from '../composition/observability/logger.ts';
import { readConfig } from '../config.ts';
import { startService } from '../service.ts';
import { startPartner } from './partner-service.ts';
import { runUntilSignal } from './run-until-signal.ts';

/** `demo`: everything in one process, with the partner service beside it. */
export function configure(command: Command): void {
  command.action(async () => {
    const config = readConfig({ LOG_LEVEL: 'warn', ...process.env });
    const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY === true);
    const partner = await startPartner({ port: 0, apiKey: process.env.PARTNER_API_KEY });
    const env = { ...process.env, PARTNER_URL: partner.url };
    const service = await startService(config, log, env).catch(async (error: unknown) => {
      await partner.stop();
      throw error;
    });
    failInLog(log);
    process.stdout.write(introduction(service.url, config.DATA_DIR));
    await runUntilSignal(async () => {
      process.stdout.write(
        '\nStopping: running steps finish, everything else resumes at the next start.\n',
      );
      await service.stop();
      await partner.stop();
    });
  });
}

function introduction(url: string, dataDir: string): string {
  const start = (title: string, email: string, more = '') => `
# ${title}
curl -i ${url}/api/process/start -H 'Content-Type: application/json'${more} \\
  -d '{"processKey": "onboard-user", "variables": {"userId": "42", "email": "${email}"}}'
`;
  return `
fastify-camunda is running at ${url}
  Console: ${url}/console     Documentation: ${url}/documentation     Data: ${dataDir}     Stop: Ctrl-C

Try in another terminal:
${start('1. Success: 200 with the result', 'ada@example.com')}${start(
  '2. A business error: 422 with the reason',
  'refused@example.com',
)}${start(
  '3. Slower than the wait: 202 with a status URL; call it a few seconds later',
  'slow@example.com',
  " -H 'Prefer: wait=1'",
)}curl -i ${url}/api/process/status/THE-CORRELATION-ID

# 4. The same from TypeScript or JavaScript, with the client (docs/client.md)
node docs/examples/use-client.mjs ${url}
`;
}

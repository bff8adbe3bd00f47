import { fileURLToPath } from 'node:url';
import { aptInstall, isOnPath, runProgram } from './children.ts';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];
const BUILD_CONSOLE = fileURLToPath(new URL('../../scripts/build-console.mjs', import.meta.url));

/**
 * Builds the web console where it is outdated, and starts a browser for its tests, after installing one if the system
 * allows that.
 *
 * @returns the address at which Playwright connects to it
 * @throws Error with one sentence that says how to install Chromium
 */
export async function startBrowser(): Promise<{ url: string; stop(): Promise<void> }> {
  const [executablePath] = await Promise.all([
    findOrInstall(),
    runProgram(process.execPath, [BUILD_CONSOLE]),
  ]);
  const { chromium } = await import('playwright-core');
  const server = await chromium.launchServer({
    executablePath,
    host: '127.0.0.1',
    // In a container there is often neither a sandbox nor a large /dev/shm, and without a GPU its work would be computed.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
  return { url: server.wsEndpoint(), stop: () => server.close() };
}

async function findOrInstall(): Promise<string> {
  if (!PROGRAMS.some(isOnPath)) await aptInstall('chromium');
  const found = PROGRAMS.find(isOnPath);
  if (found) return (await runProgram('sh', ['-c', `command -v ${found}`])).trim();
  throw new Error('there is no Chromium: install it, e.g. `apt-get install chromium`');
}

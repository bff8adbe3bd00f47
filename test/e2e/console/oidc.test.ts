import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, makeKey } from '../../support/access.ts';
import { freePort } from '../../support/children.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriers,
  openConsoleRig,
} from '../../support/console.ts';
import { CLIENT, type OidcServer, startOidcServer } from '../../support/oidc-provider.ts';

const OPERATOR = ['process:read', 'events:read', 'process:start'];

describe.skipIf(browserUrl === null)('a browser that signs in with OpenID Connect', () => {
  let rig: ConsoleRig;
  let idp: OidcServer;
  /** For a browser another site than the provider, as it is in an organisation. */
  let consoleUrl: string;
  beforeAll(async () => {
    const port = String(await freePort());
    consoleUrl = `http://localhost:${port}`;
    idp = await startOidcServer({
      consoleUrl,
      roles: { operator: OPERATOR, chief: [...OPERATOR, 'admin'], stranger: [] },
    });
    const settings = {
      PORT: port,
      CONSOLE_URL: consoleUrl,
      OIDC_ISSUER: idp.issuer,
      OIDC_CLIENT_ID: CLIENT.id,
      OIDC_CLIENT_SECRET: CLIENT.secret,
      JWT_SCOPE_CLAIM: 'roles',
      PERSONAL_DATA_KEY: Buffer.alloc(32, 7).toString('base64'),
    };
    rig = await openConsoleRig(settings, async (folder) =>
      bearer(await makeKey(folder, 'the tests', ['admin'])),
    );
    const variables = { userId: '1', email: 'down@example.com' };
    await rig.service.api.start('onboard-user', variables, { correlationId: 'is-down' });
  });
  afterAll(async () => {
    await rig?.close();
    await idp?.stop();
  });

  /** Opens a page of the console and signs in at the provider, in a browser session of its own. */
  async function signInAs(user: string, path: string): Promise<Page> {
    const page = await rig.open('/console');
    await page.goto(`${consoleUrl}${path}`);
    await page.getByRole('link', { name: 'Sign in with your organisation' }).click();
    await page.waitForURL((url) => url.origin === idp.issuer);
    await page.getByPlaceholder('Enter any login').fill(user);
    await page.getByPlaceholder('and password').fill('any');
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForURL((url) => url.origin === consoleUrl);
    return page;
  }

  it('comes back to the page that it asked for, and may do what its scopes allow, without admin', async () => {
    const path = '/console/processes/is-down?tab=events';
    const page = await signInAs('operator', path);
    await page.locator('.caller').getByText('operator', { exact: true }).waitFor();
    expect(page.url()).toBe(`${consoleUrl}${path}`);
    await page.getByRole('tab', { name: /^Events/, selected: true }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    // Scripts of the page see neither the session nor a token.
    expect(await page.evaluate('document.cookie + JSON.stringify(localStorage)')).not.toMatch(
      /fastify-camunda=|eyJ/,
    );
    await page.getByRole('button', { name: 'Retry…' }).waitFor();
    expect(await page.getByRole('button', { name: 'Erase…' }).count()).toBe(0);
    for (const section of ['Failed jobs', 'Settings']) {
      await page.getByRole('link', { name: section, exact: true }).click();
      await page.getByText('This page needs the scope admin').waitFor();
    }
  });

  it('with admin is offered the rest', async () => {
    const page = await signInAs('chief', '/console/processes/is-down');
    await page.getByRole('button', { name: 'Erase…' }).waitFor();
    await page.getByRole('link', { name: 'Failed jobs', exact: true }).click();
    await page.getByText('No job has failed').waitFor();
  });

  it('signs out here and at the provider, and has to sign in again', async () => {
    const page = await signInAs('operator', '/console/processes');
    await page.getByRole('link', { name: 'is-down' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL((url) => url.origin === idp.issuer);
    await page.getByRole('button', { name: /Yes, sign me out/i }).click();
    await page.waitForURL((url) => url.origin === consoleUrl);
    await page.goto(`${consoleUrl}/console/processes`);
    await page.getByRole('link', { name: 'Sign in with your organisation' }).waitFor();
    expect(await page.getByRole('link', { name: 'is-down' }).count()).toBe(0);
  });

  it('without any scope is told which one the page needs', async () => {
    const page = await signInAs('stranger', '/console/tasks');
    await page.getByText('This page needs the scope process:read').waitFor();
    expect(rig.wrongs.filter((wrong) => !wrong.startsWith('left the host'))).toEqual([]);
  });
});

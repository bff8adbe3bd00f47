import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scope } from '../../../domain/access/access.ts';
import { bearer, makeKey, onKeys } from '../../support/access.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriers,
  openConsoleRig,
  openAs as openPageAs,
} from '../../support/console.ts';
import { queryValue } from '../../support/service.ts';

describe.skipIf(browserUrl === null)('signing in to the console', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await openConsoleRig({ AUTH: 'on' }, async (folder) =>
      bearer(await makeKey(folder, 'the tests', ['admin'])),
    );
    const variables = { userId: '1', email: 'ada@example.com' };
    await rig.service.api.start('onboard-user', variables, { correlationId: 'guarded' });
  });
  afterAll(() => rig?.close());

  const openAs = (name: string, scopes: readonly Scope[], path: string) =>
    openPageAs(rig, name, scopes, path);

  it('shows the page at the URL that was opened, with an API key and not without', async () => {
    const page = await rig.open('/console/processes/guarded?tab=events');
    await page.getByLabel('API key').fill('fcam_wrong');
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    const signedIn = await openAs(
      'reader',
      ['process:read', 'events:read'],
      page.url().slice(rig.service.url.length),
    );
    await signedIn.page.getByRole('button', { name: 'process-completed' }).waitFor();
    // Scripts of the page do not see the session.
    expect(await signedIn.page.evaluate('document.cookie')).toBe('');
    expect(await signedIn.page.evaluate('JSON.stringify(localStorage)')).not.toContain(
      signedIn.key.text,
    );
  });

  it('offers no act that the key does not allow, and says which scope a page needs', async () => {
    const { page } = await openAs('only processes', ['process:read'], '/console/processes/guarded');
    await page.locator('h1').getByText('Completed').waitFor();
    await page.getByText('This page needs the scope events:read').waitFor();
    await page.goto(`${rig.service.url}/console/processes`);
    await page.getByRole('link', { name: 'guarded' }).waitFor();
    expect(await page.getByRole('checkbox', { name: /^Choose/ }).count()).toBe(0);
    await page.goto(`${rig.service.url}/console/failed-jobs`);
    await page.getByText('This page needs the scope admin').waitFor();
    await page.goto(`${rig.service.url}/console`);
    await page.getByText('This page needs the scope events:read').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    for (const path of ['analytics', 'events']) {
      await page.goto(`${rig.service.url}/console/${path}`);
      await page.getByText('This page needs the scope events:read').waitFor();
    }

    const other = await openAs('only events', ['events:read'], '/console/processes');
    await other.page.getByText('This page needs the scope process:read').waitFor();
    for (const path of ['tasks', 'definitions', 'definitions/onboard-user']) {
      await other.page.goto(`${rig.service.url}/console/${path}`);
      await other.page.getByText('This page needs the scope process:read').waitFor();
    }
  });

  it('records who acted by the name of the key', async () => {
    const correlationId = 'cancelled-by-name';
    const variables = { purchaseId: '1', item: 'A lamp', amount: 20, requestedBy: 'Kim' };
    const prefer = 'respond-async';
    await rig.service.api.start('approve-purchase', variables, { correlationId }, { prefer });
    const scopes: Scope[] = ['process:read', 'events:read', 'process:start'];
    const { page } = await openAs('operator', scopes, `/console/processes/${correlationId}`);
    await page.getByRole('button', { name: 'Cancel…' }).click();
    await page.getByLabel('Reason').fill('ordered twice');
    await page.getByRole('button', { name: 'Cancel it' }).click();
    await page.locator('h1').getByText('Cancelled', { exact: true }).waitFor();
    const sql = `SELECT actor FROM event_log WHERE correlation_id = '${correlationId}' AND event_type = 'process-cancelled'`;
    expect(queryValue(rig.service.folder, sql)).toBe('operator');
  });

  it('ends by signing out, and when the key is revoked', async () => {
    const { page } = await openAs('leaves', ['process:read'], '/console/processes');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    await page.reload();
    await page.getByLabel('API key').waitFor();

    const revoked = await openAs('revoked', ['process:read', 'events:read'], '/console/processes');
    await onKeys(rig.service.folder, (keys) => keys.revoke(revoked.key.record.id));
    await revoked.page.getByLabel('API key').waitFor();

    // Here only a stream could notice.
    const follower = await openAs('follower', ['events:read'], '/console/events');
    await follower.page.getByText('Live', { exact: true }).waitFor();
    await onKeys(rig.service.folder, (keys) => keys.revoke(follower.key.record.id));
    await follower.page.getByLabel('API key').waitFor();
  });

  it('does nothing wrong meanwhile', () => {
    expect(rig.wrongs).toEqual([]);
  });
});

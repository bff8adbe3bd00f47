import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scope } from '../../../domain/access/access.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { bearer, makeKey } from '../../support/access.ts';
import { soon } from '../../support/archive-world.ts';
import { until } from '../../support/children.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriers,
  findBarriersInThemes,
  openAs,
  openConsoleRig,
  WIDTHS,
} from '../../support/console.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { MASTER } from '../../support/personal.ts';
import { copyProcesses, type ProcessCopies } from '../../support/process-folders.ts';

const folderOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const SHIPPED = folderOf('../../../domain/processes');
const PERSONAL = folderOf('../../support/personal-processes');
const OPERATOR: readonly Scope[] = ['process:read', 'process:start', 'events:read'];
/** So many that a run of one in a second lasts longer than the test, on any machine. */
const MANY = 60;

describe.skipIf(browserUrl === null)('bulk runs in the console', () => {
  const folder = temporaryFolder();
  let rig: ConsoleRig;
  let shipped: ProcessCopies;
  let personal: ProcessCopies;
  beforeAll(async () => {
    shipped = copyProcesses(folder.path, ['approve-purchase'], SHIPPED);
    personal = copyProcesses(folder.path, ['personal'], PERSONAL);
    rig = await openConsoleRig(
      {
        AUTH: 'on',
        PERSONAL_DATA_KEY: MASTER,
        PROCESSES_DIR: shipped.directory,
        TEST_FOLDER: folder.path,
      },
      async (made) => bearer(await makeKey(made, 'the tests', ['admin'])),
    );
  });
  afterAll(async () => {
    await rig?.close();
    folder.remove();
  });

  /** Starts purchases, which wait for a buyer, and waits until they are listed. */
  async function purchases(name: string, count: number): Promise<void> {
    const starts = Array.from({ length: count }, (_, at) => ({
      processKey: shipped.key('approve-purchase'),
      correlationId: `${name}-${at}`,
      variables: { purchaseId: `${name}-${at}`, item: 'A desk', amount: 320, requestedBy: 'Kim' },
    }));
    await rig.service.api.post('/api/process/start-many', { json: { starts } });
    await untilListed(name, 'pending', count);
  }

  const untilListed = (name: string, status: string, count: number) =>
    until(async () => {
      const path = `/api/process?limit=1000&status=${status}&identifier.purchaseId=${name}-*`;
      return (await rig.service.api.get(path)).body.processes.length === count;
    }, `${count} processes are listed as ${status}`);

  const listOf = (name: string, status: string) =>
    `/console/processes?status=${status}&identifier=purchaseId%3D${name}-*`;

  /** Fills in the dialog of an action on all that match, and begins the run, which leads to its page. */
  async function begin(page: Page, action: 'Retry' | 'Cancel' | 'Restore', count: number) {
    await page.getByRole('button', { name: `${action} all that match…` }).click();
    const dialog = page.getByRole('dialog', { name: `${action} all that match` });
    await dialog.getByText(`${count} processes match.`).waitFor();
    await dialog.getByLabel('Reason').fill('told so by the test');
    return dialog;
  }

  it('cancels all that match after a count, a reason and a confirmation, and shows the end and what failed', async () => {
    await purchases('ended', 3);
    const { page } = await openAs(rig, 'operations', ['admin'], listOf('ended', 'pending'));
    const dialog = await begin(page, 'Cancel', 3);
    // What is pending cannot be retried.
    expect(await page.getByRole('button', { name: /^Retry all/ }).count()).toBe(0);
    const confirm = dialog.getByRole('button', { name: 'Cancel them all' });
    await dialog.getByLabel(/to confirm$/).fill('2');
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel(/to confirm$/).fill('3');
    expect(await findBarriers(page)).toEqual([]);
    await confirm.click();
    await page.waitForURL(/\/console\/bulk\/[0-9a-f-]{36}$/);
    await page.getByText('3 of 3 done').waitFor();
    await page.locator('h1').getByText('Done', { exact: true }).waitFor();
    await page.getByText('told so by the test').waitFor();
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);

    // They were cancelled: a retry fails, and the page says why.
    await untilListed('ended', 'error', 3);
    await page.goto(`${rig.service.url}${listOf('ended', 'error')}`);
    const retry = await begin(page, 'Retry', 3);
    await retry.getByRole('button', { name: 'Retry them all' }).click();
    await page.getByText('0 of 3 done, 3 failed').waitFor();
    const why = 'it ended in a way that a retry does not change: cancelled';
    const reasons = page.getByRole('region', { name: 'Reasons and their processes' });
    await reasons.getByRole('row', { name: `${why} 3` }).waitFor();
    const failures = page.getByRole('region', { name: 'Processes that failed' });
    await failures.getByRole('link', { name: 'ended-0' }).waitFor();
    await failures.getByRole('link', { name: 'ended-2' }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  it('restores all archived processes that match', async () => {
    await purchases('restored', 2);
    for (const id of ['restored-0', 'restored-1']) {
      await rig.service.api.post(`/api/process/${id}/cancel`, { json: { reason: 'for the test' } });
    }
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const database = await openSqliteDatabase({ ...options, file: rig.service.folder.file });
    const { api } = rig.service;
    const isArchived = async (id: string) => 'archived' in (await api.status(id)).body;
    await until(async () => {
      await database.archive.moveBatch({ endedBefore: soon(), limit: 100 });
      return (await isArchived('restored-0')) && (await isArchived('restored-1'));
    }, 'both are archived');
    await database.close();

    const path = '/console/archive?identifier=purchaseId%3Drestored-*';
    const { page } = await openAs(rig, 'operations-2', ['admin'], path);
    const dialog = await begin(page, 'Restore', 2);
    await dialog.getByRole('button', { name: 'Restore them all' }).click();
    await page.getByText('2 of 2 done').waitFor();
    expect(await isArchived('restored-0')).toBe(false);
    expect(await isArchived('restored-1')).toBe(false);
  });

  it('stops a run and resumes it, and lists it', async () => {
    await purchases('slow', MANY);
    const { page } = await openAs(rig, 'operations-3', ['admin'], listOf('slow', 'pending'));
    const dialog = await begin(page, 'Cancel', MANY);
    await dialog.getByLabel('At most per second').fill('1');
    await dialog.getByLabel(/to confirm$/).fill(String(MANY));
    await dialog.getByRole('button', { name: 'Cancel them all' }).click();
    await page.getByText(new RegExp(`^[1-9]\\d* of ${MANY} done`)).waitFor();
    await page
      .getByText(/per second$/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('h1').getByText('Stopped', { exact: true }).waitFor();
    const doneOf = async () => {
      const id = new URL(page.url()).pathname.split('/').at(-1);
      const { text } = await rig.service.api.get(`/api/admin/bulk/${id}`);
      return Number(JSON.parse(text).done);
    };
    const done = await doneOf();
    expect(done).toBeLessThan(MANY);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator('h1').getByText('Running', { exact: true }).waitFor();
    await until(async () => (await doneOf()) > done, 'it continues');

    await page.getByRole('link', { name: 'All runs' }).click();
    const row = page.getByRole('row').filter({ hasText: 'operations-3' });
    await row.getByText('Running', { exact: true }).waitFor();
    expect(await row.count()).toBe(1);
    expect(await findBarriers(page)).toEqual([]);
    await page.getByLabel('Dry runs, too').check();
    await row.nth(1).getByText('dry run').waitFor();
    await row.first().getByRole('link').first().click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('h1').getByText('Stopped', { exact: true }).waitFor();
  });

  it('are in the audit log with who began them, which is filtered and read page by page', async () => {
    const others = { action: 'retry', filter: { status: 'error' }, dryRun: true, reason: 'a test' };
    await rig.service.api.post('/api/admin/bulk', { json: others });
    const { page } = await openAs(rig, 'auditor', ['admin'], '/console/audit');
    const entries = page.getByRole('region', { name: 'Entries of the audit log' });
    const rows = entries.locator('tbody tr');
    await page.getByLabel('Action').selectOption('bulk');
    await page.getByLabel('Outcome').selectOption('Begun');
    await page.getByLabel('Actor').fill('operations');
    await page.waitForURL(/\?action=bulk&outcome=begun&actor=operations$/);
    // Of the first test: two runs, and a count before each.
    await until(async () => (await rows.count()) === 4, 'what this caller began is shown');
    await rows.first().getByText('operations', { exact: true }).waitFor();
    await rows
      .first()
      .getByText(/^Entry \d+$/)
      .click();
    await rows.first().getByText('"reason": "told so by the test"').waitFor();
    expect(await findBarriers(page)).toEqual([]);

    const subject = (await rows.first().getByRole('link').textContent()) ?? '';
    await page.getByLabel('Subject').fill(subject);
    await until(async () => (await rows.count()) === 1, 'only that run is shown');
    await rows.first().getByRole('link').click();
    await page.getByText('0 of 3 done, 3 failed').waitFor();

    // Keys are enough for a second page.
    for (let at = 0; at < 26; at++) await makeKey(rig.service.folder, `key-${at}`, ['admin']);
    await page.goto(`${rig.service.url}/console/audit`);
    await rows.nth(49).waitFor();
    expect(await rows.count()).toBe(50);
    await page.getByRole('button', { name: 'Older ones' }).click();
    await rows.nth(50).waitFor();
    const names = await rows.locator('summary').allTextContents();
    const numbers = names.map((name) => Number(/\d+/.exec(name)?.[0]));
    const newest = numbers[0] ?? 0;
    expect(numbers).toEqual(numbers.map((_, at) => newest - at));
  });

  it('says why a filter by a personal identifier is refused', async () => {
    const processKey = personal.key('personal');
    const variables = { how: 'ok', email: 'ada@example.com', fullName: 'Ada' };
    await rig.service.api.start(processKey, variables, { correlationId: 'ada' });
    const path = `/console/processes?process=${processKey}&identifier=email%3Dada@example.com`;
    const { page } = await openAs(rig, 'operations-4', ['admin'], path);
    await page.getByRole('link', { name: 'ada', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Retry all that match…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('alert').getByText('is personal, and a run would keep it').waitFor();
    expect(await dialog.getByRole('button', { name: 'Retry them all' }).isDisabled()).toBe(true);
  });

  it('are, as other pages of operators, without barriers that axe finds, in both themes at two widths', async () => {
    const { page } = await openAs(rig, 'operations-5', ['admin'], '/console/bulk');
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      for (const path of ['bulk', 'audit', 'stuck', 'archive', 'settings']) {
        await page.goto(`${rig.service.url}/console/${path}`);
        await page.locator('tbody tr, .state, [role=tabpanel] > *').first().waitFor();
        expect(await findBarriersInThemes(page), `${path}, ${width}`).toEqual([]);
      }
    }
  });

  it('are neither offered nor shown without the scope admin', async () => {
    await purchases('seen', 1);
    const { page } = await openAs(rig, 'operator', OPERATOR, listOf('seen', 'pending'));
    await page.getByRole('checkbox', { name: 'Choose seen-0' }).waitFor();
    expect(await page.getByRole('button', { name: /all that match/ }).count()).toBe(0);
    for (const path of ['bulk', 'audit']) {
      await page.goto(`${rig.service.url}/console/${path}`);
      await page.getByText('This page needs the scope admin').waitFor();
    }
  });

  it('does nothing wrong meanwhile', () => {
    expect(rig.wrongs).toEqual([]);
  });
});

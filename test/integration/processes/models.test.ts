import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadProcesses } from '../../../src/composition/definitions/load-processes.ts';
import { bpmn, end, expression, flows, start, task } from '../../support/bpmn/model.ts';
import { temporaryFolder } from '../../support/databases.ts';

interface Step {
  name: string;
  topic?: string;
  tasks?: string[];
  ends?: 'ok';
}

describe('a model made elsewhere', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  /** A process folder with these steps, whose tasks have these topics by their ids. */
  function write(
    key: string,
    steps: readonly Step[],
    topics: Record<string, string>,
    more: { elsewhere?: string[]; bpmn?: (file: string) => string } = {},
  ): void {
    const { elsewhere, bpmn: changed = (file) => file } = more;
    const ids = Object.keys(topics);
    const tasks = Object.entries(topics).map(([id, topic]) => task(id, topic));
    const file = bpmn(key, start(), ...tasks, end(), flows('start', ...ids, 'end'));
    mkdirSync(join(folder.path, key));
    const definition = JSON.stringify({ key, steps, elsewhere });
    writeFileSync(join(folder.path, key, 'index.mjs'), `export default ${definition};`);
    writeFileSync(join(folder.path, key, `${key}.bpmn`), changed(file));
  }

  const load = () => loadProcesses(folder.path);
  const last = { name: 'last', topic: 'last', ends: 'ok' } as const;

  it('is loaded under its own process id, with the topics that it has', async () => {
    write('Process_1x2y3z4', [last], { Activity_1: 'last' });
    write('invoice.v2', [last], { Activity_1: 'last', Activity_2: 'last' });
    expect((await load()).map(({ definition }) => definition.key)).toEqual([
      'Process_1x2y3z4',
      'invoice.v2',
    ]);
  });

  it('is refused when two process ids differ in upper and lower case only', async () => {
    write('Order', [last], { a: 'last' });
    write('order', [last], { a: 'last' });
    await expect(load()).rejects.toThrow(
      'PROCESSES_DIR: order.bpmn has the process order, and another file Order: they differ in upper and lower case only',
    );
  });

  it('may have an id in any script, in a folder whose name the file system composes otherwise', async () => {
    write('Prüfung', [last], { prüfen: 'last' });
    write('注文処理', [last], { a: 'last' });
    const keys = async () => (await load()).map(({ definition }) => definition.key);
    expect(await keys()).toEqual(['Prüfung', '注文処理']);
    const at = (...names: string[]) => join(folder.path, ...names);
    renameSync(at('Prüfung', 'Prüfung.bpmn'), at('Prüfung', 'Prüfung.bpmn'.normalize('NFD')));
    renameSync(at('Prüfung'), at('Prüfung'.normalize('NFD')));
    expect((await keys()).sort()).toEqual(['Prüfung', '注文処理']);
  });

  it('is refused when two process ids in any script differ in case or in Unicode form only', async () => {
    const other = 'Prüfung'.normalize('NFD');
    for (const [id, says] of [
      ['PRÜFUNG', 'upper and lower case'],
      [other, 'how Unicode composes their letters (NFC, NFD)'],
    ] as const) {
      write('Prüfung', [last], { a: 'last' });
      write(id, [last], { a: 'last' });
      await expect(load()).rejects.toThrow(`they differ in ${says} only`);
      folder.remove();
      mkdirSync(folder.path);
    }
    write(other, [last], { a: 'last' }, { bpmn: (file) => file.normalize('NFC') });
    await expect(load()).rejects.toThrow('copy the id from the file into the key');
  });

  it('may tell tasks of one topic apart by their ids, each of which must exist', async () => {
    const steps = [
      { name: 'mail', topic: 'mail' },
      { ...last, topic: 'mail', tasks: ['bye'] },
    ];
    write('one', steps, { hello: 'mail', bye: 'mail' });
    await load();
    write('two', steps, { hello: 'mail', by: 'mail' });
    await expect(load()).rejects.toThrow(
      'two.bpmn: no task "bye" has the topic "mail", as the step "last" of the process two says',
    );
  });

  it('is refused when all tasks of a topic are named by other steps, or one by no step', async () => {
    const named = { ...last, topic: 'mail', tasks: ['bye'] };
    write('one', [{ name: 'mail', topic: 'mail' }, named], { bye: 'mail' });
    await expect(load()).rejects.toThrow(
      'one.bpmn: no task has the topic "mail", which the step "mail"',
    );
    folder.remove();
    mkdirSync(folder.path);
    write('two', [named], { hello: 'mail', bye: 'mail' });
    await expect(load()).rejects.toThrow('two.bpmn: the task "hello" has the topic "mail", but');
  });

  it('is loaded without a check of topics that are expressions, which are logged', async () => {
    write('one', [last, { name: 'mail', topic: 'mail' }], { a: expression('how'), b: 'last' });
    const [loaded] = await load();
    expect(loaded?.unchecked).toEqual([{ activityId: 'a', topic: expression('how') }]);
    write('two', [last], { a: expression('how'), b: 'last', c: 'other' });
    await expect(load()).rejects.toThrow('two.bpmn: the task "c" has the topic "other", but');
  });

  it('needs no step for the topics of other workers, which must exist', async () => {
    write('one', [{ name: 'first' }], { a: 'one.first', b: 'print' }, { elsewhere: ['print'] });
    await load();
    write('two', [{ name: 'first' }], { a: 'two.first' }, { elsewhere: ['print'] });
    await expect(load()).rejects.toThrow(
      'two.bpmn: no task has the topic "print", which the process two names',
    );
  });

  it('is refused when no step ends the process, and no other worker can', async () => {
    write('one', [{ name: 'first' }], { a: 'one.first' });
    await expect(load()).rejects.toThrow(
      /^no step of the process one ends it: give the last one ends: 'ok', or/,
    );
  });

  it('may hold other executable processes, whose tasks need steps too', async () => {
    const two = (file: string) =>
      file.replace(
        '</definitions>',
        `<process id="part" isExecutable="true">${task('b', 'extra')}</process></definitions>`,
      );
    write('one', [last, { name: 'extra', topic: 'extra' }], { a: 'last' }, { bpmn: two });
    expect((await load())[0]?.definition.siblings).toEqual(['part']);
    write('two', [last], { a: 'last' }, { bpmn: two });
    await expect(load()).rejects.toThrow('two.bpmn: the task "b" has the topic "extra", but');
    folder.remove();
    mkdirSync(folder.path);
    write('one', [last, { name: 'extra', topic: 'extra' }], { a: 'last' }, { bpmn: two });
    write('part', [last], { a: 'last' });
    await expect(load()).rejects.toThrow(
      'PROCESSES_DIR: part.bpmn has the process part a second time',
    );
  });

  it('is no process in a folder whose name begins with a dot, nor in node_modules', async () => {
    write('one', [last], { a: 'last' });
    for (const name of ['.git', '.vscode', 'node_modules']) mkdirSync(join(folder.path, name));
    expect((await load()).map(({ definition }) => definition.key)).toEqual(['one']);
  });
});

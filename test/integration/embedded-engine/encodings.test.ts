import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRestEngine, type RestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { bpmn, end, flows, start, task } from '../../support/bpmn/model.ts';
import { engineApi, engineKinds, type TestEngine } from '../../support/engines.ts';

const NAME = 'Prüfung für Zoë';
const TOPIC = 'prüfen';

/** The bytes of a text of two-byte units, the lower one last. */
function bigEndian(text: string): Uint8Array {
  return Buffer.from(text, 'utf16le').swap16();
}

const mark = '\ufeff';
const encodings: [what: string, declared: string, write: (text: string) => Uint8Array][] = [
  ['UTF-8', 'UTF-8', (text) => Buffer.from(text)],
  ['UTF-8 with a byte order mark', 'UTF-8', (text) => Buffer.from(mark + text)],
  ['Latin-1', 'ISO-8859-1', (text) => Buffer.from(text, 'latin1')],
  ['Windows-1252', 'windows-1252', (text) => Buffer.from(text, 'latin1')],
  ['UTF-16, lower byte first', 'UTF-16', (text) => Buffer.from(mark + text, 'utf16le')],
  ['UTF-16, lower byte last', 'UTF-16', (text) => bigEndian(mark + text)],
];

describe.each(await engineKinds())('a BPMN file on $name', ({ available, open }) => {
  describe.skipIf(!available)('that is written in', () => {
    let engine: TestEngine;
    let port: RestEngine;
    const keys: string[] = [];
    beforeAll(async () => {
      engine = await open();
      port = createRestEngine({ baseUrl: engine.url });
    });
    afterAll(async () => {
      for (const key of keys) await engineApi(engine.url).removeProcess(key);
      await port?.close();
      await engine?.stop();
    });

    interface Definition {
      name: string;
      version: number;
    }
    async function definition(key: string): Promise<Definition> {
      const answer = await fetch(`${engine.url}/process-definition/key/${key}`);
      return (await answer.json()) as Definition;
    }

    it.each(encodings)(
      '%s is read letter for letter, and deployed once',
      async (_what, declared, write) => {
        const key = `enc-${randomUUID().slice(0, 8)}`;
        keys.push(key);
        const text = bpmn(key, start(), task('only', TOPIC), end(), flows('start', 'only', 'end'))
          .replace('encoding="UTF-8"', `encoding="${declared}"`)
          .replace(`<process id="${key}"`, `<process id="${key}" name="${NAME}"`);
        const content = write(text);
        await port.deploy(key, [{ fileName: `${key}.bpmn`, content }]);
        await port.deploy(key, [{ fileName: `${key}.bpmn`, content }]);
        expect(await definition(key)).toMatchObject({ name: NAME, version: 1 });
        const id = await port.start(key, key, {});
        const query = `processInstanceId=${id}`;
        const tasks = await (await fetch(`${engine.url}/external-task?${query}`)).json();
        expect(tasks).toMatchObject([{ topicName: TOPIC }]);
      },
    );
  });
});

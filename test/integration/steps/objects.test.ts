import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { portKinds } from '../../support/engines.ts';
import { plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

/** A list and a map that the model makes of texts, numbers, a date, and each other. */
const MAPPING = `
  <camunda:inputParameter name="people"><camunda:list>
    <camunda:value>Grüße 🙂</camunda:value>
    <camunda:value>\${number}</camunda:value>
    <camunda:value>\${number * 2}</camunda:value>
    <camunda:value>\${large}</camunda:value>
    <camunda:value>\${fraction}</camunda:value>
    <camunda:value>\${yes}</camunda:value>
    <camunda:value>\${when}</camunda:value>
    <camunda:value>\${nothing}</camunda:value>
    <camunda:value>\${kept}</camunda:value>
    <camunda:list><camunda:value>inner</camunda:value><camunda:list /></camunda:list>
  </camunda:list></camunda:inputParameter>
  <camunda:inputParameter name="prices"><camunda:map>
    <camunda:entry key="b">\${fraction}</camunda:entry>
    <camunda:entry key="a"><camunda:list><camunda:value>x</camunda:value></camunda:list></camunda:entry>
  </camunda:map></camunda:inputParameter>
  <camunda:inputParameter name="number">\${number + 1}</camunda:inputParameter>
  <camunda:inputParameter name="before">\${number}</camunda:inputParameter>
  <camunda:inputParameter name="empty"><camunda:list /></camunda:inputParameter>`;
/** A list that stays in the process. */
const OUTPUT = `
  <camunda:outputParameter name="kept"><camunda:list>
    <camunda:value>kept</camunda:value><camunda:value>\${number}</camunda:value>
  </camunda:list></camunda:outputParameter>`;
const WHEN = new Date('2026-02-28T23:59:59.123Z');
const PEOPLE = [
  ...['Grüße 🙂', 7, 14, 2 ** 40, 1.5, true, '2026-02-28T23:59:59.123Z', null],
  ...[
    ['kept', 7],
    ['inner', []],
  ],
];
const PRICES = { b: 1.5, a: ['x'] };

describe.each(await portKinds())('a list or map that a model makes on $name', (kind) => {
  describe.skipIf(!kind.available)('for a step', () => {
    let rig: WorkerRig;
    useWorkerRig(kind.open, (opened) => {
      rig = opened;
    });

    it('is a list or an object for a step that wants one, in the journal too, and JSON for one that wants text', async () => {
      const given: unknown[] = [];
      const keep = (input: object) => {
        given.push(input);
        return {};
      };
      const any = z.array(z.json());
      const definition = await rig.process({
        mappings: { set: OUTPUT, read: MAPPING, text: MAPPING },
        steps: (step) => [
          step({
            ...plain('set', 1),
            output: z.looseObject({}),
            handle: () => ({
              number: 7,
              large: 2 ** 40,
              fraction: 1.5,
              yes: true,
              when: WHEN,
              nothing: null,
            }),
          }),
          step({
            ...plain('read', 2),
            input: z.object({
              people: any,
              prices: z.object({ b: z.number() }).loose(),
              kept: any,
              number: z.number(),
              before: z.number(),
              empty: any,
            }),
            handle: keep,
          }),
          step({
            ...plain('text', 3),
            input: z.object({ people: z.string(), prices: z.string() }),
            ends: 'ok',
            handle: keep,
          }),
        ],
      });
      const { correlationId } = await rig.start(definition);
      rig.work(definition);
      const events = await rig.ended(correlationId);
      const lists = { people: PEOPLE, prices: PRICES };
      const all = { ...lists, kept: ['kept', 7], number: 8, before: 7, empty: [] };
      expect(given[0]).toEqual(all);
      const texts = given[1] as Record<string, string>;
      expect(JSON.parse(texts.people ?? '')).toEqual(PEOPLE);
      expect(JSON.parse(texts.prices ?? '')).toEqual(PRICES);
      const inputs = events.flatMap((event) =>
        event.type === 'step-completed' ? [event.data.input] : [],
      );
      expect(inputs.slice(1), 'where paths of personal data and redaction find them').toEqual([
        all,
        lists,
      ]);
    });
  });
});

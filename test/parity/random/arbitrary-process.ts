import fc from 'fast-check';
import {
  type Block,
  type Boundary,
  CODES,
  CONDITIONS,
  type Content,
  type End,
  ESCALATIONS,
  type EventSub,
  type Loop,
  type Trigger,
  WAITS,
} from './blocks.ts';

const MAX_DEPTH = 3;

type Weighted<T> = { arbitrary: fc.Arbitrary<T>; weight: number };
const weigh = <T>(weight: number, arbitrary: fc.Arbitrary<T>): Weighted<T> => ({
  arbitrary,
  weight,
});
const only = <T extends string>(text: T): fc.Arbitrary<T> => fc.constant(text);
/** Something in so many percent of the cases; it shrinks to nothing. */
const inPercent = <T>(percent: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof(
    { withCrossShrink: true },
    weigh<T | null>(100 - percent, fc.constant(null)),
    weigh<T | null>(percent, arbitrary),
  );
const isTrue = (percent: number): fc.Arbitrary<boolean> =>
  inPercent(percent, fc.constant(true)).map((one) => one === true);

const code = fc.constantFrom(...CODES);
const escalation = fc.constantFrom(...ESCALATIONS);
const condition = fc.constantFrom(...CONDITIONS);
const wait = fc.constantFrom(...WAITS);

const end: fc.Arbitrary<End> = fc.oneof(
  { withCrossShrink: true },
  weigh<End>(6, fc.constant({ type: 'none' })),
  weigh<End>(1, fc.constant({ type: 'terminate' })),
  weigh<End>(1, fc.record({ type: only('error'), code })),
  weigh<End>(1, fc.record({ type: only('escalation'), code: escalation })),
);

const eventTrigger: fc.Arbitrary<Trigger> = fc.record({ type: wait, interrupting: fc.boolean() });
const errorTrigger: fc.Arbitrary<Trigger> = fc.record({
  type: only('error'),
  code: inPercent(70, code),
});
const escalationTrigger: fc.Arbitrary<Trigger> = fc.record({
  type: only('escalation'),
  code: inPercent(70, escalation),
  interrupting: fc.boolean(),
});
/** Only a sub-process lets an escalation out. */
const taskTrigger = fc.oneof(eventTrigger, errorTrigger);
const scopeTrigger = fc.oneof(eventTrigger, errorTrigger, escalationTrigger);

const loop: fc.Arbitrary<Loop> = fc.record({
  sequential: fc.boolean(),
  cardinality: fc.integer({ min: 1, max: 3 }),
  enough: inPercent(25, fc.integer({ min: 1, max: 2 })),
});

const leaf: fc.Arbitrary<Block> = fc.record({
  type: only('task'),
  user: isTrue(20),
  async: isTrue(10),
  loop: fc.constant(null),
  boundaries: fc.constant([]),
});

interface Tied {
  block: Block;
  blocks: Block[];
  content: Content;
  taskBoundaries: Boundary[];
  scopeBoundaries: Boundary[];
}

const tied = fc.letrec((tie: fc.LetrecTypedTie<Tied>) => {
  const boundary = (trigger: fc.Arbitrary<Trigger>): fc.Arbitrary<Boundary[]> =>
    severalTriggers(fc.record({ trigger, body: tie('blocks'), rejoins: isTrue(30) }));
  const eventSub: fc.Arbitrary<EventSub> = fc.record({
    trigger: scopeTrigger,
    body: tie('blocks'),
    end,
  });
  const branch = fc.record({ condition, body: tie('blocks'), end: inPercent(20, end) });
  const race = fc.record({ on: wait, body: tie('blocks') });
  return {
    blocks: fc.array(tie('block'), { maxLength: 3, depthIdentifier: 'block' }),
    content: fc.record({ body: tie('blocks'), end, eventSubs: severalTriggers(eventSub) }),
    taskBoundaries: boundary(taskTrigger),
    scopeBoundaries: boundary(scopeTrigger),
    block: fc.oneof(
      { maxDepth: MAX_DEPTH, depthIdentifier: 'block', withCrossShrink: true },
      weigh<Block>(6, leaf),
      weigh<Block>(1, fc.record({ type: only('wait'), on: wait })),
      weigh<Block>(
        1,
        fc.record({
          type: only('throw'),
          what: fc.oneof(fc.constantFrom('none' as const, 'signal' as const), escalation),
        }),
      ),
      weigh<Block>(
        4,
        fc.record({
          type: only('task'),
          user: isTrue(20),
          async: isTrue(10),
          loop: inPercent(30, loop),
          boundaries: tie('taskBoundaries'),
        }),
      ),
      weigh<Block>(1, fc.record({ type: only('receive'), boundaries: tie('taskBoundaries') })),
      weigh<Block>(
        1,
        fc.record({
          type: only('race'),
          branches: fc.uniqueArray(race, {
            minLength: 2,
            maxLength: 3,
            selector: ({ on }) => on,
          }),
        }),
      ),
      weigh<Block>(
        5,
        fc.record({
          type: only('gateway'),
          kind: fc.constantFrom('exclusive' as const, 'parallel' as const, 'inclusive' as const),
          branches: fc.array(branch, { minLength: 2, maxLength: 3 }),
        }),
      ),
      weigh<Block>(2, fc.record({ type: only('again'), condition, body: tie('blocks') })),
      weigh<Block>(
        6,
        fc
          .record({
            content: tie('content'),
            loop: inPercent(25, loop),
            boundaries: tie('scopeBoundaries'),
          })
          .map(({ content, ...rest }) => ({ type: 'sub' as const, ...content, ...rest })),
      ),
    ),
  };
});

/** At most two, of different kinds: Camunda refuses two that catch the same. */
function severalTriggers<T extends { trigger: Trigger }>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.uniqueArray(one, { maxLength: 2, selector: ({ trigger }) => trigger.type });
}

/** A process: one block that nests, between others. */
export const arbitraryProcess: fc.Arbitrary<Content> = fc
  .record({ content: tied.content, first: tied.block, more: tied.blocks })
  .map(({ content, first, more }) => ({
    ...content,
    body: [first, ...content.body, ...more],
  }));

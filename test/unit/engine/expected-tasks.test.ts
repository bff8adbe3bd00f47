import { describe, expect, it } from 'vitest';
import { createExpectedTasks } from '../../../infrastructure/camunda/expected-tasks.ts';

describe('tasks that a worker expects', () => {
  it('G14: are those of instances whose task was reported, until they come', () => {
    const expected = createExpectedTasks();
    expected.polling();
    expected.reported('a');
    expected.reported('b');
    expect(expected.count).toBe(2);
    expected.came('a');
    expect(expected.count).toBe(1);
  });

  it('G14: are expected by the poll after the one that was open, which may have been answered just before', () => {
    const expected = createExpectedTasks();
    expected.polling();
    expected.reported('a');
    expected.started();
    expected.polled();
    expect(expected.count).toBe(2);
    expected.polling();
    expect(expected.count).toBe(2);
    expected.polled();
    expect(expected.count).toBe(0);
  });

  it('count an instance once, however many of its tasks were reported', () => {
    const expected = createExpectedTasks();
    expected.polling();
    expected.reported('parallel');
    expected.reported('parallel');
    expect(expected.count).toBe(1);
  });
});

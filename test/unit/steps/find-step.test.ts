import { describe, expect, it } from 'vitest';
import { findStep } from '../../../domain/steps/find-step.ts';

const shop = {
  key: 'shop',
  siblings: ['shop-part'],
  steps: [
    { name: 'pay' },
    { name: 'mail', topic: 'send-mail' },
    { name: 'bye', topic: 'send-mail', tasks: ['goodbye'] },
  ],
};
const kiosk = { key: 'kiosk', steps: [{ name: 'post', topic: 'send-mail' }] };

function stepOf(processKey: string, topic: string, activityId = 'any'): string | undefined {
  return findStep([shop, kiosk], { processKey, topic, activityId })?.name;
}

describe('the step for a task', () => {
  it('is that of the task’s process, where processes share a topic', () => {
    expect(stepOf('shop', 'send-mail')).toBe('mail');
    expect(stepOf('kiosk', 'send-mail')).toBe('post');
  });

  it('is the one that names the task, where steps of a process share a topic', () => {
    expect(stepOf('shop', 'send-mail', 'goodbye')).toBe('bye');
    expect(stepOf('kiosk', 'send-mail', 'goodbye')).toBe('post');
  });

  it('is of the process whose file has the task', () => {
    expect(stepOf('shop-part', 'send-mail', 'goodbye')).toBe('bye');
  });

  it('of another process is found by a topic that is named like ours, and by no other', () => {
    expect(stepOf('stranger', 'shop.pay')).toBe('pay');
    expect(stepOf('kiosk', 'shop.pay')).toBe('pay');
    expect(stepOf('stranger', 'send-mail')).toBeUndefined();
    expect(stepOf('shop', 'nothing')).toBeUndefined();
  });
});

/*
 * Loaded before everything else (`--import`): time passes BENCH_CLOCK_FACTOR times as fast for all that asks for the date,
 * in this thread and in those that it starts, and for timers of fifteen seconds and more: schedules, retention, leases, limits,
 * caches. Shorter timers gather work or try again soon; together with clocks that measure durations (`performance.now`)
 * and the timeouts of Node itself they keep to real time, as the processor does.
 *
 * JavaScript, so that it needs no loader.
 */
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { syncBuiltinESMExports } from 'node:module';

const MIN_SCALED_MS = 15_000;
const factor = Number(process.env.BENCH_CLOCK_FACTOR);
const realNow = Date.now;
// Threads inherit the environment, and so the same beginning.
process.env.BENCH_CLOCK_BEGAN ??= String(realNow());
const began = Number(process.env.BENCH_CLOCK_BEGAN);

const now = () => Math.floor(began + (realNow() - began) * factor);
const scaled = (ms) => (ms >= MIN_SCALED_MS ? ms / factor : ms);

Date.now = now;
globalThis.Date = new Proxy(Date, {
  construct: (real, given, made) => Reflect.construct(real, given.length > 0 ? given : [now()], made),
  apply: (real) => new real(now()).toString(),
});
for (const name of ['setTimeout', 'setInterval']) {
  const real = timers[name];
  const fast = (callback, ms, ...given) => real(callback, scaled(ms), ...given);
  Object.defineProperties(fast, Object.getOwnPropertyDescriptors(real));
  globalThis[name] = fast;
  timers[name] = fast;
}
const wait = timersPromises.setTimeout;
timersPromises.setTimeout = (ms, ...given) => wait(scaled(ms), ...given);
syncBuiltinESMExports();

/** Prints that suites are skipped. With CI=true that is a failure. */
export function reportSkipped(what: string, why: string): void {
  const line = '*'.repeat(78);
  process.stderr.write(`\n${line}\n* SKIPPED: the ${what} suites: ${why}\n${line}\n\n`);
  if (process.env.CI === 'true') throw new Error(`${what}: ${why}`);
}

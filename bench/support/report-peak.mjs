// Loaded before a command that is measured: at its end it says how much memory it had at most.
import { writeFileSync } from 'node:fs';

process.once('exit', () => {
  // The system counts in kibibytes.
  const bytes = process.resourceUsage().maxRSS * 1_024;
  writeFileSync(process.env.BENCH_PEAK_FILE, String(bytes));
});

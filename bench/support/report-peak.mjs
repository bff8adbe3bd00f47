// Loaded before a measured command: when the command ends, writes its peak memory into a file.
import { writeFileSync } from 'node:fs';

process.once('exit', () => {
  // maxRSS is in kibibytes.
  const bytes = process.resourceUsage().maxRSS * 1_024;
  writeFileSync(process.env.BENCH_PEAK_FILE, String(bytes));
});

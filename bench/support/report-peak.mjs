// Loaded before a measured command: when the command ends, writes its peak memory into a file.
import { readFileSync, writeFileSync } from 'node:fs';

process.once('exit', () => {
  writeFileSync(process.env.BENCH_PEAK_FILE, String(1_024 * peakKibibytes()));
});

/**
 * On Linux `maxRSS` of a process begins with what its parent had when it started it (`exec_mmap` in fs/exec.c keeps the
 * peak of the memory that it replaces), which here is the benchmark itself. `VmHWM` is of its own memory alone.
 */
function peakKibibytes() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kibibytes);
}

// Part of npm run check: finds the words that the glossary replaced. Paths narrow it down:
// node scripts/check-words.mjs src/http. Plain JavaScript, and nothing to install.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * What must not come back, what to write instead, and the files in which the word is a public name; docs/glossary.md has
 * the reasons.
 */
const WORDS = [
  [/\b[Aa]new\b/, 'again, new, or rebuild'],
  [/\b(goes|go|went|going|gone) on\b/, 'continue, resume, or happen'],
  [/\b[Tt]wins?\b|[a-z]Twins?\b|\b[Ss]urplus|\b[Ss]trays?\b|\b[Ll]eft-?overs?\b/, 'duplicate instance'],
  // A field of the partner service, which the demo starts and the process onboard-user calls.
  [/\b[Vv]erdicts?\b|[a-z]Verdict|\bjudg(e|es|ed|ing|ement)\b/, 'diagnosis, diagnose', /onboard-user\/|partner-service/],
  [/\b[Ss]eal(s|ed|ing|er)?\b|[a-z]Seal(ed|ing)?\b|\bSEALED\b|\b(un)?seal[A-Z]/, 'encrypt, encrypted'],
  [/\b[Hh]and-?overs?\b|[a-z]HandOver|\bhandOver/, 'cold archive'],
  [/\bforget(s|ting)?\b|\bforgot(ten)?\b|\bforget[A-Z]/, 'delete history'],
  [/\bexchang(e|es|ed|ing)\b(?! rate)/, 'swap'],
  [/\b[Hh]opeless\b|\bmay pass\b|\bisPassing\b/, 'isTransient, nonRetryable'],
  [/\bflying\b/, 'in flight'],
  [/\bwhoever\b|\bWhoever\b/, 'who it is: the caller, the worker, the operator'],
  [/\b(is|are) none\b/, 'say what is missing: "ignored a malformed message"'],
  [/\b[Nn]obody is\b/, 'say who is missing'],
  [/\brest\(/, 'sleep('],
  [/\b(MOST|LONGEST|LEAST|SHORTEST|FEW)_[A-Z]/, 'MAX_, MIN_'],
  [/_PATIENCE\b|_PATIENCE_|\bPATIENCE_|\bpatience\b|\bpatient\b/, '…_TIMEOUT_MS'],
  [/\b[A-Z_]*LOOK_MS\b|_REST_MS\b|\bREST_MS\b/, '…_INTERVAL_MS, …_DELAY_MS'],
  // RECONCILE_EVERY_MS and ROLLUP_EVERY_MS are settings.
  [/\b(?!RECONCILE_|ROLLUP_)[A-Z]+_EVERY_MS\b/, '…_INTERVAL_MS'],
  [/\b(tell|told|say|said|hear|heard|announce)[A-Z]\w*|\b\w+(Told|Heard|Said)\b/, 'report, notify, log, onX'],
  [/\b[A-Z]\w*Place\b|\bplace(Of|In|By|For)?[(:]|\bplaceOf\b/, 'the thing itself: Waiter, FeedPosition, ArchiveCursor'],
  [/\b(tell|say|told|hear|announce)\(/, 'report, notify, log, onX'],
  [/\bconst cold\b|\bcold\.[a-z]+\(/, 'knex'],
  [/\b(says?|said) (yes|no)\b(?! less| more)/, 'accept, refuse'],
  [/\bare had\b|\bhas (\w+ ){1,6}compared\b/, 'say who does what to what'],
  [/\bfor good\b/, 'for ever, or finally'],
  [/\bheard? of\b|\bhears of\b/, 'receives, is notified of'],
];

/** Files in which a word stands because they are about it, or for what was released under it. */
const EXEMPT = /^(CHANGELOG\.md|docs\/glossary\.md|scripts\/check-words\.mjs|package-lock\.json)$/;

const { stdout } = spawnSync('git', ['ls-files', '-z', '--', ...process.argv.slice(2)], { cwd: root, encoding: 'utf8' });
const files = stdout.split('\0').filter((file) => /\.(tsx?|mjs|md|http|yaml|yml|bpmn)$|^\.env\.example$/.test(file) && !EXEMPT.test(file));
let found = 0;
for (const file of files) {
  for (const [index, line] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
    for (const [pattern, instead, publicIn] of WORDS) {
      const match = pattern.exec(line);
      if (!match || publicIn?.test(file)) continue;
      found += 1;
      console.error(`${file}:${index + 1}: "${match[0]}": write ${instead}`);
    }
  }
}
if (found > 0) console.error(`${found} words that docs/glossary.md replaces`);
process.exit(found > 0 ? 1 : 0);

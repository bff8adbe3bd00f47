import type { View } from './side.ts';

/** The first difference between what two engines show of an instance, or null. */
export function differenceOf(
  reference: View,
  other: View,
  names: readonly [string, string],
): string | null {
  const [a, b] = names;
  const aOpen = `[${reference.open.join(', ')}]`;
  const bOpen = `[${other.open.join(', ')}]`;
  const isActive = reference.state === 'ACTIVE';
  if (isActive !== (other.state === 'ACTIVE')) {
    return `${a} is ${reference.state} with ${aOpen}, ${b} ${other.state} with ${bOpen}`;
  }
  if (aOpen !== bOpen) return `open tasks: ${a} ${aOpen}, ${b} ${bOpen}`;
  if (reference.state !== other.state) {
    return `end state: ${a} ${reference.state}, ${b} ${other.state}`;
  }
  return variableDifference(reference, other, names) ?? historyDifference(reference, other, names);
}

function variableDifference(
  { variables: left }: View,
  { variables: right }: View,
  [a, b]: readonly [string, string],
): string | null {
  if (!left || !right) return null;
  const all = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
  const name = all.find((one) => left[one] !== right[one]);
  if (name === undefined) return null;
  const unset = `${name} unset`;
  return `variable: ${a} ${left[name] ?? unset}, ${b} ${right[name] ?? unset}`;
}

function historyDifference(
  { history: left }: View,
  { history: right }: View,
  [a, b]: readonly [string, string],
): string | null {
  if (left.join() === right.join()) return null;
  const aOnly = more(left, right).join(', ');
  const bOnly = more(right, left).join(', ');
  return `history: only ${a} [${aOnly}], only ${b} [${bOnly}]`;
}

/** What `list` has more often than `other`. */
function more(list: readonly string[], other: readonly string[]): string[] {
  const rest = [...other];
  return list.filter((one) => {
    const at = rest.indexOf(one);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

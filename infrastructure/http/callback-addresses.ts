import { BlockList, isIP } from 'node:net';

/** Addresses of the internet that lead to this machine, to its network or to nobody (RFC 6890 and its registries). */
const NEVER: readonly [string, number][] = [
  ['0.0.0.0', 8],
  // Link-local, and the metadata services of clouds.
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, reserved and broadcast.
  ['224.0.0.0', 3],
  // Unspecified, and the old way to write an IPv4 address.
  ['::', 96],
  // An IPv4 address within an IPv6 one: NAT64, Teredo, 6to4. What it leads to is not seen here.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];
/** What a receiver within one's own network may have. */
const PRIVATE: readonly [string, number][] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['fc00::', 7],
];

const never = listOf(NEVER);
const privates = listOf(PRIVATE);

function listOf(networks: readonly [string, number][]): BlockList {
  const list = new BlockList();
  for (const [network, bits] of networks) list.addSubnet(network, bits, familyOf(network));
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/**
 * Whether a callback must not be sent to this address.
 *
 * @param isPrivateAllowed the host is listed as one with private addresses
 */
export function isForbidden(address: string, isPrivateAllowed: boolean): boolean {
  const plain = unmapped(address.split('%')[0] ?? '');
  if (isIP(plain) === 0) return true;
  // Its network is blocked above, for it is also that of IPv4-compatible addresses.
  if (plain === '::1') return !isPrivateAllowed;
  const family = familyOf(plain);
  return never.check(plain, family) || (!isPrivateAllowed && privates.check(plain, family));
}

/** The IPv4 address in an IPv4-mapped IPv6 address (`::ffff:127.0.0.1`, `::ffff:7f00:1`); others as they are. */
function unmapped(address: string): string {
  if (isIP(address) !== 6) return address;
  // The URL parser writes every IPv6 address in one way.
  const normal = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high = '', low = ''] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(normal) ?? [];
  if (high === '') return normal;
  const bytes = [high, low].flatMap((part) => {
    const number = Number.parseInt(part, 16);
    return [number >> 8, number & 255];
  });
  return bytes.join('.');
}

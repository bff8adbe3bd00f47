import { expect } from 'vitest';
import type { Cluster } from './cluster.ts';
import type { BalancedLoad } from './load.ts';

/** What may happen to a cluster, or to a partner of it. */
export interface ClusterFault {
  what: string;
  begin: () => unknown;
  end: () => unknown;
  /** Whether the fault has had an effect; by default when some more starts were accepted. */
  hasEffect?: (load: BalancedLoad) => boolean;
  /** Whether the connections of callers break. */
  breaksCallers: boolean;
  /** Whether the fault concerns the database. */
  onDatabase?: boolean;
}

/**
 * The faults of a cluster of the instances A (`api`, `relay`), B (`worker`) and C (`projector`).
 *
 * @param opened gives the cluster, which is not there yet when tests are declared
 * @param roles of each instance, which gets them back when it is started again
 */
export function clusterFaults(
  opened: () => Cluster,
  roles: Readonly<Record<'A' | 'B' | 'C', string>>,
): ClusterFault[] {
  const kill = (name: 'A' | 'B' | 'C') => ({
    begin: async () => {
      const instance = opened().instances.get(name);
      if (!instance) throw new Error(`no instance ${name}`);
      instance.kill('SIGKILL');
      expect(await instance.ended).toBe('SIGKILL');
    },
    end: async () => void (await opened().start(name, roles[name])),
  });
  return [
    { what: 'api and relay killed with -9', ...kill('A'), breaksCallers: true, onDatabase: true },
    { what: 'the worker killed with -9', ...kill('B'), breaksCallers: true },
    { what: 'the projector killed with -9', ...kill('C'), breaksCallers: false },
    {
      what: 'Redis stopped and started',
      begin: () => opened().redis.stop(),
      end: () => opened().redis.start(),
      breaksCallers: false,
    },
    {
      what: 'the engine cut off',
      begin: () => opened().engine.cut(),
      end: () => opened().engine.heal(),
      breaksCallers: false,
    },
    {
      what: 'the engine hanging',
      begin: () => opened().engine.hang(),
      end: () => opened().engine.heal(),
      breaksCallers: false,
    },
    {
      what: 'the database away',
      begin: () => opened().database.away(),
      end: () => opened().database.back(),
      hasEffect: (load) => load.turnedAway() > 0,
      breaksCallers: false,
      onDatabase: true,
    },
  ];
}

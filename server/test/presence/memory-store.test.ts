import { createMemoryStore } from '../../src/presence/memory-store.js';
import { createManualClock } from '../ops/manual-clock.js';
import { presenceStoreContract } from './store-contract.js';

presenceStoreContract('in memory', async () => {
  const clock = createManualClock();
  const shared = createMemoryStore(clock);
  return { store: () => shared, pass: async (ms) => clock.pass(ms), close: async () => {} };
});

export { type EraseAnswer, eraseProcess } from './erase-process.ts';
export { createIdentifierIndex } from './identifier-index.ts';
export { type MasterKeys, readMasterKeys } from './master-keys.ts';
export { isEncrypted } from './personal.ts';
export { createPersonalData, type PersonalData } from './personal-data.ts';
export type { ProcessKeyRow, ProcessKeys } from './process-keys.ts';
export { createVault } from './vault.ts';

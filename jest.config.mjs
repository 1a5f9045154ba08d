// One configuration for unit and system tests: TypeScript through swc, ES modules, packages resolved to their sources.
import { availableParallelism } from 'node:os';

export default {
  testEnvironment: '<rootDir>/tests/support/jest/leak-environment.mjs',
  globalSetup: '<rootDir>/tests/support/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/tests/support/jest/global-teardown.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  moduleNameMapper: {
    '^@roomcast/(protocol|server)$': '<rootDir>/$1/src/index.ts',
    '^@roomcast/server/publisher$': '<rootDir>/server/src/publisher/index.ts',
    '^@roomcast/client$': '<rootDir>/client-sdk/src/index.ts',
    '^@roomcast/client/([a-z]+)$': '<rootDir>/client-sdk/src/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testMatch: ['<rootDir>/{protocol,server,client-sdk}/test/**/*.test.ts', '<rootDir>/tests/**/*.test.ts'],
  testTimeout: 60_000,
  // System tests wait more than they compute, and share the machine with the servers that they start.
  maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
};

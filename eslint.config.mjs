// Typed rules for all TypeScript, plain rules for the scripts, and the house rules that a machine can hold.
import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// A file is named after its idea; these names are of files that have none.
const namesWithoutIdea = '**/{types,interfaces,util,utils,helper,helpers,common,misc,constants}.{ts,tsx,mjs}';
const nodeGlobals = Object.getOwnPropertyNames(globalThis);

export default defineConfig(
  globalIgnores(['**/dist/', '**/node_modules/', '**/*.d.mts']),
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: Object.fromEntries(nodeGlobals.map((name) => [name, 'readonly'])) },
  },
  {
    // Programs of pages, with what their page loads.
    files: ['examples/*/page/*.js'],
    languageOptions: { globals: { document: 'readonly', io: 'readonly' } },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // TypeORM's EntitySchema takes its options as a literal of a class.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-unsafe-type-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, varsIgnorePattern: '^_+$' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // An implementation of an asynchronous interface need not wait for anything itself.
      '@typescript-eslint/require-await': 'off',
      // Parts are closures made by createX, not methods that need their object.
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: 'error',
    },
  },
  {
    // In a test a wrong assumption about an answer is a failing test, which is what it is for.
    files: ['tests/**/*.ts', '*/test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-type-assertion': 'off',
    },
  },
  {
    files: ['protocol/src/**/*.ts', 'server/src/**/*.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    // The process belongs to main.ts and cli.ts; all else is handed what it needs, so that it can be embedded.
    files: ['protocol/src/**/*.ts', 'server/src/**/*.ts'],
    ignores: ['server/src/main.ts', 'server/src/cli.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['argv', 'env', 'exit', 'exitCode', 'on', 'once'].map((property) => ({ object: 'process', property })),
      ],
    },
  },
  {
    files: [namesWithoutIdea],
    rules: { 'no-restricted-syntax': ['error', { selector: 'Program', message: 'Name the file after its idea.' }] },
  },
);

#!/usr/bin/env node
// The program `roomcast`: hands the process to the command that was asked for.
import { runCli } from './cli/run.js';

// Whoever reads the output may have read enough: roomcast tail global | head -1
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const code = await runCli(process.argv.slice(2), {
  env: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
  start: async () => {
    await import('./main.js');
  },
});
// A server that could not start has set its own.
if (code !== 0) process.exitCode = code;

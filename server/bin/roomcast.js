#!/usr/bin/env node
// The command line. It stands here, and not in dist, so that npm finds it to link before anything is built.
import '../dist/cli.js';

// Whatever a client can see of the schemas has a fingerprint. A change of it is a decision about the version.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { catalogue, commands, describeProtocol, PROTOCOL_VERSION } from '../src/index.js';

const recorded = z
  .object({ version: z.string(), hash: z.string() })
  .parse(JSON.parse(readFileSync(new URL('./protocol-version.json', import.meta.url), 'utf8')));

describe('the protocol', () => {
  it('has the version that its schemas were recorded with', () => {
    const hash = createHash('sha256')
      .update(JSON.stringify(describeProtocol(catalogue, commands)))
      .digest('hex');
    const advice =
      'The schemas have changed: count PROTOCOL_VERSION up (the minor part for what is added, the major part for what ' +
      'old clients cannot read; a changed event also needs a new version and an upcast) and record the new hash.';
    expect({ advice, version: PROTOCOL_VERSION, hash }).toEqual({ advice, ...recorded });
  });
});

// What a fuzz test sends: values of every wrong kind, and good ones with something wrong in them. A seed decides all.
import type { Random } from '../../simulation/random.js';

const NUMBERS = [0, -0, 1, -1, 0.5, 501, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, -1e-308, 253_402_300_800_000];
const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'toJSON',
  'then',
  'length',
  '',
  '0',
  '$ne',
  '\u0000',
];
const WORDS = [
  ...[
    'global',
    'project:42',
    'user:fuzz',
    'user:bystander',
    'agent:a',
    'workflow:1',
    'session:1',
    'nowhere',
    'project:',
  ],
  ...['\u0000', '\ud800', '\udc00\ud800', '\u202e', '🙂', 'ä'.repeat(130), '../..', '%00', "'; drop table streams; --"],
  ...['true', 'null', 'NaN', '1e999', '2026-01-01T00:00:00.000Z', '-1', 'x'.repeat(129), '{"room":"global"}', '${1}'],
];
const LONG = 8_000;
const DEEP = 300;

export class Input {
  constructor(readonly random: Random) {}

  /** Anything that JSON can hold. */
  value(levels = 3): unknown {
    const { random } = this;
    const kinds = levels > 0 ? 10 : 7;
    switch (random.below(kinds)) {
      case 0:
        return null;
      case 1:
        return random.chance(0.5);
      case 2:
      case 3:
        return random.chance(0.5) ? random.pick(NUMBERS) : random.below(1_000);
      case 4:
      case 5:
        return this.text();
      case 6:
        return random.chance(0.05) ? this.nested() : {};
      case 7:
        return Array.from({ length: random.below(5) }, () => this.value(levels - 1));
      default:
        return this.object(levels);
    }
  }

  text(): string {
    const { random } = this;
    if (random.chance(0.02)) return random.pick(['x', '"', '\\', '\ud800', '\u0000']).repeat(random.below(LONG));
    if (random.chance(0.7)) return random.pick(WORDS);
    return Array.from({ length: random.below(40) }, () => String.fromCharCode(random.below(0x10000))).join('');
  }

  /** A good value with one to three places of it changed, taken away, or added. */
  mutated(value: unknown): unknown {
    let result = structuredClone(value);
    for (let times = 1 + this.random.below(3); times > 0; times--) result = this.mutatedOnce(result);
    return result;
  }

  /** Text with a few characters changed, taken away, or added. */
  damaged(text: string): string {
    const { random } = this;
    let result = text;
    for (let times = 1 + random.below(4); times > 0; times--) {
      const at = random.below(result.length + 1);
      const added = random.chance(0.5) ? random.pick([...'{}[]",:0123456789-/\\_. \u001e']) : random.pick(WORDS);
      result = result.slice(0, at) + (random.chance(0.7) ? added : '') + result.slice(at + random.below(3));
    }
    return random.chance(0.1) ? result.slice(0, random.below(result.length + 1)) : result;
  }

  bytes(most = 300): Buffer {
    return Buffer.from(Array.from({ length: this.random.below(most) }, () => this.random.below(256)));
  }

  private mutatedOnce(value: unknown): unknown {
    const { random } = this;
    if (typeof value !== 'object' || value === null || random.chance(0.1)) return this.value();
    const entries: [string, unknown][] = Object.entries(value);
    const place = random.below(entries.length + 1);
    const [key, inner] = entries[place] ?? [random.pick(KEYS), undefined];
    if (random.chance(0.3)) entries.splice(place, 1);
    else entries.splice(place, 1, [key, random.chance(0.5) ? this.mutatedOnce(inner) : this.value()]);
    return Array.isArray(value) ? entries.map(([, item]) => item) : withOwn(entries);
  }

  private object(levels: number): object {
    const { random } = this;
    const key = () => (random.chance(0.5) ? random.pick(KEYS) : this.text().slice(0, 50));
    return withOwn(Array.from({ length: random.below(5) }, () => [key(), this.value(levels - 1)]));
  }

  private nested(): unknown {
    let value: unknown = 1;
    for (let level = this.random.below(DEEP); level > 0; level--) {
      value = this.random.chance(0.5) ? [value] : { a: value };
    }
    return value;
  }
}

/** An object whose own keys these are, also `__proto__`. */
function withOwn(entries: readonly (readonly [string, unknown])[]): object {
  const own = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of entries) own[key] = value;
  return own;
}

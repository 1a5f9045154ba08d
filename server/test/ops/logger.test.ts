import { describe, expect, it } from '@jest/globals';
import jsonwebtoken from 'jsonwebtoken';
import { createLogger, withoutSecrets } from '../../src/ops/logger.js';

const token = jsonwebtoken.sign({ sub: 'ada' }, 'secret');
const key = `rc_${'k'.repeat(43)}`;

function capture() {
  const lines: string[] = [];
  return { lines, logger: createLogger('trace', { write: (line) => void lines.push(line) }) };
}

describe('the log', () => {
  it('is one JSON line an entry, with the level as a word and the time in ISO', () => {
    const { lines, logger } = capture();
    logger.info({ room: 'project:42' }, 'joined');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      room: 'project:42',
      msg: 'joined',
    });
  });

  it.each([
    ['a message', (value: string) => [`refused ${value} twice`]],
    ['a field', (value: string) => [{ anything: value }]],
    ['a deep field', (value: string) => [{ a: { b: { c: { d: [{ e: value }] } } } }]],
    ['an error and its cause', (value: string) => [{ err: new Error(`no ${value}`, { cause: new Error(value) }) }]],
    ['an address', (value: string) => [{ url: `/ws?token=${value}&room=a` }, `GET /ws?x=1&token=${value}`]],
    ['a header', (value: string) => [{ req: { headers: { authorization: `Bearer ${value}` } } }]],
    ['JSON in a string', (value: string) => [{ body: JSON.stringify({ event: 'auth', data: { token: value } }) }]],
  ])('holds no token and no key that %s brings', (_name, entry) => {
    for (const secret of [token, key]) {
      const { lines, logger } = capture();
      const [first, second] = entry(secret);
      if (typeof first === 'string') logger.warn(first);
      else logger.warn(first, typeof second === 'string' ? second : undefined);
      expect(lines.join()).not.toContain(secret);
      expect(lines.join()).toContain('[cut]');
      expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'warn' });
    }
  });

  it('cuts fields by their name, whatever they hold', () => {
    const { lines, logger } = capture();
    logger.info({ token: 'opaque', auth: { password: { value: 'opaque' } }, headers: { cookie: 'opaque', host: 'a' } });
    expect(lines[0]).not.toContain('opaque');
    expect(JSON.parse(lines[0]!)).toMatchObject({ token: '[cut]', headers: { cookie: '[cut]', host: 'a' } });
  });

  it('says nothing below its level', () => {
    const lines: string[] = [];
    createLogger('warn', { write: (line) => void lines.push(line) }).info('too little');
    expect(lines).toEqual([]);
  });
});

describe('withoutSecrets', () => {
  it.each([
    ['/ws?token=opaque', '/ws?token=[cut]'],
    ['/ws?room=a&access_token=opaque&x=1#y', '/ws?room=a&access_token=[cut]&x=1#y'],
    ['Authorization: bearer opaque', 'Authorization: bearer [cut]'],
    ['postgres://ada:hunter2@db:5432/rooms', 'postgres://ada:[cut]@db:5432/rooms'],
    ['redis://:hun:ter@2@cache', 'redis://:[cut]@cache'],
    [key, 'rc_[cut]'],
    [token, '[cut]'],
  ])('%s becomes %s', (text, expected) => {
    expect(withoutSecrets(text)).toBe(expected);
  });

  it.each(['http://127.0.0.1:8000/rooms?x=a@b', 'room:project:42', 'eyes.only', 'rc_analysis.progress', 'bearer'])(
    'leaves %s as it is',
    (text) => {
      expect(withoutSecrets(text)).toBe(text);
    },
  );

  it.each(['a.', 'ey', 'ey-', 'eyaaaaaaaa', 'a://', 'a:b@', 'rc_', 'Bearer ', '?token=', '"token":"', '\\'])(
    'takes time in proportion to the length of "%s" repeated',
    (part) => {
      const started = performance.now();
      withoutSecrets(part.repeat(200_000 / part.length));
      expect(performance.now() - started).toBeLessThan(1_000);
    },
  );
});

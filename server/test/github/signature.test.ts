import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createSignatureCheck } from '../../src/github/signature.js';

const body = Buffer.from('{"zen":"Ünïcode – und 日本"}');
const sign = (secret: string, bytes: Buffer = body) =>
  `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`;

describe('the signature of a delivery', () => {
  // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
  it("is the one of GitHub's own example", () => {
    const check = createSignatureCheck([{ tenant: 'acme', secret: "It's a Secret to Everybody" }]);
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    expect(check(Buffer.from('Hello, World!'), signature)).toEqual(['acme']);
  });

  it('tells whose secret made it', () => {
    const check = createSignatureCheck([
      { tenant: 'acme', secret: 'one' },
      { tenant: 'globex', secret: 'two' },
      { tenant: null, secret: 'three' },
    ]);
    expect(check(body, sign('one'))).toEqual(['acme']);
    expect(check(body, sign('two'))).toEqual(['globex']);
    expect(check(body, sign('three'))).toBe('every');
  });

  it('may be made with the old or the new secret while one takes the place of the other', () => {
    const check = createSignatureCheck([
      { tenant: 'default', secret: 'old' },
      { tenant: 'default', secret: 'new' },
    ]);
    expect(check(body, sign('old'))).toEqual(['default']);
    expect(check(body, sign('new'))).toEqual(['default']);
  });

  it('stands for every tenant that has the secret', () => {
    const shared = [
      { tenant: 'globex', secret: 'same' },
      { tenant: 'acme', secret: 'same' },
    ];
    expect(createSignatureCheck(shared)(body, sign('same'))).toEqual(['acme', 'globex']);
    expect(createSignatureCheck([...shared, { tenant: null, secret: 'same' }])(body, sign('same'))).toBe('every');
  });

  it('is of the bytes and not of their meaning', () => {
    const check = createSignatureCheck([{ tenant: 'acme', secret: 'one' }]);
    expect(check(Buffer.from('{ "a": 1 }'), sign('one', Buffer.from('{"a":1}')))).toBeNull();
    const notText = Buffer.from([0xff, 0x00, 0xfe]);
    expect(check(notText, sign('one', notText))).toEqual(['acme']);
  });

  it('may be in capitals', () => {
    const check = createSignatureCheck([{ tenant: 'acme', secret: 'one' }]);
    expect(check(body, `SHA256=${sign('one').slice(7).toUpperCase()}`)).toEqual(['acme']);
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['without its method', sign('one').slice(7)],
    ['of another method', `sha1=${createHmac('sha1', 'one').update(body).digest('hex')}`],
    ['too short', sign('one').slice(0, -1)],
    ['too long', `${sign('one')}0`],
    ['not hexadecimal', `sha256=${'z'.repeat(64)}`],
    ['of another secret', sign('two')],
    ['of another body', sign('one', Buffer.from('{}'))],
    ['of an empty secret', sign('')],
  ])('is refused when it is %s', (_, signature) => {
    expect(createSignatureCheck([{ tenant: 'acme', secret: 'one' }])(body, signature)).toBeNull();
  });

  it('is always refused without secrets', () => {
    expect(createSignatureCheck([])(body, sign(''))).toBeNull();
  });
});

import { describe, expect, it } from '@jest/globals';
import { principalOf } from '../../src/identity/claims.js';

const refused = expect.objectContaining({ code: 'unauthorized' });

function principal(claims: unknown, tenantClaim = 'tenant_id') {
  return principalOf(claims, tenantClaim);
}

describe('the claims of a token', () => {
  it('become a principal', () => {
    expect(
      principal({ sub: 'ada', name: 'Ada', tenant_id: 'acme', roles: ['publisher', 'admin'], exp: 1_767_225_600 }),
    ).toEqual({
      tenant: 'acme',
      userId: 'ada',
      name: 'Ada',
      roles: new Set(['publisher', 'admin']),
      keyId: null,
      expiresAt: new Date('2026-01-01T00:00:00.000Z'),
    });
  });

  it('need nothing but sub: the rest is the tenant default, no name, no role, no end', () => {
    expect(principal({ sub: 'ada' })).toEqual({
      tenant: 'default',
      userId: 'ada',
      name: null,
      roles: new Set(),
      keyId: null,
      expiresAt: null,
    });
  });

  it.each([undefined, null, '', 'a b', 'a:b', 'a/b', 'ä', 'x'.repeat(129), 1.5, -1, true, {}, ['ada']])(
    'with sub %j are refused',
    (sub) => {
      expect(() => principal({ sub })).toThrow(refused);
    },
  );

  it.each(['ada', '"ada"', null, undefined, 7, []])('that are %j and no object are refused', (claims) => {
    expect(() => principal(claims)).toThrow(refused);
  });

  it('may write ids as whole numbers', () => {
    expect(principal({ sub: 42, company_id: 7 }, 'company_id')).toMatchObject({ userId: '42', tenant: '7' });
  });

  it('name the tenant in the configured claim and in no other', () => {
    const claims = { sub: 'ada', tenant_id: 'one', org_id: 'two', 'https://acme.example/tenant': 'three' };
    expect(principal(claims, 'org_id').tenant).toBe('two');
    expect(principal(claims, 'https://acme.example/tenant').tenant).toBe('three');
    expect(principal(claims, 'company_id').tenant).toBe('default');
    expect(principal({ ...claims, org_id: null }, 'org_id').tenant).toBe('default');
    expect(principal(claims, 'constructor').tenant).toBe('default');
  });

  it.each(['', 'a b', 'a/b', 'x'.repeat(129), false, {}])('with the tenant %j are refused', (tenant) => {
    expect(() => principal({ sub: 'ada', tenant_id: tenant })).toThrow(refused);
  });

  it.each([
    [['publisher'], ['publisher']],
    [['admin', 'admin'], ['admin']],
    ['publisher admin', ['publisher', 'admin']],
    ['  admin\n', ['admin']],
    [['owner', 7, null, 'Admin'], []],
    ['superadmin', []],
    [{ admin: true }, []],
    [null, []],
    [['publisher admin'], []],
  ])('with the roles %j give %j', (roles, expected) => {
    expect(principal({ sub: 'ada', roles }).roles).toEqual(new Set(expected));
  });

  it.each([
    ['  Ada  ', 'Ada'],
    ['Ada\u0000\nLovelace', 'Ada Lovelace'],
    ['', null],
    [' \n', null],
    [7, null],
    [null, null],
    ['x'.repeat(300), 'x'.repeat(256)],
    [`${'x'.repeat(255)}😀`, `${'x'.repeat(255)}\ufffd`],
    ['\ud800', '\ufffd'],
  ])('with the name %j give the name %j, which can be stored', (name, expected) => {
    expect(principal({ sub: 'ada', name }).name).toBe(expected);
  });

  it('with an end that no date can tell are refused', () => {
    expect(() => principal({ sub: 'ada', exp: 1e300 })).toThrow(refused);
  });
});

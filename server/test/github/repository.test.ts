import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { repositoryKey } from '../../src/github/repository.js';

const seed = Date.now() % 2 ** 31;

describe('the key of a repository', () => {
  it.each([
    'https://github.com/Codertocat/Hello-World',
    'https://github.com/codertocat/hello-world',
    'HTTPS://GitHub.com/CODERTOCAT/HELLO-WORLD',
    'http://github.com/Codertocat/Hello-World/',
    'https://github.com/Codertocat/Hello-World.git',
    'https://github.com/Codertocat/Hello-World.git/',
    'https://github.com:443/Codertocat/Hello-World.git',
    'https://www.github.com/Codertocat/Hello-World',
    'https://token@github.com/Codertocat/Hello-World.git',
    'https://user:token@github.com/Codertocat/Hello-World.git',
    'https://github.com/Codertocat/Hello-World/tree/main/docs',
    'https://github.com/Codertocat/Hello-World?tab=readme#install',
    'https://github.com//Codertocat//Hello-World',
    'git://github.com/Codertocat/Hello-World.git',
    'git+https://github.com/Codertocat/Hello-World.git',
    'ssh://git@github.com/Codertocat/Hello-World.git',
    'ssh://git@github.com:22/Codertocat/Hello-World.git',
    'ssh://git@ssh.github.com:443/Codertocat/Hello-World.git',
    'git+ssh://git@github.com/Codertocat/Hello-World.git',
    'git@github.com:Codertocat/Hello-World.git',
    'git@github.com:Codertocat/Hello-World',
    'git@github.com:/Codertocat/Hello-World.git',
    'github.com/Codertocat/Hello-World',
    '  https://github.com/Codertocat/Hello-World \n',
  ])('is the same for %j', (address) => {
    expect(repositoryKey(address)).toBe('github.com/codertocat/hello-world');
  });

  it.each([
    ['https://github.example.com/team/service', 'github.example.com/team/service'],
    ['https://github.example.com:8443/team/service', 'github.example.com/team/service'],
    ['git@github.example.com:team/service.git', 'github.example.com/team/service'],
    ['https://github.com/acme/site.github.io', 'github.com/acme/site.github.io'],
    ['https://github.com/acme/.github', 'github.com/acme/.github'],
    ['https://github.com/acme/a_b.c-d', 'github.com/acme/a_b.c-d'],
    ['http://localhost:3000/acme/api', 'localhost/acme/api'],
  ])('of %s is %s', (address, key) => {
    expect(repositoryKey(address)).toBe(key);
  });

  it.each([
    '',
    'hello',
    'acme/api',
    'https://github.com',
    'https://github.com/acme',
    'https://github.com/acme/',
    'https://github.com/acme/.git',
    'https://github.com/acme/a b',
    'https://',
    'git@github.com:acme',
    'C:\\code\\api',
    '../api',
    'javascript:alert(1)',
  ])('does not exist for %j', (address) => {
    expect(repositoryKey(address)).toBeNull();
  });

  const part = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,20}$/);

  it('does not depend on how the address is written', () => {
    const forms = fc.constantFrom(
      (owner: string, name: string) => `https://github.com/${owner}/${name}`,
      (owner: string, name: string) => `git@github.com:${owner}/${name}.git`,
      (owner: string, name: string) => `ssh://git@github.com/${owner}/${name}.git`,
      (owner: string, name: string) => `https://GITHUB.COM/${owner.toUpperCase()}/${name.toUpperCase()}/`,
    );
    fc.assert(
      fc.property(part, part, forms, (owner, name, form) => {
        expect(repositoryKey(form(owner, name))).toBe(`github.com/${owner}/${name}`.toLowerCase());
      }),
      { seed },
    );
  });

  it('is an answer for any text, and the key of itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.string({ unit: 'grapheme' })), (text) => {
        const key = repositoryKey(text);
        if (key !== null) expect(repositoryKey(`https://${key}`)).toBe(key);
      }),
      { seed },
    );
  });
});

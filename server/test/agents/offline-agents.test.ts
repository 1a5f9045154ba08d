import { describe, expect, it } from '@jest/globals';
import type { Said } from '../../src/agents/agent.js';
import { codeIn, codeRemarks } from '../../src/agents/built-in/code-remarks.js';
import { createOfflineAgents } from '../../src/agents/built-in/offline-agents.js';

let count = 0;
function said(content: string, who = 'Ada', role: Said['role'] = 'user'): Said {
  const id = `m${String(++count)}`;
  return { id, sender_id: who.toLowerCase(), sender_name: who, role, content, created_at: '2026-01-01T10:00:00.000Z' };
}

async function answer(agentId: string, content: string, history: Said[] = []): Promise<string> {
  const agent = createOfflineAgents().find(({ id }) => id === agentId)!;
  const question = { tenant: 'acme', room: 'session:1', agent_id: agentId, history, instructions: [] };
  let text = '';
  const { signal } = new AbortController();
  for await (const piece of agent.respond({ ...question, message: said(content), signal })) text += piece;
  return text;
}

describe('every agent without a model', () => {
  it.each(['context', 'socratic', 'code'])('says so: %s', async (id) => {
    expect(await answer(id, 'Hello there')).toMatch(/^I am offline/);
  });

  it.each(['context', 'socratic', 'code'])('has something to say to whatever is said: %s', async (id) => {
    for (const content of ['?', 'the', '\n', '😀', '```', '…'.repeat(5000), '{'.repeat(2000), '"'.repeat(3000)]) {
      expect((await answer(id, content)).length).toBeGreaterThan(80);
    }
  });
});

describe('the socratic agent without a model', () => {
  it('asks about the words of the question, and how they depend on each other', async () => {
    const text = await answer('socratic', 'Why does recursion need a base case?');
    expect(text).toContain('What do you mean by “recursion”');
    expect(text).toContain('“recursion” and “base” depend on each other');
    expect(text).toContain('You ask why');
  });

  it('does not ask about a word twice', async () => {
    const first = await answer('socratic', 'Why does recursion need a stack?');
    const second = await answer('socratic', 'Recursion is a function, it needs the stack and memory', [
      said('Why does recursion need a stack?'),
      said(first, 'Socratic teacher', 'agent'),
    ]);
    expect(second).not.toContain('mean by “Recursion”');
    expect(second).toContain('mean by “function”');
  });
});

describe('the code agent without a model', () => {
  it('remarks on lines of pasted code', async () => {
    const code = [
      'var total = 0;',
      'if (user == null) {',
      '  items.forEach(async (item) => { await save(item); });',
      '}',
      'try { run(); } catch (e) {}',
      'db.query("select * from users where id = " + id);',
      'const password = "hunter2hunter2";',
    ].join('\n');
    const text = await answer('code', `What do you think?\n\`\`\`js\n${code}\n\`\`\`\nThanks`);
    expect(text).toContain('7 lines of code');
    for (const line of [1, 2, 3, 5, 6, 7]) expect(text).toContain(`- line ${String(line)}: `);
    expect(text).not.toContain('line 4:');
  });

  it('knows Python’s traps', () => {
    const code = ['def add(x, seen=[]):', '    try:', '        go()', '    except:', '        pass', '    print(x)'];
    expect(codeRemarks(code.join('\n'))).toEqual([
      expect.stringMatching(/^line 1: a default/),
      expect.stringMatching(/^line 4: catches everything/),
      expect.stringMatching(/^line 6: output for debugging/),
    ]);
  });

  it.each([
    ['sum(1, [2, 3]', 'a `(` is not closed'],
    ['const a = [1, 2};', 'a `}` closes what was not opened'],
    ['const text = "(";\n// {\n', null],
    ['const url = `http://${host}/(`;', null],
  ])('counts brackets: %s', (code, remark) => {
    expect(codeRemarks(code)).toEqual(remark === null ? [] : [expect.stringContaining(remark)]);
  });

  it('says that nothing was found, and asks for code where there is none', async () => {
    expect(await answer('code', '```\nconst a = 1;\n```')).toContain('find nothing');
    expect(await answer('code', 'Can you help me with my homework?')).toContain('Paste the code');
  });

  it.each([
    ['def f(x):\n    return x + 1', true],
    ['for (const a of b) {\n  c(a);\n}', true],
    ['x = 1', true],
    ['I think we should meet; what do you say?\nAt nine.', false],
    ['Dear all,\nthe report is due on Monday.\nYours', false],
  ])('finds code without a fence only where it is code: %j', (message, isCode) => {
    expect(codeIn(message) !== null).toBe(isCode);
  });
});

describe('the context agent without a model', () => {
  it('sums the thread up: who, how much, about what, and which questions are open', async () => {
    const text = await answer('context', 'So what about the deployment on Friday?', [
      said('The deployment of the billing service failed.'),
      said('Which region of the deployment?', 'Bob'),
    ]);
    expect(text).toContain('3 messages since 2026-01-01 10:00 UTC, by Ada and Bob');
    expect(text).toContain('It is about: deployment');
    expect(text).toContain('- Bob: Which region of the deployment?');
    expect(text).toContain('Ada, your last message is about “deployment” and “Friday”');
  });

  it('knows a first message as what it is', async () => {
    expect(await answer('context', 'Hello')).toContain('first message of the thread');
  });
});

// Remarks on a piece of code that can be made by looking at its lines: what often goes wrong, in JavaScript, TypeScript,
// Python and what looks like them. A line that is right and looks wrong is remarked on too: a person decides.

/** The code in a message: its fenced blocks, else the whole of it when it looks like code. */
export function codeIn(message: string): string | null {
  const fenced = [...message.matchAll(/```[^\n`]*\n([^]*?)(?:```|$)/g)].map(([, code = '']) => code.trimEnd());
  const blocks = fenced.filter((code) => code.trim() !== '');
  if (blocks.length > 0) return blocks.join('\n');
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  const codeLines = lines.filter((line) => LOOKS_LIKE_CODE.test(line));
  return codeLines.length > 0 && codeLines.length * 2 >= lines.length ? message.trimEnd() : null;
}

const LOOKS_LIKE_CODE =
  /[;{}]\s*$|^\s*(?:import|from|def|class|function|const|let|var|if|for|while|return|public|private)\b.*[(:{=;]|=>|\w\(.*\)\s*$|^\s*(?:\/\/|#\s)|^\s*[\w.]+\s*[-+*/]?=\s*\S/;

interface Check {
  readonly pattern: RegExp;
  readonly remark: string;
}

const CHECKS: readonly Check[] = [
  { pattern: /\bvar\s+\w/, remark: '`var` is visible in the whole function; use `const` or `let`' },
  {
    pattern: /[^=!<>]==[^=]|!=[^=]/,
    remark: 'compares after converting types in JavaScript; there `===` and `!==` say what is meant',
  },
  { pattern: /\bif\s*\(\s*[\w.]+\s*=\s*[^=]/, remark: 'an assignment in a condition: was a comparison meant?' },
  { pattern: /\bconsole\.(?:log|debug)\(|^\s*print\(|\bdebugger\b/, remark: 'output for debugging is left' },
  {
    pattern: /\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}|\bexcept\b[^:]*:\s*pass\b/,
    remark: 'the error is swallowed: nobody will know what went wrong',
  },
  { pattern: /^\s*except\s*:/, remark: 'catches everything, keyboard interrupts too; name the exceptions' },
  {
    pattern: /\beval\(|\bexec\(|new Function\(/,
    remark: 'runs text as code; whoever writes the text decides what runs',
  },
  {
    pattern: /["'`]\s*(?:select|insert|update|delete)\b[^"'`]*(?:["'`]\s*(?:\+|%|\.format)|\$\{)/i,
    remark: 'SQL put together from text: use parameters, or a value can change the statement',
  },
  {
    pattern: /\bf["'][^"']*\b(?:select|insert|update|delete)\b[^"']*\{/i,
    remark: 'SQL put together from text: use parameters, or a value can change the statement',
  },
  {
    pattern: /(?:password|passwd|secret|api_?key|token)["']?\s*[:=]\s*["'][^"'\s]{6,}["']/i,
    remark: 'a secret in the code; it belongs into the environment',
  },
  {
    pattern: /\.innerHTML\s*=|dangerouslySetInnerHTML/,
    remark: 'text becomes HTML: what a user wrote may run as a script',
  },
  {
    pattern: /\.forEach\(\s*async\b/,
    remark: '`forEach` does not wait for async functions, and their errors are lost; use `for … of` or `Promise.all`',
  },
  {
    pattern: /def\s+\w+\([^)]*=\s*(?:\[\]|\{\})/,
    remark: 'a default that is a list or dict is shared by all calls; use `None`',
  },
  { pattern: /:\s*any\b|\bas any\b/, remark: '`any` turns the type check off' },
  { pattern: /\b(?:TODO|FIXME|XXX)\b/, remark: 'something is left to do' },
  { pattern: /\bsetTimeout\(\s*["'`]/, remark: 'text given to a timer runs as code' },
  {
    pattern: /\bparseInt\([^,()]+\)/,
    remark: '`parseInt` without the base; `Number(…)` or a second argument says what is meant',
  },
];

const LONG_LINE = 120;
const DEEP = 5;
const MOST = 12;

/** @returns remarks in the order of the lines, each with its line; empty when there is nothing to say */
export function codeRemarks(code: string): string[] {
  const lines = code.split('\n');
  const remarks = lines.flatMap((line, index) => remarksOn(line).map((remark) => `line ${index + 1}: ${remark}`));
  const unbalanced = unbalancedBracket(code);
  if (unbalanced !== null) remarks.push(unbalanced);
  const more = remarks.length - MOST;
  return more > 0 ? [...remarks.slice(0, MOST), `and ${more} more of this kind`] : remarks;
}

function remarksOn(line: string): string[] {
  const found = CHECKS.filter(({ pattern }) => pattern.test(line)).map(({ remark }) => remark);
  if (line.length > LONG_LINE) found.push(`${line.length} characters; nobody reads to the end`);
  if (levelOf(line) >= DEEP)
    found.push(`${levelOf(line)} levels deep; a function with a name, or an early return, would help`);
  return [...new Set(found)];
}

function levelOf(line: string): number {
  if (line.trim() === '') return 0;
  const indent = /^[\t ]*/.exec(line)?.[0] ?? '';
  const tabs = indent.split('\t').length - 1;
  return tabs > 0 ? tabs : Math.floor(indent.length / 4);
}

const PAIRS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Brackets in quotes and comments count for nothing. */
function unbalancedBracket(code: string): string | null {
  const bare = code.replaceAll(
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[^]*?\*\/|(?<=^|\s)#.*/g,
    '',
  );
  const open: string[] = [];
  for (const character of bare.match(/[()[\]{}]/g) ?? []) {
    const opening = PAIRS[character];
    if (opening === undefined) open.push(character);
    else if (open.pop() !== opening) return `a \`${character}\` closes what was not opened`;
  }
  const left = open.at(-1);
  return left === undefined ? null : `a \`${left}\` is not closed; is this all of the code?`;
}

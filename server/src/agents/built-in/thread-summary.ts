// What a conversation has been about, from counting: who has spoken, which words come back, which questions are open.
import type { Said } from '../agent.js';
import { keyWords } from './key-words.js';

const SUBJECTS = 6;
const OPEN_QUESTIONS = 3;
const QUOTE_CHARACTERS = 160;

/** @returns paragraphs, in Markdown */
export function threadSummary(history: readonly Said[], message: Said): string[] {
  const thread = [...history, message];
  const people = thread.filter(({ role }) => role === 'user');
  return [countOf(thread, people), subjectsOf(people), openQuestionsOf(history), yourMessage(message)].filter(
    (paragraph) => paragraph !== '',
  );
}

function countOf(thread: readonly Said[], people: readonly Said[]): string {
  if (thread.length === 1) return 'This is the first message of the thread that I am shown.';
  const names = [...new Set(people.map(({ sender_name }) => sender_name))];
  const since = thread[0]?.created_at.slice(0, 16).replace('T', ' ') ?? '';
  return `The thread so far: ${thread.length} messages since ${since} UTC, by ${listed(names)}${
    people.length < thread.length ? ' and agents' : ''
  }.`;
}

function subjectsOf(people: readonly Said[]): string {
  const subjects = keyWords(people.map(({ content }) => content).join('\n')).slice(0, SUBJECTS);
  return subjects.length === 0 ? '' : `It is about: ${subjects.join(', ')}.`;
}

/** Questions after which no agent has said anything. */
function openQuestionsOf(history: readonly Said[]): string {
  const lastAnswer = history.findLastIndex(({ role }) => role === 'agent');
  const open = history.slice(lastAnswer + 1).filter(({ role, content }) => role === 'user' && /\?\s*$/.test(content));
  if (open.length === 0) return '';
  const lines = open.slice(-OPEN_QUESTIONS).map(({ sender_name, content }) => `- ${sender_name}: ${quoted(content)}`);
  return ['Still unanswered:', ...lines].join('\n');
}

function yourMessage({ content, sender_name }: Said): string {
  const [first, second] = keyWords(content);
  if (first === undefined) return `${sender_name}, you said: ${quoted(content)}`;
  const about = second === undefined ? `“${first}”` : `“${first}” and “${second}”`;
  return `${sender_name}, your last message is about ${about}: ${quoted(content)}`;
}

function quoted(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const [start = ''] = new RegExp(`^.{0,${QUOTE_CHARACTERS - 1}}`, 'u').exec(line) ?? [];
  return line.length <= QUOTE_CHARACTERS ? line : `${start}…`;
}

function listed(names: readonly string[]): string {
  if (names.length <= 1) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

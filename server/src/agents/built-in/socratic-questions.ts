// The questions that a teacher could ask about the words of somebody's question, without knowing the subject.
import { keyWords } from './key-words.js';

const MOST = 3;

/**
 * @param question what the learner has said last
 * @param asked what the teacher has said before; words that stand there in “ ” were asked about already
 * @returns at least one question
 */
export function socraticQuestions(question: string, asked: readonly string[]): string[] {
  const done = new Set(
    asked.flatMap((text) => [...text.matchAll(/“([^”]+)”/g)].map(([, word]) => word?.toLowerCase())),
  );
  const words = keyWords(question).filter((word) => !done.has(word.toLowerCase()));
  const [first, second] = words;
  const questions = [
    first === undefined ? 'What exactly do you want to find out? Say it in one sentence.' : meaning(first),
    ...(first !== undefined && second !== undefined ? [relation(first, second)] : []),
    openingQuestion(question),
  ];
  return questions.slice(0, MOST);
}

function meaning(word: string): string {
  return `What do you mean by “${word}” here? Say it in your own words, or give an example of it and of what is not.`;
}

function relation(one: string, other: string): string {
  return `How do “${one}” and “${other}” depend on each other: if one of them were different, what would happen to the other?`;
}

const OPENINGS: readonly (readonly [RegExp, string])[] = [
  [/\bwhy\b/i, 'You ask why: what would you expect to see if your guess about the reason were wrong?'],
  [/\bhow\b/i, 'What is the first step that you can already do, and where do you get stuck after it?'],
  [/\b(should|better|best|which)\b/i, 'By what would you tell a good answer from a bad one?'],
  [/\b(what|who|when|where)\b/i, 'What do you know about it already, and how do you know it?'],
  [/\b(is|are|does|do|can|will)\b/i, 'If the answer were no, what would have to be true instead?'],
];

function openingQuestion(question: string): string {
  const found = OPENINGS.find(([pattern]) => pattern.test(question));
  return found?.[1] ?? 'How did you come to this, and what would change your mind?';
}

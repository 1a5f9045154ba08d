// The platform's own agents where no model is set up. They say so, and do what can be done by rules: ask about the words
// of a question, remark on code, sum up a thread.
import type { AgentDefinition, Question } from '../agent.js';
import { codeIn, codeRemarks } from './code-remarks.js';
import { names, type BuiltInId } from './names.js';
import { socraticQuestions } from './socratic-questions.js';
import { threadSummary } from './thread-summary.js';

const OFFLINE = 'I am offline: no language model is set up here, so I answer by simple rules.';

export function createOfflineAgents(): AgentDefinition[] {
  return [
    offline('context', ({ history, message }) => threadSummary(history, message)),
    offline('socratic', ({ history, message }) => {
      const asked = history.filter(({ role }) => role === 'agent').map(({ content }) => content);
      const questions = socraticQuestions(message.content, asked);
      return [questions.map((question, index) => `${index + 1}. ${question}`).join('\n')];
    }),
    offline('code', ({ message }) => remarksFor(message.content)),
  ];
}

/** The paragraphs are given one by one, as a model's words come. */
function offline(id: BuiltInId, job: (question: Question) => readonly string[]): AgentDefinition {
  return {
    id,
    name: names[id],
    async *respond(question) {
      yield OFFLINE;
      for (const paragraph of job(question)) yield `\n\n${paragraph}`;
    },
  };
}

function remarksFor(message: string): string[] {
  const code = codeIn(message);
  if (code === null) return ['Paste the code that is to be reviewed, best between two lines of three backticks.'];
  const lines = code.split('\n').length;
  const remarks = codeRemarks(code);
  const read = `I have looked at ${lines === 1 ? 'one line' : `${lines} lines`} of code.`;
  if (remarks.length > 0) return [read, remarks.map((remark) => `- ${remark}`).join('\n')];
  return [`${read} Simple checks find nothing in it; what happens with empty, huge and wrong input is left to you.`];
}

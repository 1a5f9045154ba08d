// Questions that come while an earlier one is being answered are answered together by the next: under load a thousand
// of them become a few statements, and a question that comes alone waits for nothing.

/**
 * @param answer answers many questions at once, in their order; it begins after the last of them was asked
 * @param most questions of one call
 * @returns asks one question; throws what the call for it threw
 */
export function coalesce<Question, Answer>(
  answer: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  most: number,
): (question: Question) => Promise<Answer> {
  const waiting: { question: Question; resolve: (answer: Answer) => void; reject: (error: unknown) => void }[] = [];
  let running = false;

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most);
      try {
        const answers = await answer(batch.map(({ question }) => question));
        if (answers.length !== batch.length) throw new Error(`${batch.length} questions got ${answers.length} answers`);
        answers.forEach((one, index) => batch[index]?.resolve(one));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      if (!running) void run();
    });
}

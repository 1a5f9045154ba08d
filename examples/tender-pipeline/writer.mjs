// The agent that writes sections where no language model is set up: from sentences that were written before, those that
// have most to do with the requirement, in their order.
import { defineAgent } from '@roomcast/server';

const SENTENCES = 5;

export const writer = defineAgent({
  id: 'tender-writer',
  name: 'Writer',
  async *respond({ history, message }) {
    const wanted = wordsOf(message.content);
    const sentences = history.flatMap(({ content }) => content.split(/(?<=[.!?])\s+/));
    const ranked = sentences
      .map((text, place) => ({
        text: text.trim(),
        place,
        rank: [...wordsOf(text)].filter((word) => wanted.has(word)).length,
      }))
      .filter(({ rank }) => rank > 0)
      .sort((one, other) => other.rank - one.rank || one.place - other.place)
      .slice(0, SENTENCES)
      .sort((one, other) => one.place - other.place);
    if (ranked.length === 0) yield 'Nothing was written about this before: somebody has to write this section.';
    for (const { text } of ranked) yield `${text}\n`;
  },
});

function wordsOf(text) {
  return new Set(text.toLowerCase().match(/\p{L}{4,}/gu) ?? []);
}

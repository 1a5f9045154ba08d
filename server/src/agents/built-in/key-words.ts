// The words of a text that say what it is about: no model, just counting.

const IGNORED = new Set(
  `a about above after again against all also am an and any are aren't as at be because been before being below between
  both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each else ever every few
  for from further get gets give go goes got had has have haven't having he hello help her here hers hi him his how i i'm
  i've if in into is isn't it it's its just know let let's like make many may me mean might more most much must my need
  no nor not now of off on once one only or other our out over own please put really same say see shall she should so some
  something still such take tell than thank thanks that that's the their them then there these they thing things think
  this those though through to too two under until up upon us use used uses using very want wants was wasn't way we well
  were what what's when where which while who whom why will with without won't work works would wouldn't yes yet you you're
  your`.split(/\s+/),
);

/** The words of a text in the order in which they stand there, as they are written. */
function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}][\p{L}\p{N}_'’-]*/gu) ?? [];
}

/** What a text is about: its words without those that stand in every text, each once, the one said most often first. */
export function keyWords(text: string): string[] {
  const said = new Map<string, { word: string; times: number }>();
  for (const word of wordsOf(text)) {
    const key = word.toLowerCase().replaceAll('’', "'");
    if (key.length < 3 || IGNORED.has(key) || /^\d+$/.test(key)) continue;
    const known = said.get(key);
    if (known) known.times++;
    else said.set(key, { word, times: 1 });
  }
  return [...said.values()].sort((one, other) => other.times - one.times).map(({ word }) => word);
}

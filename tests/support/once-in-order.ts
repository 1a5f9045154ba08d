// Holds what a client was handed against what its rooms had: each event once, in the order of its stream.
import type { Heard } from './plain-client.js';

type Placed = Pick<Heard, 'id' | 'stream' | 'offset'>;

/** Between streams there is no order. @returns a sentence for each stream that is not as it should be */
export function faultsOf(got: readonly Placed[], wanted: readonly Placed[]): string[] {
  const [had, should] = [byStream(got), byStream(wanted)];
  return [...new Set([...had.keys(), ...should.keys()])].flatMap((stream) =>
    faultsOfStream(stream, had.get(stream) ?? [], should.get(stream) ?? []),
  );
}

function faultsOfStream(stream: string, got: readonly Placed[], wanted: readonly Placed[]): string[] {
  const first = Array.from({ length: Math.max(got.length, wanted.length) }).findIndex(
    (_, index) => got[index]?.id !== wanted[index]?.id || got[index]?.offset !== wanted[index]?.offset,
  );
  if (first === -1) return [];
  const around = (events: readonly Placed[]) =>
    events.slice(Math.max(0, first - 2), first + 5).map(({ offset }) => offset);
  const [came, due] = [around(got).join(' '), around(wanted).join(' ')];
  return [
    `${stream}: ${got.length} events came and ${wanted.length} were due; ${came} … came in the place of ${due} …`,
  ];
}

function byStream(events: readonly Placed[]): Map<string, Placed[]> {
  const streams = new Map<string, Placed[]>();
  for (const event of events) {
    const stream = event.stream ?? '';
    const of = streams.get(stream);
    if (of) of.push(event);
    else streams.set(stream, [event]);
  }
  return streams;
}

/** Events of several rooms: each once, in the order of its stream. */
export function union(lists: readonly (readonly Heard[])[]): Heard[] {
  const all = new Map(lists.flat().map((event) => [event.id, event]));
  return [...all.values()].sort((one, other) => (one.offset ?? 0) - (other.offset ?? 0));
}

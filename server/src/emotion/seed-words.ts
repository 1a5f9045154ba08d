// Words and phrases by which people, learners above all, say what they feel. Few, and only such as seldom mean something
// else. `*` stands for any ending.
import type { EmotionName } from './emotions.js';

export const seedWords: Readonly<Partial<Record<EmotionName, string>>> = {
  happy:
    'happy, glad, delight*, joy*, yay, love it, love this, great day, wonderful, so good, enjoy*, :), 😀, 😊, 😄, 🙂',
  excited:
    "excited, exciting, thrilled, can't wait, cannot wait, amazing, awesome, wow, woohoo, stoked, eager*, 🤩, 🎉, 🚀",
  proud: 'proud, nailed it, i did it, made it work, finally got it, finally works, aced, 😎',
  thankful: 'thanks, thank you, thankful, grateful, appreciate*, cheers, much obliged, 🙏',
  hopeful: 'hope*, looking forward, optimistic, fingers crossed, confident that, 🤞',
  relaxed: 'relaxed, relieved, relief, calm, at ease, no stress, phew, 😌',
  interested:
    'interesting, interested, fascinat*, intrigu*, tell me more, would like to learn, want to learn, cool idea',
  curious: 'curious, wonder*, what if, how come, i would like to know, would love to know, 🤔',
  surprised: 'surpris*, unexpected*, no way, did not expect, didn’t expect, oh really, omg, whoa, 😮, 😲',
  anxious:
    'anxious, nervous, worried, worry*, stress*, under pressure, panick*, uneasy, deadline is, running out of time, 😰, 😟',
  confused:
    "confus*, don't understand, do not understand, don't get, do not get, makes no sense, doesn't make sense, unclear, lost me, i'm lost, i am lost, puzzled, no idea, not sure what, what does that even mean, 😕, 😵",
  frustrated:
    "frustrat*, stuck, ugh, argh, still not working, still doesn't work, still does not work, keeps failing, again and again, nothing works, tried everything, fed up, annoy*, 😤, 😩",
  angry: 'angry, furious, mad at, outrag*, ridiculous, unacceptable, how dare, pissed, sick of, 😠, 😡, 🤬',
  disgusted: 'disgust*, gross, revolting, yuck, ew, 🤢, 🤮',
  fearful: 'afraid, scared, scary, terrified, frighten*, fear*, 😱, 😨',
  sad: 'sad, unhappy, heartbroken, crying, cried, miserable, depress*, grief, lonely, :(, 😢, 😭, ☹️',
  discouraged:
    "give up, giving up, gave up, hopeless, pointless, i can't do this, i cannot do this, never get it, never understand, i'm too stupid, i am too stupid, i'm bad at, i am bad at, discourag*, disappoint*, 😞",
  bored: 'bored, boring, dull, tedious, yawn, 🥱',
  fatigued: 'tired, exhausted, worn out, sleepy, burned out, burnt out, need a break, 😴',
};
